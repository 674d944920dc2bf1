"""Makes the pictures of docs/dashboard.md: run it after the dashboard's pages change.

Usage: python scripts/dashboard_pictures.py, in the environment that scripts/test-env makes. It
shows made-up episodes of the sample portrait in Debian's Chromium.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Page, expect

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.web.chromium import PATIENCE_MS, chromium, log_in  # noqa: E402
from tests.web.running import dashboard  # noqa: E402

IMAGES = ROOT / "docs" / "images"
DESK = {"width": 1200, "height": 760}
PHONE = {"width": 390, "height": 800}
SETTLED_MS = 3000
"""Charts grow and dialogs fade in."""
CORNERS = ((0.05, 0.2), (0.45, 0.2), (0.45, 0.95), (0.05, 0.95))


def _save(page: Page, name: str, width: int = 1200) -> None:
    page.wait_for_timeout(SETTLED_MS)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.thumbnail((width, picture.height))
    picture.save(IMAGES / f"dashboard-{name}.jpg", quality=80, optimize=True)


def _wait_for_pictures(page: Page, which: str = "img") -> None:
    page.wait_for_function(
        f"() => {{ const all = [...document.querySelectorAll('{which}')];"
        " return all.length > 0 && all.every((each) => each.naturalWidth > 100); }"
    )


def _live(page: Page) -> None:
    page.goto("/")
    _wait_for_pictures(page, "img[data-camera]")
    _save(page, "live")


def _overview(page: Page) -> None:
    page.goto("/overview")
    expect(page.locator("canvas")).to_have_count(2)
    _save(page, "overview")


def _events(page: Page) -> None:
    page.goto("/events")
    expect(page.get_by_role("button", name=re.compile("^Open: ")).nth(1)).to_be_visible()
    _save(page, "events")


def _episode(page: Page) -> None:
    page.goto("/events")
    page.get_by_role("button", name=re.compile("^Open: ")).nth(1).click()
    _wait_for_pictures(page, "[role=dialog] img")
    _save(page, "episode")


def _review(page: Page) -> None:
    page.goto("/review")
    _wait_for_pictures(page, "main img, #content img")
    _save(page, "review")


def _add(page: Page) -> None:
    page.goto("/cameras")
    page.get_by_role("button", name="Add a camera").click()
    page.get_by_label("Name").fill("back door")
    page.get_by_label("Address").fill("rtsp://viewer:secret@192.0.2.44/stream")
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_alt_text("Picture from the tested address")).to_be_visible()
    _save(page, "add")


def _zones(page: Page) -> None:
    page.goto("/cameras/entrance")
    _wait_for_pictures(page, "[role=application] img")
    box = page.locator("[role=application] img").bounding_box()
    assert box is not None  # noqa: S101 - it was waited for
    for x, y in CORNERS:
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    page.get_by_label("Name of the zone").fill("door")
    page.get_by_role("button", name="Close the zone").click()
    _save(page, "camera")


def _walk(page: Page) -> None:
    page.goto("/cameras/entrance/walk")
    page.get_by_role("button", name="Begin", exact=True).click()
    page.get_by_role("button", name="Start this part").click()
    _save(page, "walk")


def _system(page: Page) -> None:
    page.goto("/system")
    expect(page.locator(".mw-state", has_text="Ready")).to_be_visible()
    _save(page, "system")


def _phone(page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    page.goto("/")
    _wait_for_pictures(page, "img[data-camera]")
    _save(page, "phone", width=390)


_PAGES = (_live, _overview, _events, _episode, _review, _add, _zones, _walk, _system, _phone)


def main() -> None:
    """Starts a dashboard and takes its pictures."""
    expect.set_options(timeout=PATIENCE_MS)
    with TemporaryDirectory() as folder, dashboard(Path(folder)) as (url, _), chromium() as browser:
        page = browser.new_context(base_url=url, viewport=DESK, color_scheme="light").new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto("/login")
        log_in(page, "anna")
        page.wait_for_selector("h1")
        for take in _PAGES:
            take(page)


if __name__ == "__main__":
    main()
