"""The dashboard in a real browser: headless Chromium."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from maskwatch.types import Fault
from tests.web.world import CAMERAS, PASSWORD, SIZE

pytest.importorskip("nicegui")
pytest.importorskip("playwright.sync_api")

from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.web.chromium import PATIENCE_MS, judge, log_in, page_of
from tests.web.dashboard_server import LONG_NAME, SLOW_TEXT, SLOW_YEAR, Held
from tests.web.running import PATHS, dashboard

WALL_SHOWS = "() => document.querySelector('img').naturalWidth > 100"
"""Of a camera by itself: its picture is there."""


def part_of_stream(jpeg: bytes) -> bytes:
    """A picture of now, as streams have it."""
    lines = ("Content-Type: image/jpeg", "X-Age-S: 0.0", f"Content-Length: {len(jpeg)}")
    head = "\r\n".join(("--maskwatch-frame", *lines, "", ""))
    return head.encode() + jpeg + b"\r\n"


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


def test_an_episode_shows_its_id_and_administrators_hand_it_out(
    visit: Callable[..., Page],
) -> None:
    page = visit("anna", "/events")
    page.get_by_role("button", name=re.compile("^Open: ")).nth(1).click()
    link = page.get_by_role("link", name="Hand out to the person concerned")
    address = str(link.get_attribute("href"))
    expect(page.get_by_role("dialog")).to_contain_text(f"ID {address.split('/')[4]}")
    assert page.request.get(address).body().startswith(b"PK")
    viewer = visit("vera", "/events")
    viewer.get_by_role("button", name=re.compile("^Open: ")).nth(1).click()
    expect(viewer.get_by_role("dialog")).to_contain_text("ID ")
    expect(viewer.get_by_role("link", name="Hand out to the person concerned")).to_have_count(0)


def test_what_is_in_an_address_is_no_part_of_the_page(visit: Callable[..., Page]) -> None:
    page = visit("vera", "/cameras/%3Ci%20id=smuggled%3Ex")
    expect(page.get_by_role("heading", level=1)).to_contain_text("<i id=smuggled>x")
    expect(page.locator("#smuggled")).to_have_count(0)


def test_a_wrong_password_is_told_as_such(visit: Callable[..., Page]) -> None:
    page = visit(None, "/login")
    page.fill("#name", "anna")
    page.fill("#password", "wrong wrong wrong")
    page.click("button")
    expect(page.get_by_role("alert")).to_have_text("Wrong name or password.")


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


def test_the_picture_of_a_cameras_page_goes_when_it_may_be_shown_no_more(
    chromium: Browser, tmp_path: Path
) -> None:
    with dashboard(tmp_path, "lost", "1") as (url, _):
        page = page_of(chromium, url, "anna")
        page.goto("/cameras/entrance")
        picture = page.locator(".mw-editor img")
        expect(picture).to_have_attribute("src", re.compile("frame.jpg"))
        headers = {"X-CSRF-Token": page.request.get("/api/v1/me").json()["csrf"]}
        assert page.request.post("/api/v1/cameras/entrance/stop", headers=headers).ok
        expect(page.locator(".mw-editor img[src*=frame]")).to_have_count(0)
        page.close()


def test_overview_shows_the_rate_with_its_interval_and_gives_it_out(
    visit: Callable[..., Page],
) -> None:
    page = visit("vera", "/overview")
    expect(page.get_by_text(re.compile(r"95 % interval: \d"))).to_be_visible()
    expect(page.locator("canvas")).to_have_count(2)
    link = page.get_by_role("link", name="CSV").get_attribute("href")
    text = page.request.get(str(link)).text()
    assert text.lstrip("\ufeff").startswith("group,people,mask,")
    assert len(text.splitlines()) > 2
    report = page.request.get(str(page.get_by_role("link", name="PDF").get_attribute("href")))
    assert report.body().startswith(b"%PDF")


def test_any_two_periods_are_compared(visit: Callable[..., Page]) -> None:
    page = visit("vera", "/overview")
    page.get_by_label("Compared with", exact=True).click()
    page.get_by_role("option", name="Own dates").click()
    for label, day in (("From", "2020-02-01"), ("To", "2020-02-29")):
        page.get_by_label(f"Compared with: {label}").fill(day)
    expect(page.get_by_text("2020-02-01 – 2020-02-29")).to_be_visible()  # noqa: RUF001
    address = str(page.get_by_role("link", name="PDF").get_attribute("href"))
    assert "before_since=2020-02-01" in address
    assert "before_until=2020-03-01" in address


def test_a_zone_and_the_faults_are_asked_for_and_given_out(visit: Callable[..., Page]) -> None:
    page = visit("vera", "/overview")
    csv = page.get_by_role("link", name="CSV")

    def lines() -> list[str]:
        return page.request.get(str(csv.get_attribute("href"))).text().splitlines()

    page.get_by_label("Grouped by").click()
    page.get_by_role("option", name="By zone").click()
    expect(csv).to_have_attribute("href", re.compile("by=zone"))
    assert [each.split(",")[0] for each in lines()[1:]] == ["", "corridor", "rooms"]
    page.get_by_label("Zone", exact=True).click()
    page.get_by_role("option", name="rooms").click()
    page.keyboard.press("Escape")
    expect(csv).to_have_attribute("href", re.compile("zone=rooms"))
    assert [each.split(",")[0] for each in lines()[1:]] == ["rooms"]
    page.get_by_label("Grouped by").click()
    page.get_by_role("option", name="By fault").click()
    expect(csv).to_have_attribute("href", re.compile("faults.csv.*zone=rooms"))
    assert [each.split(",")[1] for each in lines()[1:]] == [*Fault, ""]
    page.get_by_role("button", name="The same as a table").click()
    table = page.get_by_role("region", name="The same as a table")
    expect(table.get_by_role("row")).to_have_count(6)
    expect(table).to_contain_text("Share of people judged")


def test_the_rate_of_a_camera_that_is_gone_is_asked_for(visit: Callable[..., Page]) -> None:
    page = visit("vera", "/overview")
    csv = page.get_by_role("link", name="CSV")
    expect(csv).to_be_visible()
    page.get_by_label("Camera", exact=True).click()
    page.get_by_role("option", name="old door").click()
    page.keyboard.press("Escape")
    expect(csv).to_have_attribute("href", re.compile("camera=old.door"))
    [line] = page.request.get(str(csv.get_attribute("href"))).text().splitlines()[1:]
    assert line.split(",")[1:3] == ["1", "1"]
    # It can be taken back.
    page.get_by_label("Camera", exact=True).click()
    page.get_by_role("option", name="old door").click()
    expect(csv).not_to_have_attribute("href", re.compile("camera="))


def test_people_are_counted_by_month(visit: Callable[..., Page]) -> None:
    page = visit("vera", "/overview")
    page.get_by_label("Grouped by").click()
    page.get_by_role("option", name="By month").click()
    csv = page.get_by_role("link", name="CSV")
    expect(csv).to_have_attribute("href", re.compile("by=month"))
    months = page.request.get(str(csv.get_attribute("href"))).text().splitlines()[1:]
    assert months
    assert all(re.match(r"\d{4}-\d\d,", each) for each in months)


def test_dates_that_make_no_period_show_no_numbers_and_say_what_is_wanted(
    visit: Callable[..., Page],
) -> None:
    for name, period, own, label, said in (
        ("vera", "Period", "Own dates", "Period: From", "Please give both dates"),
        ("otto", "Zeitraum", "Eigene Tage", "Zeitraum: Von", "Bitte beide Tage angeben"),
    ):
        page = visit(name, "/overview")
        rate = page.locator(".mw-big")
        page.get_by_label(period, exact=True).click()
        page.get_by_role("option", name=own).click()
        for wrong in ("", "2199-01-01"):
            page.get_by_label(label).fill("2026-01-01")
            expect(rate).to_be_visible()
            expect(page.get_by_role("link", name="PDF")).to_be_visible()
            page.get_by_label(label).fill(wrong)
            expect(page.get_by_text(said)).to_be_visible()
            expect(rate).to_have_count(0)
            expect(page.get_by_role("link", name="PDF")).to_have_count(0)


def test_only_the_newest_question_is_answered(chromium: Browser, tmp_path: Path) -> None:
    with dashboard(tmp_path, "slow", "2") as (url, _):
        page = page_of(chromium, url, "vera")
        page.goto("/events")
        found = page.get_by_role("status").first
        expect(found).to_have_text(re.compile(r"^Episodes: [1-9]"))
        everything = found.inner_text()
        page.get_by_label("Search").fill("none such")
        expect(found).to_have_text("Episodes: 0")
        old = Held(tmp_path, SLOW_TEXT)
        page.get_by_label("Search").fill(SLOW_TEXT)
        until(page, lambda: old.is_asked)
        page.get_by_label("Search").fill("")
        expect(found).to_have_text(everything)
        old.let_go()
        page.wait_for_timeout(1000)  # in which the old answer comes
        expect(found).to_have_text(everything)

        page.goto("/overview")
        page.get_by_label("Compared with", exact=True).click()
        page.get_by_role("option", name="Own dates").click()
        pdf = page.get_by_role("link", name="PDF")
        for label, day in (("From", f"{SLOW_YEAR}-02-01"), ("To", f"{SLOW_YEAR}-02-29")):
            page.get_by_label(f"Compared with: {label}").fill(day)
        old = Held(tmp_path, str(SLOW_YEAR))
        until(page, lambda: old.is_asked)
        page.get_by_label("Compared with: From").fill("2019-02-01")
        expect(pdf).to_have_attribute("href", re.compile("before_since=2019-02-01"))
        old.let_go()
        page.wait_for_timeout(1000)
        expect(pdf).to_have_attribute("href", re.compile("before_since=2019-02-01"))
        page.close()


def test_a_thousand_people_are_not_one_in_any_language(visit: Callable[..., Page]) -> None:
    page = visit("otto", "/overview")
    chart = page.get_by_role("img", name="Wie Masken falsch getragen wurden")
    expect(chart.locator("canvas")).to_be_visible()
    said = chart.evaluate(
        "(each) => getElement(Number(each.id.slice(1))).chart.getOption()"
        ".xAxis[0].axisLabel.formatter(1234)"
    )
    assert said == "1\u00a0234"


def test_a_bar_says_how_many_people_it_stands_for(visit: Callable[..., Page]) -> None:
    page = visit("vera", "/overview")
    chart = page.locator("canvas").first
    expect(chart).to_be_visible()
    box = chart.bounding_box()
    assert box is not None

    def hover(x: float) -> None:
        page.mouse.move(box["x"] + x * box["width"], box["y"] + 0.5 * box["height"])

    tip = page.get_by_text(re.compile(r"% \(n = \d+\)"))
    # The chart may still be growing: the mouse moves until it is noticed.
    for turn in range(200):
        hover(0.45 + 0.002 * (turn % 50))
        if tip.is_visible():
            break
        page.wait_for_timeout(100)
    expect(tip).to_contain_text("95 %:")


def test_an_episode_called_wrong_is_labelled_with_the_keyboard_and_exported(
    visit: Callable[..., Page],
) -> None:
    page = visit("anna", "/events")
    page.get_by_role("button", name=re.compile("^Open: .* entrance")).first.click()
    dialog = page.get_by_role("dialog")
    page.wait_for_function("() => document.querySelector('[role=dialog] img')?.naturalWidth > 100")
    expect(dialog.locator("svg rect").first).to_be_attached()
    dialog.get_by_role("button", name="Acknowledge").click()
    expect(dialog).to_contain_text("Acknowledged by anna")
    dialog.get_by_role("button", name="Wrong").click()
    page.get_by_role("menuitem", name="Mask", exact=True).or_(
        page.locator(".q-menu .q-item", has_text=re.compile("^Mask$"))
    ).first.click()
    expect(dialog).to_contain_text("anna says: Mask")

    page.goto("/review")
    expect(page.get_by_text("Somebody said it was wrong")).to_be_visible()
    waiting = page.get_by_role("status").inner_text()
    judge(page, "1")
    expect(page.get_by_role("status")).not_to_have_text(waiting)
    expect(page.get_by_role("status")).to_contain_text("1 labelled")
    judge(page, "u")
    expect(page.get_by_role("status")).to_contain_text("0 labelled")
    judge(page, "1")
    expect(page.get_by_role("status")).to_contain_text("1 labelled")
    answer = page.request.get(
        str(page.get_by_role("link", name="Export for training").get_attribute("href"))
    )
    manifest = zipfile.ZipFile(io.BytesIO(answer.body())).read("manifest.jsonl").splitlines()
    assert [json.loads(line)["label"] for line in manifest[1:]] == ["mask"]


def test_two_people_review_different_faces_and_leave_each_others_labels_alone(
    visit: Callable[..., Page],
) -> None:
    """Ravi's face is judged by a program of anna's before he is; what he undoes is his own."""
    ravi = visit("ravi", "/review")
    expect(face_of(ravi)).to_be_visible()
    his = str(face_of(ravi).get_attribute("src")).split("/")[-2]
    anna = visit("anna", "/review")
    expect(face_of(anna)).to_be_visible()
    assert his not in str(face_of(anna).get_attribute("src"))

    headers = {"X-CSRF-Token": anna.request.get("/api/v1/me").json()["csrf"]}
    item = f"/api/v1/review/{his}"
    said = anna.request.post(f"{item}/label", headers=headers, data={"state": "no_mask"})
    assert said.ok
    judge(ravi, "1")
    expect(ravi.get_by_text("has been judged meanwhile")).to_be_visible()
    expect(face_of(ravi)).not_to_have_attribute("src", f"{item}/photo")
    expect(ravi.get_by_role("button", name="Undo")).to_be_disabled()
    own = str(face_of(ravi).get_attribute("src"))
    judge(ravi, "1")
    expect(face_of(ravi)).not_to_have_attribute("src", own)
    # Somebody takes his label back and gives another one: it is no longer his to undo.
    other = own.removesuffix("/photo")
    undone = anna.request.post(f"{other}/undo?of_anybody=true", headers=headers)
    assert undone.ok
    anna.request.post(f"{other}/label", headers=headers, data={"state": "no_mask"})
    judge(ravi, "u")
    expect(ravi.get_by_text("no longer there")).to_be_visible()
    for each in (item, other):  # for the other tests
        assert anna.request.post(f"{each}/undo", headers=headers).ok


SLOW_LINE = """
window.WebSocket = class extends WebSocket {
  set onmessage(take) {
    super.onmessage = (message) => {
      if (message.data === "2") take(message);
      else setTimeout(() => take(message), 3000);
    };
  }
};
"""
"""Everything arrives late but the server's pings ("2"): it takes whoever answers them 4 s later for
gone (NiceGUI's ping timeout, 0.4 of the page's `reconnect_timeout`)."""


def test_over_a_slow_line_no_key_labels_a_face_that_is_not_shown_yet(
    visit: Callable[..., Page],
) -> None:
    page = visit("ravi", "/review")

    def labelled() -> int:
        return int(page.request.get("/api/v1/review").json()["counts"]["labelled"])

    before = labelled()
    page.add_init_script(SLOW_LINE)
    page.reload()
    shown = str(face_of(page).get_attribute("src"))
    page.wait_for_function("() => window.socket?.connected")

    def pressing_labels_one() -> bool:
        page.keyboard.press("1")  # again, because the page may not heed keys yet
        return labelled() > before

    until(page, pressing_labels_one)
    expect(face_of(page)).to_have_attribute("src", shown)  # the next one is under way
    page.keyboard.press("1")
    expect(face_of(page)).not_to_have_attribute("src", shown)
    assert labelled() == before + 1

    def pressing_takes_it_back() -> bool:
        page.keyboard.press("u")  # again, because its button may still be under way
        return labelled() == before

    until(page, pressing_takes_it_back)


def test_no_key_labels_a_face_whose_photo_is_still_under_way(visit: Callable[..., Page]) -> None:
    page = visit("ravi", "/review")
    held: list[Route] = []
    page.route(PHOTO, lambda route: held.append(route))
    page.reload(wait_until="domcontentloaded")
    shown = str(face_of(page).get_attribute("src"))
    page.wait_for_function("() => window.socket?.connected")
    until(page, lambda: bool(held))
    page.keyboard.press("1")
    page.wait_for_timeout(1000)  # in which it would be labelled
    expect(face_of(page)).to_have_attribute("src", shown)
    for route in held:
        route.continue_()
    page.unroute(PHOTO)
    judge(page, "1")
    expect(face_of(page)).not_to_have_attribute("src", shown)
    judge(page, "u")
    expect(face_of(page)).to_have_attribute("src", shown)


PHOTO = re.compile("/api/v1/review/.*/photo")


def until(page: Page, is_so: Callable[[], bool]) -> None:
    """Waits for what no page shows."""
    for _ in range(PATIENCE_MS // 100):
        if is_so():
            return
        page.wait_for_timeout(100)
    raise AssertionError("that did not come")


def face_of(page: Page) -> Locator:
    """The picture of the face that waits for a label."""
    return page.locator('img[src^="/api/v1/review/"]')


STILL = re.compile("/cameras/entrance/frame.jpg")


def click_corner(page: Page) -> None:
    """Clicks at 0.3 of the zone editor's width and 0.95 of its height."""
    box = page.get_by_role("application").locator("img").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 0.95 * box["height"])


def check_corner(page: Page) -> None:
    """A corner is drawn there, and is there in pixels of the camera."""
    canvas = page.get_by_role("application")
    box = canvas.locator("img").bounding_box()
    corner = canvas.locator("circle")
    expect(corner).to_be_visible()
    drawn = corner.bounding_box()
    assert box is not None
    assert drawn is not None
    x = drawn["x"] + drawn["width"] / 2 - box["x"]
    y = drawn["y"] + drawn["height"] / 2 - box["y"]
    assert (x, y) == pytest.approx((0.3 * box["width"], 0.95 * box["height"]), abs=1.5)
    kept = [float(str(corner.get_attribute(each))) for each in ("cx", "cy")]
    assert kept == pytest.approx([0.3 * SIZE[0], 0.95 * SIZE[1]], abs=3)


def test_the_corner_of_a_zone_lies_where_it_was_clicked(visit: Callable[..., Page]) -> None:
    page = visit("anna", "/cameras/entrance")
    page.wait_for_function("() => document.querySelector('.mw-editor img')?.naturalWidth > 100")
    click_corner(page)
    check_corner(page)


def test_a_corner_clicked_before_the_picture_came_lies_there_too(
    visit: Callable[..., Page],
) -> None:
    page = visit("anna", "/cameras")
    held: list[Route] = []
    page.route(STILL, lambda route: held.append(route))
    page.get_by_role("link", name="Edit entrance").click()
    until(page, lambda: bool(held))
    click_corner(page)
    label = re.compile("Corners set: 1")
    expect(page.get_by_role("application")).to_have_attribute("aria-label", label)
    for route in held:
        route.continue_()
    page.unroute(STILL)
    check_corner(page)


def test_the_smallest_face_is_drawn_to_scale_once_the_size_of_the_picture_is_known(
    visit: Callable[..., Page],
) -> None:
    page = visit("anna", "/cameras")
    headers = {"X-CSRF-Token": page.request.get("/api/v1/me").json()["csrf"]}
    assert page.request.post("/api/v1/cameras/entrance/stop", headers=headers).ok
    page.goto("/cameras/entrance")
    canvas = page.get_by_role("application")
    square = canvas.locator("rect")
    canvas.focus()
    page.keyboard.press("Enter")
    expect(canvas.locator("circle")).to_be_visible()
    expect(square).to_have_count(0)
    assert page.request.post("/api/v1/cameras/entrance/start", headers=headers).ok
    expect(square).to_be_visible()
    page.get_by_label("Smallest face").fill("120")
    expect(square).to_have_attribute("width", "120")
    expect(canvas).to_have_attribute("aria-label", re.compile("Corners set: 1"))
    picture, drawn = canvas.locator("img").bounding_box(), square.bounding_box()
    assert picture is not None
    assert drawn is not None
    assert picture["width"] / picture["height"] == pytest.approx(SIZE[0] / SIZE[1], rel=0.01)
    side = 120 / SIZE[0] * picture["width"]
    assert (drawn["width"], drawn["height"]) == pytest.approx((side, side), abs=3)


def test_a_camera_is_saved_only_after_its_picture_was_seen_and_gets_a_zone_by_keyboard(
    visit: Callable[..., Page],
) -> None:
    page = visit("anna", "/cameras")
    page.get_by_role("button", name="Add a camera").click()
    save = page.get_by_role("button", name="Save")
    page.get_by_label("Name").fill("back door")
    page.get_by_label("Address").fill("rtsp://127.0.0.1/stream")
    expect(save).to_be_disabled()
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_text("web.camera_networks")).to_be_visible()
    expect(save).to_be_disabled()
    page.get_by_label("Address").fill("rtsp://viewer:hush@192.0.2.44/stream")
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_alt_text("Picture from the tested address")).to_be_visible()
    expect(save).to_be_enabled()
    save.click()
    page.get_by_role("link", name="Edit back door").click()
    expect(page.get_by_role("heading", name="Edit back door")).to_be_visible()
    assert "hush" not in page.content()

    canvas = page.get_by_role("application")
    canvas.focus()
    for keys in (["Enter"], ["ArrowRight"] * 5 + ["Enter"], ["ArrowDown"] * 5 + ["Enter"]):
        for key in keys:
            page.keyboard.press(key)
    expect(canvas).to_have_attribute("aria-label", re.compile("Corners set: 3"))
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("A zone is not closed yet")).to_be_visible()
    page.get_by_label("Name of the zone").fill("mirror")
    page.get_by_role("button", name="Close the zone").click()
    expect(page.get_by_text("mirror (Judge people here)")).to_be_visible()

    page.get_by_role("button", name="Hours and threshold of mirror").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Required", exact=True).click()
    page.get_by_role("option", name="At these hours").click()
    dialog.get_by_label("From").fill("06:30")
    dialog.get_by_label("Violation below this coverage").fill("60")
    dialog.get_by_role("button", name="Done").click()
    expect(page.get_by_text("mirror (Judge people here, own hours, < 60 %)")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    settings = page.request.get("/api/v1/cameras/back%20door").json()["settings"]
    [zone] = settings["zones"]
    assert zone["polygon"] == [[0.5, 0.5], [0.6, 0.5], [0.6, 0.6]]
    assert zone["coverage_below"] == 60

    page.get_by_role("button", name="Change the address").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Now: rtsp://viewer:***@192.0.2.44/stream")
    dialog.get_by_label("Address").fill("rtsp://viewer:quiet@192.0.2.45/stream")
    expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    dialog.get_by_role("button", name="Test", exact=True).click()
    expect(dialog.get_by_alt_text("Picture from the tested address")).to_be_visible()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    changed = page.request.get("/api/v1/cameras/back%20door").json()["settings"]
    assert changed == settings | {"url": "rtsp://viewer:***@192.0.2.45/stream"}
    assert "quiet" not in page.content()
    headers = {"X-CSRF-Token": page.request.get("/api/v1/me").json()["csrf"]}
    page.request.delete("/api/v1/cameras/back%20door", headers=headers)
    [hours] = zone["schedule"]["hours"]
    assert hours["days"] == ["mon", "tue", "wed", "thu", "fri"]
    assert (hours["start"], hours["end"]) == ("06:30:00", "19:00:00")
    assert "schedule" not in settings  # always, as the default


def test_what_is_half_done_outlasts_a_lost_connection(visit: Callable[..., Page]) -> None:
    page = visit("anna", "/cameras/canteen")
    canvas = page.get_by_role("application")
    canvas.focus()
    page.keyboard.press("Enter")
    expect(canvas).to_have_attribute("aria-label", re.compile("Corners set: 1"))
    page.wait_for_function("() => window.socket?.connected")
    page.evaluate("() => window.socket.disconnect()")
    lost = page.locator("#popup")  # NiceGUI's, which goes when the server knows the page again
    expect(lost).to_have_attribute("aria-hidden", "false")
    page.wait_for_timeout(15_000)  # longer than other pages wait
    page.evaluate("() => window.socket.connect()")
    expect(lost).to_have_attribute("aria-hidden", "true")
    canvas.focus()
    page.keyboard.press("Enter")
    expect(canvas).to_have_attribute("aria-label", re.compile("Corners set: 2"))


def test_whoever_saves_a_camera_second_is_told_and_overwrites_nothing(
    visit: Callable[..., Page],
) -> None:
    page = visit("anna", "/cameras")
    headers = {"X-CSRF-Token": page.request.get("/api/v1/me").json()["csrf"]}
    body = {"name": "yard", "settings": {"url": "rtsp://192.0.2.47/stream"}}
    assert page.request.post("/api/v1/cameras", data=body, headers=headers).status == 201
    pages = [visit(name, "/cameras/yard") for name in ("anna", "otto")]
    fields = ("Smallest face (pixels)", "Kleinstes Gesicht (Pixel)")
    for each, label, pixels in zip(pages, fields, ("30", "50"), strict=True):
        each.get_by_label(label).fill(pixels)
    first, second = pages
    first.get_by_role("switch", name="Look for far faces too").click()
    for pixels in ("30", "31"):  # one's own changes are no hindrance
        first.get_by_label(fields[0]).fill(pixels)
        first.get_by_role("button", name="Save").click()
        expect(first.get_by_text("Saved.").first).to_be_visible()
        expect(first.get_by_text("Saved.")).to_have_count(0)
    second.get_by_role("button", name="Speichern").click()
    expect(second.get_by_text("Das hat inzwischen jemand geändert")).to_be_visible()
    settings = page.request.get("/api/v1/cameras/yard").json()["settings"]
    assert settings["min_face_px"] == 31
    assert settings["small_faces"] is True
    page.request.delete("/api/v1/cameras/yard", headers=headers)


def test_a_double_click_saves_a_camera_once(chromium: Browser, tmp_path: Path) -> None:
    with dashboard(tmp_path, "slow", "1") as (url, _):
        page = page_of(chromium, url, "anna")
        page.goto("/cameras")
        page.get_by_role("button", name="Add a camera").click()
        page.get_by_label("Name").fill("back door")
        page.get_by_label("Address").fill("rtsp://192.0.2.44/stream")
        page.get_by_role("button", name="Test", exact=True).click()
        save = page.get_by_role("button", name="Save")
        for path in ("/cameras", "/cameras/back door"):
            expect(page).to_have_url(f"{url}{path.replace(' ', '%20')}")
            expect(save).to_be_enabled()
            save.dblclick()
            expect(page.locator(".q-notification").first).to_contain_text("Saved.")
            page.wait_for_timeout(1000)
            expect(page.locator(".q-notification")).to_have_count(1)
            page.goto("/cameras/back door")
        csrf = page.request.get("/api/v1/me").json()["csrf"]
        audit = page.request.get("/api/v1/audit", headers={"X-CSRF-Token": csrf}).json()
        assert [each["action"] for each in audit if "camera." in each["action"]] == [
            *("camera.changed", "camera.added", "camera.tested")
        ]
        page.close()


def test_a_camera_that_its_settings_switch_off_is_offered_no_start(
    visit: Callable[..., Page],
) -> None:
    page = visit("anna", "/cameras")
    headers = {"X-CSRF-Token": page.request.get("/api/v1/me").json()["csrf"]}
    settings = {"url": "rtsp://192.0.2.46/stream", "enabled": False}
    body = {"name": "shed", "settings": settings}
    assert page.request.post("/api/v1/cameras", data=body, headers=headers).status == 201
    page.reload()
    card = page.get_by_role("region", name="shed")
    expect(card).to_contain_text("switched off by its settings (enabled: false)")
    expect(card.get_by_role("button")).to_have_count(0)
    other = page.get_by_role("region", name="ward 3")
    other.get_by_role("button", name="Stop").click()
    other.get_by_role("button", name="Start").click()
    expect(other.get_by_role("button", name="Stop")).to_be_visible()
    page.request.delete("/api/v1/cameras/shed", headers=headers)


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


def test_what_is_tried_with_a_camera_of_the_file_is_given_as_text_for_the_file(
    visit: Callable[..., Page],
) -> None:
    page = visit("anna", "/cameras/entrance")
    preview = page.get_by_role("listitem").filter(has_text="#32")
    expect(preview).to_contain_text("would alert")
    page.get_by_label("Violation below this coverage").fill("5")
    expect(preview).to_contain_text("would not alert")
    page.get_by_role("button", name="For the configuration file").click()
    expect(page.get_by_role("dialog")).to_contain_text("coverage_below: 5.0")
    # Nothing that the file says is lost on the way.
    page.goto("/cameras/canteen")
    expect(page.get_by_label("Violation below this coverage")).to_have_value("65")
    page.get_by_role("button", name="For the configuration file").click()
    for said in ("coverage_below: 65", "min_face_px: 40", "name: queue", "14:30"):
        expect(page.get_by_role("dialog")).to_contain_text(said)
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    # An empty field is no zero, which would report nobody ever again.
    page.get_by_label("Violation below this coverage").fill("")
    page.get_by_role("button", name="For the configuration file").click()
    expect(page.get_by_role("dialog")).to_contain_text("coverage_below: 80")


def test_an_acceptance_walk_ends_in_a_report(visit: Callable[..., Page]) -> None:
    page = visit("anna", "/cameras/entrance/walk")
    page.get_by_role("button", name="Begin", exact=True).click()
    for somebody_walks in (True, True, False):
        page.get_by_role("button", name="Start this part").click()
        expect(page.get_by_text(re.compile(r"Running: \d+ s, looks: [1-9]"))).to_be_visible()
        if somebody_walks:
            page.get_by_role("button", name="Passing 5 m").click()
        page.get_by_role("button", name="End this part").click()
    expect(page.get_by_text("Walks without a mask that were missed").first).to_be_visible()
    expect(page.get_by_text("1 / 1").first).to_be_visible()
    [walk] = page.request.get("/api/v1/walks?camera=entrance").json()["items"]
    assert walk["report"]["missed"] == walk["report"]["bare_walks"] == 1
    # It is still there when the page is opened again.
    page.reload()
    page.get_by_role("button", name=re.compile("anna: usable")).click()
    link = page.get_by_role("link", name="PDF").get_attribute("href")
    assert page.request.get(str(link)).body().startswith(b"%PDF")
    csrf = page.request.get("/api/v1/me").json()["csrf"]
    page.request.delete(f"/api/v1/walks/{walk['id']}", headers={"X-CSRF-Token": csrf})


def test_two_clicks_start_one_part_of_a_walk(visit: Callable[..., Page]) -> None:
    page = visit("anna", "/cameras/entrance/walk")
    page.get_by_role("button", name="Begin", exact=True).click()
    page.get_by_role("button", name="Start this part").dblclick()
    expect(page.get_by_text(re.compile(r"Running: \d+ s"))).to_be_visible()
    walk = page.request.get("/api/v1/cameras/entrance/walk").json()["walk"]
    assert [each["phase"] for each in walk["parts"]] == ["masked"]
    mark = page.get_by_role("button", name="Passing 5 m")
    mark.click()
    expect(mark).to_be_disabled()
    page.get_by_role("button", name="Start this part").click()  # it goes on, as it is
    expect(mark).to_be_disabled()
    csrf = page.request.get("/api/v1/me").json()["csrf"]
    broken_off = page.request.delete(
        "/api/v1/cameras/entrance/walk", headers={"X-CSRF-Token": csrf}
    )
    assert broken_off.ok


def test_a_walk_goes_on_where_it_was_when_its_page_is_opened_again(
    visit: Callable[..., Page],
) -> None:
    """Phones close the line of a page once their screen is dark."""
    page = visit("anna", "/cameras/entrance/walk")
    page.get_by_label("Marks in metres").fill("6, 2.5")
    page.get_by_role("button", name="Begin", exact=True).click()

    def come_again() -> None:
        page.reload()
        page.get_by_role("button", name="Go on with this walk").click()

    come_again()
    page.get_by_role("button", name="Start this part").click()
    expect(page.get_by_text(re.compile(r"Running: \d+ s"))).to_be_visible()
    come_again()
    expect(page.get_by_text(re.compile(r"Running: \d+ s"))).to_be_visible()
    page.get_by_role("button", name="Passing 5 m").click()
    expect(page.get_by_role("button", name="Passing 5 m")).to_be_disabled()
    come_again()
    expect(page.get_by_role("button", name="Passing 5 m")).to_be_disabled()
    page.get_by_role("button", name="Passing 2 m").click()
    page.get_by_role("button", name="End this part").click()
    expect(page.get_by_role("button", name="Start this part")).to_be_visible()
    come_again()
    page.get_by_role("button", name="Start this part").click()
    # The marks are those of the part before.
    expect(page.get_by_role("button", name=re.compile("^Passing"))).to_have_text(
        ["Passing 5 m", "Passing 2 m"]
    )
    walk = page.request.get("/api/v1/cameras/entrance/walk").json()["walk"]
    assert [(each["phase"], each["marks_m"]) for each in walk["parts"]] == [
        ("masked", [5, 2]),
        ("bare", []),
    ]
    headers = {"X-CSRF-Token": page.request.get("/api/v1/me").json()["csrf"]}
    assert page.request.delete("/api/v1/cameras/entrance/walk", headers=headers).ok


def test_hours_of_which_none_are_left_are_not_saved_as_always(visit: Callable[..., Page]) -> None:
    page = visit("anna", "/cameras")
    headers = {"X-CSRF-Token": page.request.get("/api/v1/me").json()["csrf"]}
    hours = {"schedule": {"hours": [{"start": "06:00:00", "end": "12:00:00"}]}}
    zone = {"name": "hall", "polygon": [[0, 0], [1, 0], [1, 1]], **hours}
    settings = {"url": "rtsp://192.0.2.50/stream", "zones": [zone], **hours}
    body = {"name": "stairs", "settings": settings}
    assert page.request.post("/api/v1/cameras", data=body, headers=headers).status == 201
    page.goto("/cameras/stairs")
    refused = page.locator(".q-notification").filter(has_text="No hours are left")
    page.get_by_role("button", name="Hours and threshold of hall").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Remove these hours").click()
    dialog.get_by_role("button", name="Done").click()
    expect(refused).to_be_visible()
    dialog.get_by_role("button", name="More hours").click()
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_have_count(0)
    expect(refused).to_have_count(0)
    page.get_by_role("button", name="Remove these hours").click()
    page.get_by_role("button", name="Save").click()
    expect(refused).to_be_visible()
    kept = page.request.get("/api/v1/cameras/stairs").json()["settings"]
    assert (kept["schedule"], kept["zones"]) == (hours["schedule"], [zone])
    # What is meant is said, and done.
    page.get_by_label("Required", exact=True).click()
    page.get_by_role("option", name="Always").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    saved = page.request.get("/api/v1/cameras/stairs").json()["settings"]
    page.request.delete("/api/v1/cameras/stairs", headers=headers)
    assert "schedule" not in saved
    [changed] = saved["zones"][0]["schedule"]["hours"]
    assert changed["start"] == "07:00:00"


def test_thresholds_that_the_configuration_allows_stay_when_one_passes_them_by(
    visit: Callable[..., Page],
) -> None:
    page = visit("anna", "/cameras")
    headers = {"X-CSRF-Token": page.request.get("/api/v1/me").json()["csrf"]}
    thresholds = {"rule": {"coverage_below": 100.0, "hold_s": 120.0}, "min_face_px": 2500.0}
    settings = {"url": "rtsp://192.0.2.51/stream", **thresholds}
    body = {"name": "dock", "settings": settings}
    assert page.request.post("/api/v1/cameras", data=body, headers=headers).status == 201
    page.goto("/cameras/dock")
    page.get_by_label("Violation below this coverage").focus()
    for label in ("It must last", "Smallest face"):
        page.keyboard.press("Tab")
        expect(page.get_by_label(label)).to_be_focused()
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    saved = page.request.get("/api/v1/cameras/dock").json()["settings"]
    page.request.delete("/api/v1/cameras/dock", headers=headers)
    assert {name: saved[name] for name in thresholds} == thresholds


def test_hours_keep_the_seconds_that_nobody_has_changed(visit: Callable[..., Page]) -> None:
    page = visit("anna", "/cameras")
    headers = {"X-CSRF-Token": page.request.get("/api/v1/me").json()["csrf"]}
    hours = {"start": "06:00:30", "end": "23:59:59"}
    settings = {"url": "rtsp://192.0.2.48/stream", "schedule": {"hours": [hours]}}
    body = {"name": "lab", "settings": settings}
    assert page.request.post("/api/v1/cameras", data=body, headers=headers).status == 201
    page.goto("/cameras/lab")
    page.get_by_label("From").fill("07:00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    saved = page.request.get("/api/v1/cameras/lab").json()["settings"]["schedule"]["hours"]
    page.request.delete("/api/v1/cameras/lab", headers=headers)
    assert saved == [{"start": "07:00:00", "end": "23:59:59"}]


def test_holidays_of_a_camera_where_masks_are_always_required_are_shown_and_kept(
    visit: Callable[..., Page],
) -> None:
    page = visit("anna", "/cameras")
    headers = {"X-CSRF-Token": page.request.get("/api/v1/me").json()["csrf"]}
    schedule = {"holidays": ["2026-12-25"], "holiday_hours": [{"end": "12:00:00"}]}
    settings = {"url": "rtsp://192.0.2.49/stream", "schedule": schedule}
    body = {"name": "gate", "settings": settings}
    assert page.request.post("/api/v1/cameras", data=body, headers=headers).status == 201
    page.goto("/cameras/gate")
    expect(page.get_by_label("Required", exact=True)).to_have_value("Always")
    page.get_by_label("Holidays, not required").fill("2026-12-25, 2026-12-26")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    saved = page.request.get("/api/v1/cameras/gate").json()["settings"]["schedule"]
    page.request.delete("/api/v1/cameras/gate", headers=headers)
    assert saved == schedule | {"holidays": ["2026-12-25", "2026-12-26"]}


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


def test_the_logs_are_in_the_readers_language(visit: Callable[..., Page]) -> None:
    page = visit("otto", "/system")
    page.get_by_role("tab", name="Protokoll").click()
    expect(page.get_by_role("cell", name="Angemeldet").first).to_be_visible()
    page.get_by_role("tab", name="Zustand").click()
    expect(page.get_by_role("cell", name="Verbindung").first).to_be_visible()
    expect(page.get_by_role("cell", name="verloren").first).to_be_visible()


def test_a_walk_of_somebody_else_is_named_and_can_be_broken_off(
    visit: Callable[..., Page],
) -> None:
    anna = visit("anna", "/cameras/ward 3/walk")
    anna.get_by_role("button", name="Begin", exact=True).click()
    expect(anna.get_by_role("button", name="Start this part").first).to_be_visible()
    otto = visit("otto", "/cameras/ward 3/walk")
    expect(otto.get_by_text("anna geht hier seit")).to_be_visible()
    otto.get_by_role("button", name="Diesen Gang abbrechen").click()
    expect(otto.get_by_text("anna geht hier seit")).to_have_count(0)
    otto.get_by_role("button", name="Beginnen", exact=True).click()
    expect(otto.get_by_role("button", name="Diesen Teil starten").first).to_be_visible()


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


def test_a_link_to_an_episode_that_is_gone_says_so_in_the_readers_language(
    visit: Callable[..., Page],
) -> None:
    page = visit("otto", "/events?episode=01a204dba455c502258e485742e1943a")
    expect(page.get_by_text("Das hat nicht geklappt: das gibt es nicht (mehr)")).to_be_visible()


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


def test_100_000_episodes_are_paged_and_searched(chromium: Browser, tmp_path: Path) -> None:
    with dashboard(tmp_path, "many", "1") as (url, _):
        page = page_of(chromium, url, "vera")
        page.goto("/events")
        expect(page.get_by_role("status").first).to_have_text("Episodes: 100 000")
        starts = page.locator("tbody tr td:first-child")
        seen: list[str] = []
        for _ in range(3):
            expect(starts).to_have_count(25)
            shown = starts.all_inner_texts()
            assert not seen or shown[0] <= seen[-1]
            seen += shown
            page.get_by_role("button", name="Older").click()
            expect(starts.first).not_to_have_text(shown[0])
        assert seen == sorted(seen, reverse=True)
        page.get_by_label("Search").fill("camera 17")
        expect(page.locator("tbody tr td:nth-child(2)").first).to_have_text("camera 17")
        page.close()
