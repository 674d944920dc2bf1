"""The links of messages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from maskwatch.alerts.links import LinkAction, LinkClaim, sign_link
from maskwatch.errors import StoreError
from maskwatch.types import Fault, State
from tests.web.made_up import episode
from tests.web.world import NOW, World


def link(
    world: World,
    action: LinkAction,
    episode_id: str,
    days: float = 1,
    recipient: str = "ada@hospital.test",
) -> str:
    claim = LinkClaim(action, episode_id, recipient, NOW + timedelta(days=days))
    return f"/a/{sign_link(claim, world.web.link_secret)}"


def test_looking_at_a_link_changes_nothing_and_its_button_does(
    browser: TestClient, world: World
) -> None:
    made = episode(world)
    address = link(world, LinkAction.ACKNOWLEDGE, made.id)
    assert browser.get(address).status_code == 200
    assert world.store.episodes.get(made.id).acknowledged_by is None
    assert browser.post(address).status_code == 200
    assert world.store.episodes.get(made.id).acknowledged_by == "link:ada@hospital.test"


def test_a_link_says_that_somebody_takes_care_already_and_who_it_was_only_to_themselves(
    browser: TestClient, world: World
) -> None:
    made = episode(world)
    adas, bens = (
        link(world, LinkAction.ACKNOWLEDGE, made.id, recipient=f"{name}@hospital.test")
        for name in ("ada", "ben")
    )
    assert "<button>" in browser.get(bens).text
    assert "It is noted." in browser.post(adas).text
    for answer in (browser.get(bens), browser.post(bens)):  # he had opened it before she confirmed
        assert "Somebody takes care of it already, since 2026-03-12 14:30." in answer.text
        assert "<button>" not in answer.text
        assert "ada" not in answer.text
    for answer in (browser.get(adas), browser.post(adas)):
        assert "You have confirmed it: 2026-03-12 14:30." in answer.text
    assert world.store.episodes.get(made.id).acknowledged_by == "link:ada@hospital.test"


def test_a_link_says_what_was_answered_already(browser: TestClient, world: World) -> None:
    made = episode(world)
    address = link(world, LinkAction.WRONG, made.id)
    assert "answered already" not in browser.get(address).text
    browser.post(address, data={"choice": "1"})
    assert "It was answered already: Mask (2026-03-12 14:30)." in browser.get(address).text


def test_the_date_stays_as_it_is_beside_a_name_that_is_written_from_right_to_left(
    browser: TestClient, world: World
) -> None:
    made = episode(world, camera="مدخل 5")
    for action in (LinkAction.ACKNOWLEDGE, LinkAction.WRONG):
        page = browser.get(link(world, action, made.id)).text
        assert "<bdi>مدخل 5</bdi>, 2026-03-12 14:30" in page


def test_a_link_asks_what_it_really_was(browser: TestClient, world: World) -> None:
    made = episode(world)
    address = link(world, LinkAction.WRONG, made.id)
    for nonsense in ("", "9"):
        assert browser.post(address, data={"choice": nonsense}).status_code == 422
    assert world.store.episodes.get(made.id).corrected_by is None
    assert browser.post(address, data={"choice": "4"}).status_code == 200
    corrected = world.store.episodes.get(made.id)
    assert (corrected.corrected_state, corrected.corrected_fault) == (
        State.INCORRECT,
        Fault.CHIN_OUT,
    )


def test_a_link_that_is_too_old_or_changed_or_of_a_deleted_episode_says_so(
    browser: TestClient, world: World
) -> None:
    made = episode(world)
    body, signature = link(world, LinkAction.ACKNOWLEDGE, made.id).split(".")
    changed = f"{body}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
    for address, status in (
        (link(world, LinkAction.ACKNOWLEDGE, made.id, days=-1), 403),
        (changed, 403),
        ("/a/nonsense", 403),
        (link(world, LinkAction.ACKNOWLEDGE, "0" * 32), 404),
    ):
        for answer in (browser.get(address), browser.post(address)):
            assert answer.status_code == status
            assert "alert" in answer.text
    assert world.store.episodes.get(made.id).acknowledged_by is None


def test_a_link_to_look_leads_to_the_episode_for_those_who_are_logged_in(
    browser: TestClient, world: World
) -> None:
    made = episode(world)
    answer = browser.get(link(world, LinkAction.VIEW, made.id))
    assert answer.headers["location"] == f"/events?episode={made.id}"


def test_a_link_says_in_words_that_the_database_is_away_and_that_nothing_was_changed(
    browser: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = episode(world)
    address = link(world, LinkAction.ACKNOWLEDGE, made.id)

    def away(*_: object) -> None:
        raise StoreError("no answer")

    with monkeypatch.context() as patched:
        patched.setattr(world.store.episodes, "get", away)
        for answer in (browser.get(address), browser.post(address)):
            assert answer.status_code == 503
            assert answer.headers["content-type"].startswith("text/html")
            assert "The database does not answer just now. Nothing was changed." in answer.text
            # What was only looked at comes by itself; nothing is sent twice.
            assert ("refresh" in answer.headers) == (answer.request.method == "GET")
    assert world.store.episodes.get(made.id).acknowledged_by is None
