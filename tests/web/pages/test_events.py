"""Episodes: one by itself, and many."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("nicegui")
pytest.importorskip("playwright.sync_api")

from playwright.sync_api import Browser, Page, expect

from tests.web.chromium import give_role, page_of, until
from tests.web.dashboard_server import SLOW_ACT, Held
from tests.web.running import dashboard


def test_an_episode_shows_its_id_and_administrators_hand_it_out(
    visit: Callable[..., Page],
) -> None:
    page = visit("anna", "/events")
    page.get_by_role("button", name=re.compile("^Open: ")).nth(1).click()
    link = page.get_by_role("link", name="Hand out to the person concerned")
    address = str(link.get_attribute("href"))
    expect(page.get_by_role("dialog")).to_contain_text(f"ID {address.split('/')[4]}")
    assert page.request.get(address).body().startswith(b"PK")
    viewer = visit("vera", "/events")
    viewer.get_by_role("button", name=re.compile("^Open: ")).nth(1).click()
    expect(viewer.get_by_role("dialog")).to_contain_text("ID ")
    expect(viewer.get_by_role("link", name="Hand out to the person concerned")).to_have_count(0)


def test_what_is_in_an_address_is_no_part_of_the_page(visit: Callable[..., Page]) -> None:
    page = visit("vera", "/cameras/%3Ci%20id=smuggled%3Ex")
    expect(page.get_by_role("heading", level=1)).to_contain_text("<i id=smuggled>x")
    expect(page.locator("#smuggled")).to_have_count(0)


def test_a_link_to_an_episode_that_is_gone_says_so_in_the_readers_language(
    visit: Callable[..., Page],
) -> None:
    page = visit("otto", "/events?episode=01a204dba455c502258e485742e1943a")
    expect(page.get_by_text("Das hat nicht geklappt: das gibt es nicht (mehr)")).to_be_visible()


def test_an_episode_that_could_not_be_deleted_stays_open(visit: Callable[..., Page]) -> None:
    anna, otto = visit("anna"), visit("otto", "/events")
    otto.get_by_role("button", name=re.compile("^Öffnen: ")).first.click()
    otto.get_by_role("button", name="Endgültig löschen").click()
    give_role(anna, "otto", "viewer")
    otto.get_by_role("button", name="Löschen", exact=True).click()
    expect(otto.get_by_text("Das hat nicht geklappt")).to_be_visible()
    give_role(anna, "otto", "admin")
    otto.wait_for_timeout(1000)  # in which it would close
    expect(otto.get_by_role("dialog")).to_contain_text("ID ")


def test_100_000_episodes_are_paged_and_searched(chromium: Browser, tmp_path: Path) -> None:
    with dashboard(tmp_path, "many", "1") as (url, _):
        page = page_of(chromium, url, "vera")
        page.goto("/events")
        expect(page.get_by_role("status").first).to_have_text("Episodes: 100 000")
        starts = page.locator("tbody tr td:first-child")
        seen: list[str] = []
        for _ in range(3):
            expect(starts).to_have_count(25)
            shown = starts.all_inner_texts()
            assert not seen or shown[0] <= seen[-1]
            seen += shown
            page.get_by_role("button", name="Older").click()
            expect(starts.first).not_to_have_text(shown[0])
        assert seen == sorted(seen, reverse=True)
        page.get_by_label("Search").fill("camera 17")
        expect(page.locator("tbody tr td:nth-child(2)").first).to_have_text("camera 17")
        page.close()


def test_a_slow_answer_leaves_the_episode_alone_that_was_opened_meanwhile(
    chromium: Browser, tmp_path: Path
) -> None:
    with dashboard(tmp_path, "slow", "1") as (url, _):
        page = page_of(chromium, url, "ravi")
        page.goto("/events")
        rows, dialog = page.locator("tbody tr"), page.get_by_role("dialog")
        rows.nth(0).get_by_role("button").click()
        dialog.get_by_role("button", name="Acknowledge").click()
        held = Held(tmp_path, SLOW_ACT)
        until(page, lambda: held.is_asked)
        dialog.get_by_role("button", name="Close").click()
        expect(dialog).to_have_count(0)
        rows.nth(1).get_by_role("button").click()
        opened = dialog.get_by_role("heading", level=2).first.inner_text()
        held.let_go()
        expect(rows.nth(0)).to_contain_text("ravi")
        page.wait_for_timeout(1000)  # in which the first one would be shown again
        expect(dialog.get_by_role("heading", level=2).first).to_have_text(opened)
        expect(dialog).not_to_contain_text("Acknowledged by ravi")
        page.close()


def test_what_is_looked_for_is_still_there_after_a_reload_and_on_coming_back(
    visit: Callable[..., Page],
) -> None:
    page = visit("ravi", "/events")
    page.get_by_label("Search").fill("canteen")
    page.get_by_role("switch", name="Not acknowledged").click()
    page.wait_for_url("**/events?text=canteen&open=1")
    cameras = page.locator("tbody tr td:nth-child(2)")
    expect(cameras.first).to_have_text("canteen")
    page.goto("/overview")
    page.go_back()
    expect(page.get_by_label("Search")).to_have_value("canteen")
    expect(page.get_by_role("switch")).to_be_checked()
    expect(cameras.first).to_have_text("canteen")
    page.goto("/events?camera=entrance&camera=gone&kind=2&since=x&text=")
    expect(cameras.first).to_have_text("entrance")
    expect(page.get_by_role("combobox", name="Camera")).to_have_value(re.compile("entrance"))


@pytest.mark.parametrize("name", ["anna", "otto"])  # who reads German
def test_on_a_phone_the_button_that_opens_an_episode_is_in_sight(
    visit: Callable[..., Page], name: str
) -> None:
    page = visit(name, "/events", viewport={"width": 390, "height": 800})
    expect(page.locator("tbody tr").first).to_be_visible()
    for width in (390, 360, 320):
        page.set_viewport_size({"width": width, "height": 800})
        table = page.locator(".mw-table")
        assert table.evaluate("(it) => it.scrollWidth <= it.clientWidth"), width
