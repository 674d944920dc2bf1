"""The pages without scripts: the login, links of messages, addresses without a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from maskwatch.alerts.links import LinkAction, LinkClaim, sign_link
from maskwatch.config.web import WebConfig
from maskwatch.errors import NotLoggedIn, StoreError, StoreFull
from maskwatch.types import Fault, State
from maskwatch.web import plain
from maskwatch.web.app import create_app, setup_url
from maskwatch.web.identity import of_session
from tests.web.world import NOW, PASSWORD, World, episode, make_world

pytest.importorskip("nicegui")


@pytest.fixture
def browser(world: World) -> Iterator[TestClient]:
    """Somebody's browser, as far as these pages need one."""
    app = create_app(world.web, dashboard=False)
    app.include_router(plain.router)
    with TestClient(app, follow_redirects=False) as client:
        yield client


def test_the_first_administrator_is_not_called_as_the_service_itself(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    app = create_app(world.web, dashboard=False)
    app.include_router(plain.router)
    url = setup_url(app, "http://testserver")
    form = {"name": "System", "password": PASSWORD, "repeated": PASSWORD}
    page = TestClient(app).post(url or "", data=form)
    assert page.status_code == 422
    assert "the audit log means something else by &#x27;System&#x27;" in page.text
    assert world.store.users.count() == 0
    world.store.close()


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("/events?episode=7", "/events?episode=7"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("/\t/evil.example/", "/"),
        ("/" + 600 * "x", "/"),
    ],
)
def test_the_login_leads_to_a_page_of_this_server(
    browser: TestClient, target: str, place: str
) -> None:
    form = browser.get("/login", params={"next": target})
    assert form.status_code == 200
    [hidden] = re.findall('name="target" value="([^"]*)"', form.text)
    assert hidden == place
    body = {"name": "anna", "password": PASSWORD, "target": target}
    answer = browser.post("/login", data=body)
    assert (answer.status_code, answer.headers["location"]) == (303, place)


def test_the_form_of_another_site_logs_nobody_in(browser: TestClient) -> None:
    body = {"name": "anna", "password": PASSWORD}
    answer = browser.post("/login", data=body, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert not browser.cookies


def test_the_form_speaks_the_language_of_the_browser_and_repeats_no_password(
    browser: TestClient,
) -> None:
    body = {"name": '"><b>anna', "password": "quiet quiet"}
    answer = browser.post("/login", data=body, headers={"Accept-Language": "de-AT"})
    assert answer.status_code == 401
    assert "Name oder Passwort ist falsch." in answer.text
    assert "quiet" not in answer.text
    assert "<b>" not in answer.text


def test_where_browsers_keep_no_login_one_is_told_where_they_do(tmp_path: Path) -> None:
    """Over plain HTTP they take no cookie for HTTPS: one came back to the form without a word."""
    world = make_world(tmp_path, config=WebConfig(base_url="https://masks.example"))
    app = create_app(world.web, dashboard=False)
    app.include_router(plain.router)
    fetched = {"Sec-Fetch-Mode": "navigate"}  # over HTTPS, and from the very machine
    for base_url, headers, is_told in (
        ("http://192.0.2.7:8080", {}, True),
        ("http://127.0.0.1:8080", fetched, False),
        ("http://masks.example", {}, False),  # as a proxy may pass it on
        ("https://masks.example", fetched, False),
    ):
        with TestClient(app, base_url=base_url) as client:
            form = client.get("/login", headers=headers).text
            assert ("Log in at https://masks.example:" in form) is is_told
    world.store.close()


def test_whoever_is_logged_in_is_not_asked_for_the_password_again(
    browser: TestClient, world: World
) -> None:
    """Such as the second tab of somebody who has just logged in in the first."""
    browser.post("/login", data={"name": "anna", "password": PASSWORD})
    answer = browser.get("/login", params={"next": "/events"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/events")
    csrf = browser.get("/api/v1/me").json()["csrf"]
    browser.delete("/api/v1/session", headers={"X-CSRF-Token": csrf})
    browser.cookies.set(world.web.cookie.name, "of a session that has ended")
    assert browser.get("/login").status_code == 200


def test_who_logs_in_in_the_browser_of_somebody_else_ends_their_session(
    browser: TestClient, world: World
) -> None:
    """A page of theirs that is still open would go on in their name."""
    browser.post("/login", data={"name": "anna", "password": PASSWORD})
    annas = browser.cookies[world.web.cookie.name]
    browser.post("/login", data={"name": "ravi", "password": "wrong wrong wrong"})
    assert of_session(world.web, annas).actor == "anna"
    browser.post("/login", data={"name": "ravi", "password": PASSWORD})
    assert browser.get("/api/v1/me").json()["name"] == "ravi"
    with pytest.raises(NotLoggedIn):
        of_session(world.web, annas)
    ravis = browser.cookies[world.web.cookie.name]
    browser.post("/api/v1/session", json={"name": "vera", "password": PASSWORD})
    with pytest.raises(NotLoggedIn):
        of_session(world.web, ravis)


def test_only_ones_own_page_logs_one_out(browser: TestClient) -> None:
    browser.post("/login", data={"name": "anna", "password": PASSWORD})
    assert browser.post("/login/out", data={"csrf": "0" * 64}).status_code == 403
    me = browser.get("/api/v1/me")
    assert me.status_code == 200
    assert browser.post("/login/out", data={"csrf": me.json()["csrf"]}).status_code == 303
    assert browser.get("/api/v1/me").status_code == 401


# --- links of messages


def link(
    world: World,
    action: LinkAction,
    episode_id: str,
    days: float = 1,
    recipient: str = "ada@hospital.test",
) -> str:
    claim = LinkClaim(action, episode_id, recipient, NOW + timedelta(days=days))
    return f"/a/{sign_link(claim, world.web.link_secrets[0])}"


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


def test_whoever_cannot_log_in_because_the_disk_is_full_is_told_so(
    browser: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreFull("no room left on the disk")

    monkeypatch.setattr(world.store.sessions, "add", full)
    body = {"name": "anna", "password": PASSWORD}
    answer = browser.post("/login", data=body, headers={"Accept-Language": "de"})
    assert answer.status_code == 507
    assert "auf dem Datenträger ist kein Platz mehr" in answer.text
    assert not browser.cookies


# --- files, and addresses without a page


def test_a_file_that_has_changed_has_another_address(
    browser: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Browsers keep it for an hour, and pages of a new version need its own."""
    address = plain.static_address("dashboard.js")
    assert browser.get(address).status_code == 200
    changed = tmp_path / "dashboard.js"
    changed.write_text("other")
    plain.static_address.cache_clear()
    monkeypatch.setitem(plain._FILES, "dashboard.js", changed)
    assert plain.static_address("dashboard.js") != address
    plain.static_address.cache_clear()


def test_an_address_without_a_page_says_so_in_ones_language(site: str) -> None:
    with httpx.Client(base_url=site, timeout=60) as client:
        for address in ("/login/none", "/a/b/c", "/_nicegui/none"):  # strangers get that far
            answer = client.get(address)
            assert answer.status_code == 404
            assert "There is no page at this address." in answer.text
            assert "script" not in answer.text
        client.post("/login", data={"name": "otto", "password": PASSWORD})
        answer = client.get("/none")
        assert answer.status_code == 404
        assert "Unter dieser Adresse gibt es keine Seite." in answer.text
