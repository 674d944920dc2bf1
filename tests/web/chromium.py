"""Debian's Chromium, without a screen, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.components import need
from tests.web.world import PASSWORD

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE_MS = 60_000
"""Test machines may be busy; nothing depends on how long anything takes."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser; the calling test is skipped where there is none."""
    need("chromium", CHROMIUM is not None, "apt-get install chromium")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def page_of(browser: Browser, url: str, name: str | None, **options: Any) -> Page:
    """A page that shows nothing yet; somebody is logged in already, nobody with None."""
    page = browser.new_page(base_url=url, **options)
    page.set_default_timeout(PATIENCE_MS)
    if name is not None:
        answer = page.request.post("/api/v1/session", data={"name": name, "password": PASSWORD})
        assert answer.ok, answer.text()
    return page


def log_in(page: Page, name: str) -> None:
    """Fills in and sends the log-in page, which the page shows."""
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")


def judge(page: Page, key: str) -> None:
    """Presses a key of the review page, once the photo is there."""
    page.wait_for_function(
        "() => [...document.querySelectorAll('.mw-photo img')].every((each) => each.complete)"
    )
    page.keyboard.press(key)


def give_role(admin: Page, name: str, role: str) -> None:
    """Changes what somebody may do, also in pages that are open already."""
    [user] = [each for each in admin.request.get("/api/v1/users").json() if each["name"] == name]
    headers = {"X-CSRF-Token": admin.request.get("/api/v1/me").json()["csrf"]}
    address = f"/api/v1/users/{user['id']}"
    assert admin.request.patch(address, data={"role": role}, headers=headers).ok


def until(page: Page, is_so: Callable[[], bool]) -> None:
    """Waits for what no page shows."""
    for _ in range(PATIENCE_MS // 100):
        if is_so():
            return
        page.wait_for_timeout(100)
    raise AssertionError("that did not come")
