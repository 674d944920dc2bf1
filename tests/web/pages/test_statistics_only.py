"""Where nothing of any person may be kept, and where that changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("nicegui")
pytest.importorskip("playwright.sync_api")

from playwright.sync_api import Browser, expect

from tests.web.chromium import PATIENCE_MS, log_in, page_of
from tests.web.running import dashboard


@pytest.fixture(scope="module")
def statistics_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a dashboard where the privacy policy allows no pictures."""
    with dashboard(tmp_path_factory.mktemp("statistics"), "statistics", "1") as (url, _):
        yield url


def test_in_statistics_only_mode_no_page_shows_a_picture(
    chromium: Browser, statistics_site: str
) -> None:
    page = page_of(chromium, statistics_site, "anna")
    images: list[str] = []
    page.on(
        "response",
        lambda answer: (
            images.append(answer.url)
            if "image/jpeg" in answer.headers.get("content-type", "")
            else None
        ),
    )
    for path in ("/", "/events", "/review", "/cameras/entrance"):
        page.goto(path)
        page.wait_for_selector("main h1")
        page.wait_for_timeout(500)
    assert images == []
    page.close()


def test_in_statistics_only_mode_pages_say_why_they_show_nobody_and_offer_no_walk(
    chromium: Browser, statistics_site: str
) -> None:
    page = page_of(chromium, statistics_site, "anna")
    page.goto("/cameras/entrance")
    expect(page.get_by_text("In statistics-only mode nothing is shown of anybody.")).to_be_visible()
    page.goto("/cameras/entrance/walk")
    expect(page.get_by_text("no acceptance walks in statistics-only mode")).to_be_visible()
    expect(page.get_by_role("button", name="Begin")).to_have_count(0)
    page.close()


def test_in_statistics_only_mode_system_says_no_numbers_of_what_is_not_written_down(
    chromium: Browser, tmp_path: Path
) -> None:
    with dashboard(tmp_path, "statistics", "1") as (url, _):
        page = page_of(chromium, url, "anna")
        page.goto("/system")
        expect(page.get_by_role("columnheader", name="Dropped pictures")).to_be_visible()
        expect(page.get_by_role("columnheader", name="Readings, last hour")).to_have_count(0)
        expect(page.get_by_role("row").filter(has_text="entrance").locator("td")).to_have_count(6)
        page.close()


def test_open_pages_follow_a_privacy_policy_that_becomes_stricter_and_laxer_again(
    chromium: Browser, tmp_path: Path
) -> None:
    with dashboard(tmp_path, "policies", "1") as (url, _):
        context = chromium.new_context(base_url=url)
        live, other = context.new_page(), context.new_page()
        live.set_default_timeout(PATIENCE_MS)
        live.goto("/login")
        log_in(live, "anna")
        live.wait_for_selector("h1")
        other.set_default_timeout(PATIENCE_MS)
        headers = {"X-CSRF-Token": live.request.get("/api/v1/me").json()["csrf"]}

        def next_policy() -> None:
            assert live.request.post("/api/v1/system/reload", headers=headers).ok

        next_policy()  # photos that were clear are not hidden yet
        [newest, *_] = live.request.get("/api/v1/episodes").json()["items"]
        for path in (f"/events?episode={newest['id']}", "/review"):
            other.goto(path)
            expect(other.get_by_text("about to be hidden")).to_be_visible()
            expect(other.locator("img.mw-picture")).to_have_count(0)
        card = live.get_by_role("region", name="entrance")
        expect(card.locator("img")).to_be_visible()
        next_policy()
        expect(card).to_contain_text("The privacy policy allows no pictures.")
        expect(card.locator("img")).to_have_count(0)
        next_policy()
        expect(card.locator("img[data-picture]")).to_be_visible()
        context.close()


def test_where_no_picture_may_be_seen_a_camera_is_saved_once_its_size_was(
    chromium: Browser, statistics_site: str
) -> None:
    page = page_of(chromium, statistics_site, "anna")
    page.goto("/cameras")
    page.get_by_role("button", name="Add a camera").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("The privacy policy allows no pictures.")
    dialog.get_by_label("Name").fill("back door")
    dialog.get_by_label("Address").fill("rtsp://192.0.2.44/stream")
    expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    dialog.get_by_role("button", name="Test", exact=True).click()
    expect(dialog).to_contain_text("A picture of 1280 x 540 pixels came.")
    expect(dialog.locator("img")).to_have_count(0)
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="back door")).to_be_visible()
    page.close()
