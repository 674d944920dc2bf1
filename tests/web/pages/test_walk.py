"""An acceptance walk."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

pytest.importorskip("nicegui")
pytest.importorskip("playwright.sync_api")

from playwright.sync_api import Page, expect

from tests.web.chromium import give_role


def test_an_acceptance_walk_ends_in_a_report(visit: Callable[..., Page]) -> None:
    page = visit("anna", "/cameras/entrance/walk")
    page.get_by_role("button", name="Begin", exact=True).click()
    for somebody_walks in (True, True, False):
        page.get_by_role("button", name="Start this part").click()
        expect(page.get_by_text(re.compile(r"Running: \d+ s, looks: [1-9]"))).to_be_visible()
        if somebody_walks:
            page.get_by_role("button", name="Passing 5 m").click()
        page.get_by_role("button", name="End this part").click()
    expect(page.get_by_text("Walks without a mask that were missed").first).to_be_visible()
    expect(page.get_by_text("1 / 1").first).to_be_visible()
    [walk] = page.request.get("/api/v1/walks?camera=entrance").json()["items"]
    assert walk["report"]["missed"] == walk["report"]["bare_walks"] == 1
    # It is still there when the page is opened again.
    page.reload()
    page.get_by_role("button", name=re.compile("anna: usable")).click()
    link = page.get_by_role("link", name="PDF").get_attribute("href")
    assert page.request.get(str(link)).body().startswith(b"%PDF")
    csrf = page.request.get("/api/v1/me").json()["csrf"]
    page.request.delete(f"/api/v1/walks/{walk['id']}", headers={"X-CSRF-Token": csrf})


def test_two_clicks_start_one_part_of_a_walk(visit: Callable[..., Page]) -> None:
    page = visit("anna", "/cameras/entrance/walk")
    page.get_by_role("button", name="Begin", exact=True).click()
    page.get_by_role("button", name="Start this part").dblclick()
    expect(page.get_by_text(re.compile(r"Running: \d+ s"))).to_be_visible()
    walk = page.request.get("/api/v1/cameras/entrance/walk").json()["walk"]
    assert [each["phase"] for each in walk["parts"]] == ["masked"]
    mark = page.get_by_role("button", name="Passing 5 m")
    mark.click()
    expect(mark).to_be_disabled()
    page.get_by_role("button", name="Start this part").click()  # it goes on, as it is
    expect(mark).to_be_disabled()
    csrf = page.request.get("/api/v1/me").json()["csrf"]
    broken_off = page.request.delete(
        "/api/v1/cameras/entrance/walk", headers={"X-CSRF-Token": csrf}
    )
    assert broken_off.ok


def test_a_walk_goes_on_where_it_was_when_its_page_is_opened_again(
    visit: Callable[..., Page],
) -> None:
    """Phones close the line of a page once their screen is dark."""
    page = visit("anna", "/cameras/entrance/walk")
    page.get_by_label("Marks in metres").fill("6, 2.5")
    page.get_by_role("button", name="Begin", exact=True).click()

    def come_again() -> None:
        page.reload()
        page.get_by_role("button", name="Go on with this walk").click()

    come_again()
    page.get_by_role("button", name="Start this part").click()
    expect(page.get_by_text(re.compile(r"Running: \d+ s"))).to_be_visible()
    come_again()
    expect(page.get_by_text(re.compile(r"Running: \d+ s"))).to_be_visible()
    page.get_by_role("button", name="Passing 5 m").click()
    expect(page.get_by_role("button", name="Passing 5 m")).to_be_disabled()
    come_again()
    expect(page.get_by_role("button", name="Passing 5 m")).to_be_disabled()
    page.get_by_role("button", name="Passing 2 m").click()
    page.get_by_role("button", name="End this part").click()
    expect(page.get_by_role("button", name="Start this part")).to_be_visible()
    come_again()
    page.get_by_role("button", name="Start this part").click()
    # The marks are those of the part before.
    expect(page.get_by_role("button", name=re.compile("^Passing"))).to_have_text(
        ["Passing 5 m", "Passing 2 m"]
    )
    walk = page.request.get("/api/v1/cameras/entrance/walk").json()["walk"]
    assert [(each["phase"], each["marks_m"]) for each in walk["parts"]] == [
        ("masked", [5, 2]),
        ("bare", []),
    ]
    headers = {"X-CSRF-Token": page.request.get("/api/v1/me").json()["csrf"]}
    assert page.request.delete("/api/v1/cameras/entrance/walk", headers=headers).ok


def test_a_walk_of_somebody_else_is_named_and_can_be_broken_off(
    visit: Callable[..., Page],
) -> None:
    anna = visit("anna", "/cameras/ward 3/walk")
    anna.get_by_role("button", name="Begin", exact=True).click()
    expect(anna.get_by_role("button", name="Start this part").first).to_be_visible()
    otto = visit("otto", "/cameras/ward 3/walk")
    expect(otto.get_by_text("anna geht hier seit")).to_be_visible()
    otto.get_by_role("button", name="Diesen Gang abbrechen").click()
    expect(otto.get_by_text("anna geht hier seit")).to_have_count(0)
    otto.get_by_role("button", name="Beginnen", exact=True).click()
    expect(otto.get_by_role("button", name="Diesen Teil starten").first).to_be_visible()


def test_what_was_refused_is_still_there_to_be_asked_for_again(
    visit: Callable[..., Page],
) -> None:
    anna, otto = visit("anna"), visit("otto", "/cameras/ward 3/walk")
    refusal = otto.get_by_text("Das hat nicht geklappt")
    running = otto.get_by_text(re.compile(r"Läuft: \d+ s"))

    def press_twice(name: str) -> None:
        expect(refusal).to_have_count(0)
        give_role(anna, "otto", "viewer")
        otto.get_by_role("button", name=name).click()
        expect(refusal).to_be_visible()
        give_role(anna, "otto", "admin")
        otto.get_by_role("button", name=name).click()

    otto.get_by_role("button", name="Beginnen", exact=True).click()
    for _ in range(3):
        otto.get_by_role("button", name="Diesen Teil starten").click()
        expect(running).to_be_visible()
        press_twice("Diesen Teil beenden")
        expect(running).to_have_count(0)
    expect(otto.get_by_text("Nutzbarer Abstand").first).to_be_visible()
    otto.get_by_role("button", name="Noch ein Gang").click()
    otto.get_by_role("button", name="Beginnen", exact=True).click()
    otto.get_by_role("button", name="Diesen Teil starten").click()
    expect(running).to_be_visible()
    otto.reload()
    press_twice("Diesen Gang abbrechen")
    expect(otto.get_by_text("otto geht hier seit")).to_have_count(0)
