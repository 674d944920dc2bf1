"""The list of cameras."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.web.service import CAMERAS

pytest.importorskip("nicegui")
pytest.importorskip("playwright.sync_api")

from playwright.sync_api import Browser, Page, expect

from tests.web.chromium import page_of
from tests.web.running import dashboard


def test_a_camera_that_cannot_be_watched_is_told_of_and_can_be_deleted(
    chromium: Browser, tmp_path: Path
) -> None:
    with dashboard(tmp_path, "left_out", "1") as (url, _):
        page = page_of(chromium, url, "anna")
        told = page.locator(".q-notification").filter(has_text="Cameras that are not watched: ")
        page.goto("/system")
        page.get_by_role("button", name="Read the configuration again").click()
        expect(page.get_by_text("The configuration is in force.")).to_be_visible()
        expect(told).to_contain_text("entrance: the configuration file has one of that name")
        page.goto("/cameras")
        page.get_by_role("button", name="Add a camera").click()
        page.get_by_label("Name").fill("shed")
        page.get_by_label("Address").fill("rtsp://192.0.2.44/stream")
        page.get_by_role("button", name="Test", exact=True).click()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved.")).to_be_visible()
        expect(told).to_contain_text("old yard: ")
        page.goto("/cameras/shed")
        page.get_by_role("button", name="Save").click()
        expect(told).to_contain_text("old yard: ")

        page.goto("/cameras")
        yard, entrance = (
            page.get_by_role("region", name=f"{name}: Not watched")
            for name in ("old yard", "entrance")
        )
        expect(yard).to_contain_text("min_score: ")
        expect(entrance).to_contain_text("the configuration file has a camera of this name")
        for card in (yard, entrance):
            card.get_by_role("button").click()
            page.get_by_role("dialog").get_by_role("button", name="Delete").click()
            expect(card).to_have_count(0)
        cameras = page.request.get("/api/v1/cameras").json()
        assert [each["camera"] for each in cameras] == [*CAMERAS, "shed"]
        page.goto("/system")
        page.get_by_role("button", name="Read the configuration again").click()
        expect(page.get_by_text("The configuration is in force.")).to_be_visible()
        page.wait_for_timeout(500)
        expect(told).to_have_count(0)
        page.close()


def test_an_open_list_of_cameras_says_how_they_are_doing_by_now(
    visit: Callable[..., Page],
) -> None:
    page = visit("anna", "/cameras")
    card = page.get_by_role("region", name="ward 3")
    edit = card.get_by_role("link", name="Edit ward 3")
    edit.focus()
    headers = {"X-CSRF-Token": page.request.get("/api/v1/me").json()["csrf"]}
    for action, phase in (("stop", "Stopped"), ("start", "Watching")):
        assert page.request.post(f"/api/v1/cameras/ward 3/{action}", headers=headers).ok
        expect(card).to_contain_text(phase)
    edit.focus()
    page.wait_for_timeout(3000)  # in which it looks again, and nothing has changed
    expect(edit).to_be_focused()
