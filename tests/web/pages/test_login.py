"""Logging in, and what becomes of pages when a session ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.web.world import PASSWORD

pytest.importorskip("nicegui")
pytest.importorskip("playwright.sync_api")

from playwright.sync_api import Browser, Page, expect

from tests.web.chromium import log_in, page_of
from tests.web.running import dashboard


def test_the_first_start_leads_from_the_printed_link_to_the_dashboard(
    chromium: Browser, tmp_path: Path
) -> None:
    with dashboard(tmp_path, "fresh") as (url, link):
        page = page_of(chromium, url, None)
        assert link.startswith(f"{url}/setup/")
        page.goto(link)
        page.fill("#name", "anna")
        page.fill("#password", PASSWORD)
        page.fill("#repeated", PASSWORD)
        page.click("button")
        expect(page.get_by_role("heading", name="Live")).to_be_visible()
        page.goto(link)
        expect(page.get_by_role("alert")).to_contain_text("no longer works")
        page.close()


def test_strangers_are_sent_to_the_login_and_back_to_where_they_wanted(
    visit: Callable[..., Page], site: str
) -> None:
    page = visit(None, "/events")
    assert page.url == f"{site}/login?next=/events"
    log_in(page, "vera")
    expect(page).to_have_url(f"{site}/events")


def test_a_link_to_an_episode_leads_there_after_the_login(visit: Callable[..., Page]) -> None:
    anna = visit("anna")
    episode = anna.request.get("/api/v1/episodes?limit=1").json()["items"][0]["id"]
    vera = visit(None, f"/events?episode={episode}")
    log_in(vera, "vera")
    expect(vera).to_have_url(re.compile(f"/events[?]episode={episode}$"))
    expect(vera.get_by_role("dialog")).to_contain_text("entrance")


def test_a_wrong_password_is_told_as_such(visit: Callable[..., Page]) -> None:
    page = visit(None, "/login")
    page.fill("#name", "anna")
    page.fill("#password", "wrong wrong wrong")
    page.click("button")
    expect(page.get_by_role("alert")).to_have_text("Wrong name or password.")


def test_a_session_that_ends_takes_the_page_with_it(visit: Callable[..., Page], site: str) -> None:
    page = visit("vera", "/overview")
    csrf = page.request.get("/api/v1/me").json()["csrf"]
    page.request.delete("/api/v1/session", headers={"X-CSRF-Token": csrf})
    page.get_by_label("Grouped by").click()
    page.get_by_role("option", name="By camera").click()
    page.wait_for_url(re.compile("/login"))


@pytest.mark.parametrize("path", ["/cameras/ward%203/walk", "/events?episode=gone"])
def test_after_a_session_that_ended_one_is_where_one_was(
    visit: Callable[..., Page], path: str
) -> None:
    page = visit("anna", path)
    headers = {"X-CSRF-Token": page.request.get("/api/v1/me").json()["csrf"]}
    page.request.delete("/api/v1/session", headers=headers)
    if "events" in path:  # there is no live picture that notices by itself
        page.get_by_text("Not acknowledged").click()
    page.wait_for_url(re.compile("/login"))
    log_in(page, "anna")
    page.wait_for_url(re.compile(re.escape(path)))


def test_another_site_cannot_open_the_pages_socket(visit: Callable[..., Page], site: str) -> None:
    page = visit("vera")
    answer = page.request.get(
        "/_nicegui_ws/socket.io/?EIO=4&transport=polling",
        headers={"Origin": "https://evil.example"},
    )
    assert answer.status == 403
