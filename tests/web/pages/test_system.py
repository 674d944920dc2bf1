"""The system page with its tabs: health, messages, audit, logs, users, account."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("nicegui")
pytest.importorskip("playwright.sync_api")

from playwright.sync_api import Browser, Page, expect

from tests.web.chromium import page_of
from tests.web.running import dashboard


def test_system_says_what_share_of_a_cameras_pictures_arrives_damaged(
    visit: Callable[..., Page],
) -> None:
    page = visit("anna", "/system")
    said = page.get_by_text("12 % of the pictures arrive damaged")
    expect(said).to_have_count(1)


def test_system_says_how_many_faces_of_a_camera_could_not_be_told(
    visit: Callable[..., Page],
) -> None:
    page = visit("anna", "/system")
    row = page.get_by_role("row").filter(has_text="canteen")
    expect(row.get_by_role("cell").nth(5)).to_have_text("1050")
    expect(row.get_by_role("cell").nth(6)).to_have_text("25.7 %")


def test_a_reason_is_read_without_a_line_for_each_word_on_a_phone(
    visit: Callable[..., Page],
) -> None:
    page = visit("anna", "/system", viewport={"width": 360, "height": 800})
    said = page.get_by_text("12 % of the pictures arrive damaged")
    expect(said).to_have_count(1)
    box = said.bounding_box()
    assert box is not None
    assert box["width"] > box["height"]


def test_system_shows_health_audit_and_users(visit: Callable[..., Page]) -> None:
    page = visit("anna", "/system")
    expect(page.locator(".mw-state", has_text="Ready")).to_be_visible()
    expect(page.locator(".mw-tile", has_text="Dropped pictures")).to_have_text(
        re.compile(r"Dropped pictures\s*112$")
    )
    page.get_by_role("tab", name="Audit log").click()
    page.get_by_role("button", name="Check the log").click()
    expect(page.get_by_text(re.compile(r"The chain of all \d+ entries is intact"))).to_be_visible()
    login = page.get_by_role("row").filter(has_text="Logged in")
    expect(login.first).to_contain_text("address: 127.0.0.1")
    page.get_by_role("tab", name="Users").click()
    vera = page.get_by_role("listitem").filter(has_text="vera")
    expect(vera).to_be_visible()
    for role, name in (("combobox", "Role"), ("button", "Switch off"), ("button", "New password")):
        expect(vera.get_by_role(role, name=f"{name}: vera")).to_be_visible()
    expect(vera.get_by_role("combobox")).to_have_count(1)


def test_a_channel_is_tried_and_the_page_says_what_became_of_it(
    visit: Callable[..., Page],
) -> None:
    page = visit("anna", "/system")
    page.get_by_role("tab", name="Messages").click()
    channels = page.get_by_role("listitem")
    page.get_by_role("button", name="Send a test message: infection control").click()
    sent = channels.filter(has_text="infection control").filter(has_text="1@hospital.test")
    expect(sent.first).to_contain_text("Sent")
    page.get_by_role("button", name="Send a test message: door").click()
    expect(channels.filter(has_text="door").first).to_contain_text(
        "Given up the broker refused the login"
    )
    viewer = visit("vera", "/system")
    viewer.get_by_role("tab", name="Messages").click()
    expect(viewer.get_by_role("listitem").first).to_be_visible()
    expect(viewer.get_by_role("button", name=re.compile("Send a test"))).to_have_count(0)


def test_a_token_is_revoked_only_once_that_was_confirmed(visit: Callable[..., Page]) -> None:
    page = visit("anna", "/system")
    headers = {"X-CSRF-Token": page.request.get("/api/v1/me").json()["csrf"]}
    body = {"name": "home", "scopes": ["live"]}
    made = page.request.post("/api/v1/tokens", data=body, headers=headers).json()["record"]

    def is_revoked() -> bool:
        tokens = page.request.get("/api/v1/tokens").json()
        return any(each["id"] == made["id"] and each["revoked_at"] for each in tokens)

    page.reload()
    page.get_by_role("tab", name="Account").click()
    button = page.get_by_role("button", name="Revoke: home")
    button.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Revoke the token home?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert not is_revoked()
    button.click()
    dialog.get_by_role("button", name="Revoke").click()
    expect(button).to_have_count(0)
    assert is_revoked()


def test_messages_are_leafed_through(chromium: Browser, tmp_path: Path) -> None:
    with dashboard(tmp_path, "30") as (url, _):
        page = page_of(chromium, url, "vera")
        page.goto("/system")
        page.get_by_role("tab", name="Messages").click()
        rows = page.get_by_role("listitem")
        expect(rows).to_have_count(50)
        newest = rows.first.inner_text()
        page.get_by_role("button", name="Older").click()
        expect(rows.first).not_to_have_text(newest)
        page.get_by_role("button", name="Newest").click()
        expect(rows.first).to_have_text(newest)
        page.close()


def test_a_list_of_no_messages_says_so(chromium: Browser, tmp_path: Path) -> None:
    with dashboard(tmp_path, "0") as (url, _):
        page = page_of(chromium, url, "vera")
        page.goto("/system")
        page.get_by_role("tab", name="Messages").click()
        # An item of the list: screen readers make nothing of anything else in it.
        expect(page.get_by_role("listitem")).to_have_text(["Nothing here."])
        page.close()


def test_the_logs_are_in_the_readers_language(visit: Callable[..., Page]) -> None:
    page = visit("otto", "/system")
    page.get_by_role("tab", name="Protokoll").click()
    expect(page.get_by_role("cell", name="Angemeldet").first).to_be_visible()
    page.get_by_role("tab", name="Zustand").click()
    expect(page.get_by_role("cell", name="Verbindung").first).to_be_visible()
    expect(page.get_by_role("cell", name="verloren").first).to_be_visible()


def test_a_double_click_makes_one_token_and_one_user(visit: Callable[..., Page]) -> None:
    page = visit("anna", "/system")
    page.get_by_role("tab", name="Account").click()
    panel = page.get_by_role("tabpanel")
    panel.get_by_label("Name").fill("backup")
    panel.get_by_label("Permissions").click()
    page.get_by_role("option").first.click()
    page.keyboard.press("Escape")
    panel.get_by_role("button", name="Make a token").dblclick()
    tokens = panel.locator("li", has_text="backup, 20")
    expect(tokens.first).to_be_visible()
    page.wait_for_timeout(1000)  # in which there would be another
    expect(tokens).to_have_count(1)

    page.get_by_role("tab", name="Users").click()
    panel.get_by_label("Name", exact=True).fill("zoe")
    panel.get_by_label("Password", exact=True).fill("seven tall trees")
    panel.get_by_role("button", name="Add").dblclick()
    expect(panel.locator("li", has_text="zoe")).to_be_visible()
    page.wait_for_timeout(1000)  # in which the second one would be refused
    expect(page.get_by_text("That did not work")).to_have_count(0)
