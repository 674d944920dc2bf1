"""Review: faces are labelled with the keyboard."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable

import pytest

pytest.importorskip("nicegui")
pytest.importorskip("playwright.sync_api")

from playwright.sync_api import Locator, Page, Route, expect

from tests.web.chromium import judge, until


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


def test_a_face_whose_photo_could_not_be_loaded_is_not_judged(visit: Callable[..., Page]) -> None:
    page = visit("ravi", "/review")
    page.route(PHOTO, lambda route: route.abort())
    page.reload()
    shown = str(face_of(page).get_attribute("src"))
    page.wait_for_function("() => window.socket?.connected")
    page.wait_for_function("() => document.querySelector('.mw-photo img').complete")
    page.keyboard.press("1")
    page.get_by_role("button", name="1 Mask").click()
    page.wait_for_timeout(1000)  # in which it would be labelled
    expect(face_of(page)).to_have_attribute("src", shown)
    page.keyboard.press("0")
    expect(face_of(page)).not_to_have_attribute("src", shown)
    page.keyboard.press("u")
    expect(face_of(page)).to_have_attribute("src", shown)


def test_an_empty_page_shows_a_face_once_there_is_one(visit: Callable[..., Page]) -> None:
    page = visit("anna", "/system")
    headers = {"X-CSRF-Token": page.request.get("/api/v1/me").json()["csrf"]}
    waiting = [each["id"] for each in page.request.get("/api/v1/review").json()["items"]]
    for each in waiting:
        assert page.request.post(f"/api/v1/review/{each}/skip", headers=headers).ok
    page.goto("/review")
    expect(page.get_by_text("Nothing waits for a label")).to_be_visible()
    for each in waiting:
        assert page.request.post(f"/api/v1/review/{each}/undo", headers=headers).ok
    expect(face_of(page)).to_be_visible()


PHOTO = re.compile("/api/v1/review/.*/photo")


def face_of(page: Page) -> Locator:
    """The picture of the face that waits for a label."""
    return page.locator('img[src^="/api/v1/review/"]')
