"""What holds for every page: roles, languages, phones, keyboards, screen readers."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.web.world import PASSWORD

pytest.importorskip("nicegui")
pytest.importorskip("playwright.sync_api")

from playwright.sync_api import Browser, Page, expect

from tests.web.chromium import page_of
from tests.web.dashboard_server import LONG_NAME
from tests.web.running import PATHS, dashboard


def test_a_viewer_sees_neither_review_nor_users(visit: Callable[..., Page]) -> None:
    page = visit("vera", "/system")
    navigation = page.get_by_role("navigation", name="Main navigation").first
    expect(navigation.get_by_text("Events")).to_be_visible()
    assert navigation.get_by_text("Review").count() == 0
    assert page.get_by_role("tab", name="Users").count() == 0


def test_a_page_that_the_role_does_not_allow_is_refused(visit: Callable[..., Page]) -> None:
    page = visit("vera")
    allowed = {path for path in PATHS if page.request.get(path).status == 200}
    assert allowed == set(PATHS) - {"/review"}
    page.goto("/review")
    expect(page.get_by_role("heading", name="Your role does not allow this page.")).to_be_visible()
    page.get_by_role("link", name="maskwatch").click()
    expect(page.get_by_role("heading", name="Live")).to_be_visible()


def test_everything_is_there_in_german_and_stays_so(visit: Callable[..., Page]) -> None:
    page = visit("nele")
    page.get_by_role("button", name="Account").click()
    page.get_by_text("Deutsch").click()
    expect(page.get_by_role("link", name="Ereignisse").first).to_be_visible()
    page.wait_for_function("() => document.documentElement.lang === 'de'")
    page.goto("/overview")
    expect(page.get_by_text("Tragequote").first).to_be_visible()
    # What the framework says by itself, too.
    table = page.get_by_role("button", name="Dasselbe als Tabelle")
    expect(table).not_to_have_attribute("aria-label", re.compile("Expand"))


def test_refusals_are_in_the_readers_language(visit: Callable[..., Page]) -> None:
    page = visit("otto", "/system")
    page.get_by_role("tab", name="Konten").click()
    page.get_by_label("Name", exact=True).fill("nils")
    page.get_by_label("Passwort", exact=True).fill("kurz")
    page.get_by_role("button", name="Hinzufügen").click()
    expect(page.get_by_text("das Passwort braucht mindestens 12 Zeichen")).to_be_visible()
    page.goto("/cameras")
    page.get_by_role("button", name="Kamera hinzufügen").click()
    page.get_by_label("Adresse").fill("rtsp://10.0.0.7/stream")
    page.get_by_role("button", name="Testen").click()
    expect(page.get_by_text("10.0.0.7 liegt in einem Netz")).to_be_visible()


def test_dark_is_remembered(visit: Callable[..., Page]) -> None:
    page = visit("vera", color_scheme="light")
    assert "body--dark" not in str(page.locator("body").get_attribute("class"))
    page.get_by_role("button", name="Light or dark").click()
    expect(page.locator("body")).to_have_class(re.compile("body--dark"))
    page.wait_for_function("() => document.cookie.includes('maskwatch_theme=dark')")
    page.reload()
    expect(page.locator("body")).to_have_class(re.compile("body--dark"))
    # What browsers draw themselves, such as the icons of date fields, goes by this.
    assert page.evaluate("() => getComputedStyle(document.body).colorScheme") == "dark"


def test_no_page_is_wider_than_a_phone(visit: Callable[..., Page]) -> None:
    page = visit("anna", viewport={"width": 360, "height": 740})
    for path in PATHS:
        page.goto(path)
        page.wait_for_selector("h1")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
    page.get_by_role("button", name="Open the navigation").click()
    expect(page.locator(".mw-drawer").get_by_role("link", name="Events")).to_be_visible()


def test_a_long_name_goes_on_in_the_next_line_and_hides_nothing(
    chromium: Browser, tmp_path: Path
) -> None:
    cameras = f"/cameras/{quote(LONG_NAME)}"
    with dashboard(tmp_path, "long") as (url, _):
        page = page_of(chromium, url, "anna", viewport={"width": 360, "height": 740})
        for path in ("/", "/events", "/cameras", cameras, f"{cameras}/walk", "/system"):
            page.goto(path)
            page.wait_for_selector("h1")
            expect(page.get_by_text(LONG_NAME).first).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        page.goto("/events")
        state = page.get_by_role("row").filter(has_text=LONG_NAME).locator(".mw-state")
        expect(state).to_be_in_viewport(ratio=1)
        page.close()


NAMELESS = """() => [...document.querySelectorAll('button, a, input, select, img, [role=button]')]
  .filter((e) => e.checkVisibility({visibilityProperty: true}) && e.type !== 'hidden')
  .filter((e) => !e.closest('[aria-hidden=true], [role=img][aria-label]'))
  .filter((e) => !(e.getAttribute('aria-label') || e.innerText?.trim() || e.title
    || e.getAttribute('alt') !== null || e.labels?.length || e.closest('label')?.innerText.trim()
    || e.getAttribute('aria-labelledby')))
  .map((e) => e.outerHTML.slice(0, 200))"""


def test_everything_that_can_be_used_has_a_name_for_screen_readers(
    visit: Callable[..., Page],
) -> None:
    page = visit("anna")
    for path in PATHS:
        page.goto(path)
        page.wait_for_selector("main h1")
        assert page.evaluate(NAMELESS) == [], path
        assert page.locator("main").count() == 1


def test_the_keyboard_reaches_the_content_first_and_then_the_navigation(
    visit: Callable[..., Page],
) -> None:
    page = visit("vera")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Skip to the content"
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.id === 'content'")


ALIKE = """() => {
  const named = [...document.querySelectorAll('main button, main a[href], [role=dialog] button')]
    .filter((e) => e.checkVisibility({visibilityProperty: true}))
    .map((e) => [e.getAttribute('aria-label') || e.innerText.trim(), e.href || e]);
  return named.filter(([name, to], i) =>
    named.some(([other, place], j) => j < i && other === name && place !== to)
  ).map(([name]) => name);
}"""


def test_controls_that_do_different_things_have_different_names(
    visit: Callable[..., Page],
) -> None:
    page = visit("anna")
    headers = {"X-CSRF-Token": page.request.get("/api/v1/me").json()["csrf"]}
    for _ in range(2):  # messages that are given up
        page.request.post("/api/v1/channels/door/test", headers=headers)
    for path in PATHS:
        page.goto(path)
        page.wait_for_selector("main h1")
        assert page.evaluate(ALIKE) == [], path
    for tab in ("Messages", "Users", "Account"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("listitem").first).to_be_visible()
        assert page.evaluate(ALIKE) == [], tab


def test_a_dialog_is_gone_once_it_was_closed_and_the_focus_is_where_it_was(
    visit: Callable[..., Page],
) -> None:
    page = visit("anna", "/system")
    page.get_by_role("tab", name="Users").click()
    opener = page.get_by_role("button", name="New password: vera")
    for way in ("Escape", "Enter"):
        opener.focus()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name="New password: vera")
        dialog.get_by_label("New password").fill("too short")
        expect(dialog.get_by_role("button", name="Save")).to_have_css("text-transform", "none")
        if way == "Enter":
            page.keyboard.press("Enter")
            expect(page.get_by_text("at least 12 characters")).to_be_visible()
            # What was refused can be put right.
            dialog.get_by_label("New password").fill(PASSWORD)
        page.keyboard.press(way)
        expect(page.locator(".q-dialog")).to_have_count(0)
        expect(opener).to_be_focused()
    expect(page.get_by_text("Saved.")).to_be_visible()


UNREACHABLE = """() => [...document.querySelectorAll('button, a[href], input, select, [role=tab]')]
  .filter((e) => e.checkVisibility({visibilityProperty: true}) && !e.disabled)
  .filter((e) => e.type !== 'hidden')
  .filter((e) => e.tabIndex < 0 && !e.closest('[role=tablist]') && !e.closest('[tabindex="0"]'))
  .map((e) => e.outerHTML.slice(0, 200))"""


def test_every_control_of_every_page_can_be_reached_with_the_keyboard(
    visit: Callable[..., Page],
) -> None:
    page = visit("anna")
    for path in PATHS:
        page.goto(path)
        page.wait_for_selector("main h1")
        assert page.evaluate(UNREACHABLE) == [], path
    page.goto("/events")
    page.get_by_role("button", name=re.compile("^Open: ")).first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
