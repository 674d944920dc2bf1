"""Live pictures, on the page of all cameras, on one of a camera by itself, and as streams."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.web.service import CAMERAS

pytest.importorskip("nicegui")
pytest.importorskip("playwright.sync_api")

from playwright.sync_api import Browser, Page, Route, expect

from tests.web.chromium import log_in, page_of, until
from tests.web.running import dashboard

WALL_SHOWS = "() => document.querySelector('img').naturalWidth > 100"
"""Of a camera by itself: its picture is there."""


def part_of_stream(jpeg: bytes) -> bytes:
    """A picture of now, as streams have it."""
    lines = ("Content-Type: image/jpeg", "X-Age-S: 0.0", f"Content-Length: {len(jpeg)}")
    head = "\r\n".join(("--maskwatch-frame", *lines, "", ""))
    return head.encode() + jpeg + b"\r\n"


def test_live_shows_moving_pictures_people_and_the_latest_episodes(
    visit: Callable[..., Page],
) -> None:
    page = visit("vera")
    picture = page.get_by_alt_text("Live picture of entrance")
    page.wait_for_function(
        "() => document.querySelector('img[data-camera=entrance]')?.naturalWidth > 100"
    )
    first = picture.get_attribute("data-sequence")
    page.wait_for_function(
        f"() => document.querySelector('img[data-camera=entrance]').dataset.sequence != '{first}'"
    )
    card = page.get_by_role("region", name="entrance")
    expect(card).to_contain_text("Nose out")
    expect(card).to_contain_text("Watching")
    expect(page.get_by_role("complementary")).to_contain_text("entrance")


def test_screen_readers_are_told_of_a_new_episode_and_not_of_what_changes_every_second(
    chromium: Browser, tmp_path: Path
) -> None:
    with dashboard(tmp_path, "news", "1") as (url, _):
        page = page_of(chromium, url, "anna")
        page.goto("/")
        latest = page.get_by_role("complementary").get_by_role("listitem")
        expect(latest).not_to_have_count(0)
        told = page.get_by_role("complementary").get_by_role("status")
        expect(told).to_have_text("")
        headers = {"X-CSRF-Token": page.request.get("/api/v1/me").json()["csrf"]}
        assert page.request.post("/api/v1/system/reload", headers=headers).ok
        expect(told).to_have_text(re.compile(r"\d ward 3: Nose out$"))
        expect(latest.first).to_contain_text("ward 3")
        expect(page.locator("[aria-live]:visible")).to_have_count(0)
        page.close()


def test_only_pictures_in_sight_are_asked_for_and_kept(visit: Callable[..., Page]) -> None:
    page = visit("vera", viewport={"width": 360, "height": 300})
    first, last = (page.get_by_alt_text(f"Live picture of {name}") for name in CAMERAS[::2])
    expect(first).to_have_attribute("data-sequence", re.compile("[0-9]"))
    expect(last).not_to_have_attribute("data-sequence", re.compile("[0-9]"))
    last.scroll_into_view_if_needed()
    expect(last).to_have_attribute("data-sequence", re.compile("[0-9]"))
    expect(first).not_to_have_attribute("data-sequence", re.compile("[0-9]"))


def test_the_last_picture_of_a_lost_camera_looks_old_and_goes_when_it_may_be_shown_no_more(
    chromium: Browser, tmp_path: Path
) -> None:
    with dashboard(tmp_path, "lost") as (url, _):
        page = page_of(chromium, url, "anna")
        page.goto("/")
        page.wait_for_function(
            "() => document.querySelector('img[data-camera=entrance]')?.naturalWidth > 100"
        )
        card = page.get_by_role("region", name="entrance")
        expect(card).to_contain_text("Connection lost")
        expect(card).to_contain_text(re.compile(r"Last picture: \d"))
        expect(page.get_by_alt_text("Live picture of entrance")).to_have_class(re.compile("mw-old"))
        csrf = page.request.get("/api/v1/me").json()["csrf"]
        stop = "/api/v1/cameras/entrance/stop"
        assert page.request.post(stop, headers={"X-CSRF-Token": csrf}).ok
        page.wait_for_function(
            "() => document.querySelector('img[data-camera=entrance]').naturalWidth <= 1"
        )
        expect(card).not_to_contain_text("Last picture")
        page.close()


def test_a_picture_that_is_old_already_looks_so_from_the_first_moment_wherever_it_is_shown(
    chromium: Browser, tmp_path: Path
) -> None:
    """Of a lost camera, and of one that is watched while the models fail."""
    with dashboard(tmp_path, "lost", "1") as (url, _):
        page = page_of(chromium, url, "anna")
        page.goto("/")
        for name, phase in (("entrance", "Connection lost"), ("ward 3", "Watching")):
            card = page.get_by_role("region", name=name)
            expect(card).to_contain_text(phase)
            expect(card).to_contain_text(re.compile(r"Last picture: \d"))
            picture = page.get_by_alt_text(f"Live picture of {name}")
            expect(picture).to_have_class(re.compile("mw-old"))
            expect(picture).to_have_attribute("data-cut", re.compile("^1?$"))
        for name in ("entrance", "ward 3"):
            page.goto(f"/cameras/{name}/walk")
            picture = page.get_by_alt_text(f"Live picture of {name}")
            expect(picture).to_have_css("filter", "grayscale(1) opacity(0.5)")
        for name in ("entrance", "ward 3"):
            page.goto(f"/live/{name}")
            page.wait_for_function(WALL_SHOWS)
            # Not after a while, as it would without its age.
            assert page.evaluate("() => 'cut' in document.querySelector('img').dataset")
        page.close()


def test_a_stream_that_is_opened_anew_has_time_for_its_first_picture(
    visit: Callable[..., Page],
) -> None:
    page = visit("vera")
    jpeg = page.request.get("/api/v1/cameras/ward 3/frame.jpg").body()
    asked: list[Route] = []
    page.route(re.compile("/stream.mjpg"), lambda route: asked.append(route))
    page.clock.install()
    page.goto("/live/ward 3")
    until(page, lambda: len(asked) == 1)
    page.clock.run_for(62_000)  # in which nothing is heard
    until(page, lambda: len(asked) == 2)
    page.clock.run_for(5_000)
    asked[1].fulfill(body=part_of_stream(jpeg))
    page.wait_for_function(WALL_SHOWS)
    assert len(asked) == 2


def test_a_camera_by_itself_goes_on_after_its_stream_has_ended_and_looks_old_until_then(
    visit: Callable[..., Page],
) -> None:
    page = visit("vera")
    card = page.get_by_role("region", name="ward 3")
    with page.expect_popup() as opened:
        card.get_by_role("link", name="Enlarge ward 3").click()
    wall = opened.value
    picture = wall.get_by_alt_text("Live picture of ward 3")
    wall.wait_for_function(WALL_SHOWS)
    first = str(picture.get_attribute("src"))
    expect(picture).not_to_have_attribute("src", first)

    jpeg = page.request.get("/api/v1/cameras/ward 3/frame.jpg").body()
    asked: list[Route] = []

    def answer(route: Route) -> None:
        asked.append(route)
        if len(asked) == 1:  # one picture, and the end; whoever asks after that waits
            route.fulfill(body=part_of_stream(jpeg))

    streams = re.compile("/stream.mjpg")
    wall.route(streams, answer)
    wall.reload()
    wall.wait_for_function(WALL_SHOWS)
    until(wall, lambda: len(asked) == 2)
    expect(picture).to_have_css("filter", "grayscale(1) opacity(0.5)")
    asked[1].abort()
    wall.unroute(streams)
    expect(picture).to_have_css("filter", "none")
    wall.close()


def test_a_camera_by_itself_is_for_those_who_are_logged_in(visit: Callable[..., Page]) -> None:
    page = visit(None, "/live/ward%203")
    log_in(page, "vera")
    page.wait_for_url(re.compile("/live/ward%203$"))
    page.wait_for_function(WALL_SHOWS)
    assert page.request.get("/live/none").status == 404
    # A stream that is refused leads there again.
    page.route(re.compile("/stream.mjpg"), lambda route: route.fulfill(status=401))
    page.context.clear_cookies()
    page.evaluate("() => { stop(); }")
    page.wait_for_url(re.compile("/login"))


def test_pictures_look_old_while_the_service_cannot_be_reached(
    visit: Callable[..., Page],
) -> None:
    page = visit("vera")
    picture = page.get_by_alt_text("Picture of entrance")
    expect(picture).to_have_attribute("src", re.compile("^blob:"))
    page.context.set_offline(True)
    expect(picture).to_have_css("filter", "grayscale(1) opacity(0.5)")
    page.context.set_offline(False)
    expect(picture).to_have_css("filter", "none")


def test_pictures_look_old_while_no_answer_comes_and_are_asked_for_anew(
    visit: Callable[..., Page],
) -> None:
    """As when a connection is gone of which nobody was told."""
    page = visit("vera")
    picture = page.get_by_alt_text("Picture of entrance")
    expect(picture).to_have_attribute("src", re.compile("^blob:"))
    frames = re.compile("/frame.jpg")
    page.route(frames, lambda _: None)
    expect(picture).to_have_css("filter", "grayscale(1) opacity(0.5)")
    page.unroute(frames)
    expect(picture).to_have_css("filter", "none")


def test_live_pictures_and_news_come_as_they_happen(visit: Callable[..., Page], site: str) -> None:
    page = visit("anna")
    cookies = {each["name"]: each["value"] for each in page.context.cookies()}
    with httpx.Client(base_url=site, cookies=cookies, timeout=60) as client:
        with client.stream("GET", "/api/v1/cameras/entrance/stream.mjpg") as answer:
            assert answer.headers["content-type"].startswith("multipart/x-mixed-replace")
            seen = b""
            for part in answer.iter_bytes():
                seen += part
                if seen.count(b"\xff\xd8\xff") >= 2:
                    break
        with client.stream("GET", "/api/v1/events") as answer:
            lines = answer.iter_lines()
            assert next(lines) == ": welcome"
            # One without a photo, so that no face is queued before those of other tests.
            [*_, episode] = client.get("/api/v1/episodes?limit=50").json()["items"]
            csrf = client.get("/api/v1/me").json()["csrf"]
            client.post(
                f"/api/v1/episodes/{episode['id']}/correct",
                json={"state": "no_mask"},
                headers={"X-CSRF-Token": csrf},
            )
            news = next(line for line in lines if line.startswith("data:") and "state" in line)
            told = json.loads(news.removeprefix("data:"))
            assert (told["id"], told["corrected_state"]) == (episode["id"], "no_mask")


def test_the_browser_itself_shows_the_streams(visit: Callable[..., Page]) -> None:
    page = visit("vera", "/system")
    shown = page.evaluate(
        """() => new Promise((resolve) => {
          const image = new Image();
          image.onload = () => { resolve(image.naturalWidth); image.src = ''; };
          image.src = '/api/v1/cameras/entrance/stream.mjpg';
        })"""
    )
    assert shown > 100
    opened = page.evaluate(
        """() => new Promise((resolve) => {
          const news = new EventSource('/api/v1/events');
          news.onopen = () => { news.close(); resolve('open'); };
        })"""
    )
    assert opened == "open"


def test_an_episode_that_somebody_called_wrong_is_called_so(visit: Callable[..., Page]) -> None:
    page = visit("ravi", "/")
    headers = {"X-CSRF-Token": page.request.get("/api/v1/me").json()["csrf"]}
    newest = page.request.get("/api/v1/episodes?limit=1").json()["items"][0]["id"]
    address = f"/api/v1/episodes/{newest}/correct"
    assert page.request.post(address, headers=headers, data={"state": "mask"}).ok
    line = page.get_by_role("complementary").locator("li", has=page.locator(f"[href$='{newest}']"))
    expect(line.locator("s")).to_be_visible()
    expect(line).to_contain_text("Mask")


def test_a_page_whose_session_ended_while_it_was_away_asks_to_log_in(
    visit: Callable[..., Page],
) -> None:
    page = visit("vera", "/overview")
    page.wait_for_function("() => window.socket?.connected")
    page.context.clear_cookies()
    page.evaluate("() => window.socket.io.engine.close()")
    page.wait_for_url(re.compile(r"/login\?next=%2Foverview"))
