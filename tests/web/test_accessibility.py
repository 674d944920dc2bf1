"""Every page before axe-core: no serious violation of WCAG 2, light and dark."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

pytest.importorskip("nicegui")
pytest.importorskip("playwright.sync_api")
pytest.importorskip("axe_playwright_python.sync_playwright")

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.web.running import PATHS

# Nothing moves in these tests: what fades in has less contrast while it does.
_CONTRAST = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}
_ALL = {"resultTypes": ["violations"]}
# axe takes what lies behind a dialog for the ground of its buttons.
_DIALOG = {**_ALL, "rules": {"color-contrast": {"enabled": False}}}
_TABS = ("Messages", "Health", "Model cards", "Audit log", "Deletions", "Users", "Account")


def problems(page: Page, options: dict[str, object]) -> list[str]:
    """What is serious or worse, with the first element that it is about."""
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['html']}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


def test_pages_and_dialogs_have_no_serious_problem(visit: Callable[..., Page]) -> None:
    page = visit("anna", bypass_csp=True, reduced_motion="reduce")
    for path in ("/live/entrance", *PATHS):
        page.goto(path)
        page.wait_for_selector("main h1", state="attached")
        assert problems(page, _ALL) == [], path
    for tab in _TABS:
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
        assert problems(page, _ALL) == [], tab
    page.goto("/events")
    page.get_by_role("button", name=re.compile("^Open: ")).first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert problems(page, _DIALOG) == []
    page.goto("/cameras")
    page.get_by_role("button", name="Add a camera").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert problems(page, _DIALOG) == []


def test_everything_can_be_read_in_the_dark(visit: Callable[..., Page]) -> None:
    page = visit("anna", bypass_csp=True, reduced_motion="reduce", color_scheme="dark")
    for path in PATHS:
        page.goto(path)
        page.wait_for_selector("main h1")
        assert problems(page, _CONTRAST) == [], path
