"""The page of a camera: its picture, zones, hours and other settings."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.web.service import SIZE

pytest.importorskip("nicegui")
pytest.importorskip("playwright.sync_api")

from playwright.sync_api import Browser, Page, Route, expect

from tests.web.chromium import page_of, until
from tests.web.running import dashboard


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


def test_the_smallest_face_is_drawn_before_anything_is_changed(
    visit: Callable[..., Page],
) -> None:
    page = visit("anna", "/cameras/entrance")
    square = page.get_by_role("application").locator("rect")
    expect(square).to_have_attribute("width", "24")


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
    first.get_by_label("Turn the picture clockwise").click()
    first.get_by_role("option", name="90°").click()
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
    assert settings["turn"] == 90
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
