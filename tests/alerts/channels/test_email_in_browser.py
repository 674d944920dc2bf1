"""What a mail looks like, as far as a browser can tell: it fits a telephone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser

from maskwatch.alerts.base import Alert
from maskwatch.alerts.channels.email import mail_of
from maskwatch.alerts.compose import compose
from maskwatch.store.records import DeliveryKind
from tests.alerts import samples
from tests.web.chromium import chromium

PHONE = {"width": 360, "height": 800}
LONG = "Verpackungslinie_4_Hygieneschleuse_Eingang_Süd"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def message(episodes: int, camera: str) -> Alert:
    """Some violations and a camera that is down."""
    about = [samples.in_zone(samples.episode(camera), "Anlieferung") for _ in range(episodes)]
    kind, ann = DeliveryKind.CAMERA_HEALTH, "ann@example.org"
    trouble = replace(samples.delivery(None, kind, ann, reason="timed out"), camera=camera)
    rows = [samples.delivery(each, recipient=ann) for each in about]
    return compose([*rows, trouble], about, samples.jpeg(), samples.WORDING, samples.NOON)


def html_of(alert: Alert) -> str:
    body = mail_of(alert, "m@example.org").get_body(("html",))
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize("episodes", [0, 1, 5])
@pytest.mark.parametrize("camera", ["Main door", LONG])
@pytest.mark.parametrize("styled", [True, False], ids=["with styles", "styles are taken out"])
def test_a_mail_fits_a_telephone(
    browser: Browser, episodes: int, camera: str, styled: bool
) -> None:
    html = html_of(message(episodes, camera))
    if not styled:  # some mail programs do
        html = re.sub(r"<style>.*</style>", "", html, flags=re.DOTALL)
    page = browser.new_page(viewport=PHONE)
    page.set_content(html)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    page.close()


def test_on_a_telephone_the_place_is_below_the_time_and_else_beside_it(browser: Browser) -> None:
    page = browser.new_page(viewport=PHONE)
    page.set_content(html_of(message(2, "Main door")))

    def places() -> tuple[float, float, float, float]:
        time, place = (
            page.locator(f"td.{name}").first.bounding_box() for name in ("when", "where")
        )
        assert time is not None
        assert place is not None
        return time["x"], time["y"], place["x"], place["y"]

    time_x, time_y, place_x, place_y = places()
    assert (time_x, time_y < place_y) == (place_x, True)
    page.set_viewport_size({"width": 1000, "height": 800})
    time_x, time_y, place_x, place_y = places()
    assert (time_x < place_x, time_y) == (True, place_y)
    page.close()
