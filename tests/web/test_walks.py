"""Acceptance walks over REST: walking one, and what is kept of it."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from maskwatch.config.privacy import PrivacyConfig
from maskwatch.runtime.monitoring.control import CameraPhase
from maskwatch.runtime.monitoring.live_hub import LivePerson
from maskwatch.store.ids import new_id
from maskwatch.store.records import (
    Delivery,
    DeliveryKind,
    DeliveryState,
    Role,
    WalkRecord,
)
from maskwatch.types import State
from maskwatch.web.actions.walks import finish_walk
from maskwatch.web.app import create_app
from maskwatch.web.pages.walk import marks_in
from maskwatch.web.walks.recording import FORGOTTEN_AFTER
from maskwatch.web.walks.report import WalkReport
from maskwatch.web.walks.values import Mark, Part, Phase, Sighting
from tests.web.made_up import episode
from tests.web.world import NOW, World, log_in


def finished_walk(world: World) -> WalkRecord:
    seen = Sighting(NOW + timedelta(seconds=2), 1, State.NO_MASK, 41.0)
    start, end = NOW, NOW + timedelta(seconds=30)
    bare = Part(Phase.BARE, start, end, (Mark(NOW, 3.0),), (seen,))
    return finish_walk(world.web, "anna", "entrance", [bare])


def test_where_there_are_no_episodes_nobody_walks(admin: TestClient, world: World) -> None:
    world.set_privacy(PrivacyConfig(statistics_only=True))
    answer = admin.post("/api/v1/cameras/entrance/walk")
    assert answer.status_code == 403
    assert "statistics-only" in answer.json()["detail"]


def test_no_report_is_kept_of_a_walk_whose_episodes_have_gone_meanwhile(
    admin: TestClient, world: World
) -> None:
    walking = "/api/v1/cameras/entrance/walk"
    admin.post(walking)
    assert admin.post(f"{walking}/parts", json={"phase": "bare"}).is_success
    world.set_privacy(PrivacyConfig(statistics_only=True))
    answer = admin.post(f"{walking}/finish")
    assert answer.status_code == 403
    assert "statistics-only" in answer.json()["detail"]
    assert admin.get("/api/v1/walks").json()["items"] == []
    assert admin.delete(walking).is_success


def test_a_walk_counts_the_alarms_of_its_time_and_is_kept(admin: TestClient, world: World) -> None:
    raised = NOW + timedelta(seconds=4.5)  # what holds for a while began before it is an alarm
    milliseconds = round(raised.timestamp() * 1000)
    made = episode(world, NOW + timedelta(seconds=3), id=f"{milliseconds:012x}{7:020x}")
    sent = NOW + timedelta(seconds=5)
    message = Delivery(
        new_id(), made.id, DeliveryKind.VIOLATION, "mail", state=DeliveryState.SENT, sent_at=sent
    )
    world.store.deliveries.add([message])
    episode(world, NOW + timedelta(minutes=5))  # long after it
    episode(world, NOW + timedelta(seconds=4), camera="ward 3")
    walk = finished_walk(world)
    [told] = admin.get("/api/v1/walks", params={"camera": "entrance"}).json()["items"]
    assert told == admin.get(f"/api/v1/walks/{walk.id}").json()
    assert told["walked_by"] == "anna"
    assert told["report"] == {
        "usable_m": 3.0,
        "smallest_face_px": 41.0,
        "distances": [{"distance_m": 3.0, "masked_right": None, "bare_right": True}],
        "bare_walks": 1,
        "missed": 0,
        "quiet_hours": 0.0,
        "false_alarms": 0,
        "false_alarms_per_hour": None,
        "seconds_to_alarm": 2.5,
        "seconds_to_message": 3.0,
        "untested": 0,
    }
    assert admin.get("/api/v1/walks?camera=canteen").json()["items"] == []


def test_walks_are_leafed_through(admin: TestClient, world: World) -> None:
    made = {finished_walk(world).id for _ in range(3)}
    first = admin.get("/api/v1/walks?limit=2").json()
    rest = admin.get("/api/v1/walks", params={"limit": 2, "after": first["next"]}).json()
    assert [len(each["items"]) for each in (first, rest)] == [2, 1]
    assert {each["id"] for each in (*first["items"], *rest["items"])} == made
    assert rest["next"] is None


def test_an_alarm_between_two_parts_of_a_walk_belongs_to_the_first(world: World) -> None:
    def part(phase: Phase, start: int, end: int) -> Part:
        return Part(phase, NOW + timedelta(seconds=start), NOW + timedelta(seconds=end))

    episode(world, NOW + timedelta(seconds=11))
    episode(world, NOW + timedelta(seconds=13))
    parts = [part(Phase.BARE, 0, 10), part(Phase.EMPTY, 12, 20)]
    report = finish_walk(world.web, "anna", "entrance", parts).report
    assert (report["missed"], report["false_alarms"]) == (0, 1)


def walked(world: World, *parts: tuple[Phase, int, int]) -> dict[str, object]:
    """The report of parts that went from one second to another."""
    went = []
    for phase, start, end in parts:
        begin = NOW + timedelta(seconds=start)
        state = State.NO_MASK if phase is Phase.BARE else State.MASK
        seen = Sighting(begin + timedelta(seconds=1), 1, state, None)
        went.append(Part(phase, begin, NOW + timedelta(seconds=end), sightings=(seen,)))
    return dict(finish_walk(world.web, "anna", "entrance", went).report)


@pytest.mark.parametrize("ended_s", [None, 45, 70])
def test_a_mask_taken_off_in_view_between_two_parts_is_an_alarm_of_the_walk_without_one(
    world: World, ended_s: int | None
) -> None:
    # Whoever comes back after a moment has the same episode: no other begins in the second part.
    ended_at = None if ended_s is None else NOW + timedelta(seconds=ended_s)
    episode(world, NOW + timedelta(seconds=33), ended_at=ended_at)
    report = walked(world, (Phase.MASKED, 0, 30), (Phase.BARE, 40, 60))
    assert (report["missed"], report["false_alarms"]) == (0, 0)
    # Since when the face is bare nobody said, so how long the alarm took is not known.
    assert (report["seconds_to_alarm"], report["seconds_to_message"]) == (None, None)


def test_a_mask_put_on_again_between_two_parts_is_a_miss_of_the_second(world: World) -> None:
    episode(world, NOW + timedelta(seconds=33), ended_at=NOW + timedelta(seconds=39))
    report = walked(world, (Phase.MASKED, 0, 30), (Phase.BARE, 40, 60))
    assert (report["missed"], report["false_alarms"]) == (1, 1)


def test_an_alarm_over_a_worn_mask_is_false_also_where_it_lasts(world: World) -> None:
    episode(world, NOW + timedelta(seconds=20))
    report = walked(world, (Phase.MASKED, 0, 30), (Phase.BARE, 30, 60))
    # The second walk is not missed, either: who has an open episode gets no other.
    assert (report["missed"], report["false_alarms"]) == (0, 1)


@pytest.mark.parametrize(("since_s", "track"), [(3600, 1), (10, 2)])
def test_an_episode_of_somebody_else_is_no_alarm_of_who_walks(
    world: World, since_s: int, track: int
) -> None:
    episode(world, NOW - timedelta(seconds=since_s), track=track)
    assert walked(world, (Phase.BARE, 0, 20))["missed"] == 1


def test_an_episode_that_goes_on_is_no_false_alarm_of_the_part_after_it(world: World) -> None:
    episode(world, NOW + timedelta(seconds=5))
    report = walked(world, (Phase.BARE, 0, 20), (Phase.MASKED, 25, 60))
    assert (report["missed"], report["false_alarms"]) == (0, 0)


def test_an_alarm_that_lasts_when_a_walk_without_a_mask_begins_is_shown_in_it(
    admin: TestClient, world: World, clock: Clock
) -> None:
    admin.post(WALK)
    episode(world, clock.wait(1))
    for phase, alarms in (("masked", 0), ("bare", 1)):
        clock.wait(5)
        admin.post(f"{WALK}/parts", json={"phase": phase})
        assert admin.get(WALK).json()["alarms"] == 0  # nobody has been seen in it yet
        show(world, clock.wait(1), State.NO_MASK, 40)
        assert admin.get(WALK).json()["alarms"] == alarms


def test_the_report_of_a_walk_is_a_file(admin: TestClient, world: World) -> None:
    walk = finished_walk(world)
    answer = admin.get(f"/api/v1/walks/{walk.id}/report.png")
    assert Image.open(io.BytesIO(answer.content)).size == (1240, 1754)
    assert admin.get(f"/api/v1/walks/{walk.id}/report.pdf").content.startswith(b"%PDF")


def test_a_walk_that_was_only_a_try_can_be_deleted(admin: TestClient, world: World) -> None:
    walk = finished_walk(world)
    assert admin.delete(f"/api/v1/walks/{walk.id}").status_code == 204
    assert admin.get(f"/api/v1/walks/{walk.id}").status_code == 404
    assert [each.action for each in world.store.audit.about(["entrance"])] == [
        "camera.walk_deleted",
        "camera.walk_finished",
    ]


# --- walking


class Clock:
    """The time that it is, which only a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


@pytest.fixture
def clock(world: World) -> Clock:
    """Of the world."""
    made = Clock()
    world.web.now = made
    return made


WALK = "/api/v1/cameras/entrance/walk"


def show(world: World, at: datetime, state: State, face_px: float) -> None:
    # One's verdict is still to hold when the next mark is passed; what is read counts.
    seen = LivePerson(1, State.UNKNOWN, None, 50.0, None, at, face_px=face_px, read=state)
    world.hub.publish("entrance", None, (seen,), at)


def test_a_walk_is_walked_over_rest(admin: TestClient, world: World, clock: Clock) -> None:
    begun = admin.post(WALK)
    assert (begun.status_code, begun.json()["parts"]) == (201, [])
    for phase, state in (("masked", State.MASK), ("bare", State.NO_MASK)):
        assert admin.post(f"{WALK}/parts", json={"phase": phase}).status_code == 201
        for distance, face_px in ((3, 30.0), (1.5, 80.0)):
            clock.wait(1)
            told = admin.post(f"{WALK}/marks", json={"distance_m": distance})
            assert told.status_code == 201
            show(world, clock.wait(1), state, face_px)
        clock.wait(1)
        if phase == "bare":
            episode(world, clock.now)
            running = admin.get(WALK).json()
            assert running["alarms"] == 1
            assert running["walk"]["walked_by"] == "anna"
            masked, bare = running["walk"]["parts"]
            assert (masked["phase"], masked["ended_at"]) == ("masked", bare["started_at"])
            assert (bare["marks_m"], bare["sightings"], bare["ended_at"]) == ([3, 1.5], 2, None)
    paused = admin.post(f"{WALK}/pause").json()
    assert paused["parts"][-1]["ended_at"] is not None
    clock.wait(30)
    admin.post(f"{WALK}/parts", json={"phase": "empty"})
    clock.wait(36)
    answer = admin.post(f"{WALK}/finish")
    assert answer.status_code == 201
    report = answer.json()["report"]
    assert (report["usable_m"], report["smallest_face_px"]) == (3, 30)
    assert (report["missed"], report["false_alarms"]) == (0, 0)
    assert report["quiet_hours"] == pytest.approx((5 + 36) / 3600)
    assert admin.get(f"/api/v1/walks/{answer.json()['id']}").json() == answer.json()
    assert admin.get(WALK).status_code == 404
    assert not world.hub.is_watched("entrance")
    assert [each.action for each in world.store.audit.about(["entrance"])] == [
        "camera.walk_finished",
        "camera.walk_begun",
    ]


def test_a_walk_must_be_begun_and_have_a_part(admin: TestClient, clock: Clock) -> None:
    del clock
    assert admin.post("/api/v1/cameras/nowhere/walk").status_code == 404
    for route in ("parts", "marks", "pause", "finish"):
        body = {"parts": {"phase": "bare"}, "marks": {"distance_m": 1}}.get(route)
        assert admin.post(f"{WALK}/{route}", json=body).status_code == 404, route
    assert admin.delete(WALK).status_code == 404
    admin.post(WALK)
    assert admin.post(f"{WALK}/marks", json={"distance_m": 1}).status_code == 422
    assert admin.post(f"{WALK}/finish").status_code == 422
    # It was not finished, so it goes on.
    assert admin.post(f"{WALK}/parts", json={"phase": "bare"}).status_code == 201
    for wrong in (0, -1, 1000, "far"):
        assert admin.post(f"{WALK}/marks", json={"distance_m": wrong}).status_code == 422
    assert admin.post(f"{WALK}/parts", json={"phase": "asleep"}).status_code == 422


OFF_DUTY = [
    ({"required": False}, "no mask is required before 'entrance' now"),
    ({"phase": CameraPhase.LOST}, "'entrance' is not watching now"),
    ({"phase": CameraPhase.STOPPED}, "'entrance' is not watching now"),
]


def have(world: World, **values: object) -> None:
    """Changes how the entrance is doing."""
    world.service.cameras = [
        replace(each, **values) if each.camera == "entrance" else each  # type: ignore[arg-type]
        for each in world.service.cameras
    ]


@pytest.mark.parametrize(("values", "why"), OFF_DUTY)
def test_nobody_walks_where_nothing_can_be_an_alarm(
    admin: TestClient, world: World, values: dict[str, object], why: str
) -> None:
    have(world, **values)
    answer = admin.post(WALK)
    assert (answer.status_code, admin.get(WALK).status_code) == (422, 404)
    assert why in answer.json()["detail"]


@pytest.mark.parametrize(("values", "why"), OFF_DUTY)
def test_no_part_starts_where_nothing_can_be_an_alarm_any_more(
    admin: TestClient, world: World, values: dict[str, object], why: str
) -> None:
    admin.post(WALK)
    admin.post(f"{WALK}/parts", json={"phase": "masked"})
    have(world, **values)
    answer = admin.post(f"{WALK}/parts", json={"phase": "bare"})
    assert answer.status_code == 422
    assert why in answer.json()["detail"]
    [masked] = admin.get(WALK).json()["walk"]["parts"]
    assert masked["ended_at"] is None


@pytest.mark.parametrize(("values", "_why"), OFF_DUTY)
@pytest.mark.parametrize("ended_by", ["pause", "finish"])
def test_a_walk_that_ends_where_nothing_can_be_an_alarm_was_not_missed(
    admin: TestClient, world: World, values: dict[str, object], _why: str, ended_by: str
) -> None:
    admin.post(WALK)
    admin.post(f"{WALK}/parts", json={"phase": "bare"})
    have(world, **values)
    if ended_by == "pause":
        admin.post(f"{WALK}/pause")
        have(world, required=True, phase=CameraPhase.WATCHING)
    walk = admin.post(f"{WALK}/finish").json()
    report = walk["report"]
    assert (report["untested"], report["bare_walks"], report["missed"]) == (1, 0, 0)
    assert admin.get(f"/api/v1/walks/{walk['id']}/report.pdf").content.startswith(b"%PDF")


def test_a_walk_of_somebody_who_is_free_was_not_missed(
    admin: TestClient, world: World, clock: Clock
) -> None:
    admin.post(WALK)
    admin.post(f"{WALK}/parts", json={"phase": "bare"})
    seen = LivePerson(1, State.NO_MASK, None, 5.0, "break room", clock.wait(1), free=True)
    world.hub.publish("entrance", None, (seen,), clock.now)
    report = admin.post(f"{WALK}/finish").json()["report"]
    assert (report["untested"], report["bare_walks"], report["missed"]) == (1, 0, 0)


def test_reports_of_before_are_read(world: World) -> None:
    report = dict(finished_walk(world).report)
    del report["untested"]
    assert WalkReport.of(report).untested == 0


def test_a_walk_is_broken_off(admin: TestClient, world: World, clock: Clock) -> None:
    del clock
    admin.post(WALK)
    admin.post(f"{WALK}/parts", json={"phase": "bare"})
    assert world.hub.is_watched("entrance")
    assert admin.delete(WALK).status_code == 204
    assert not world.hub.is_watched("entrance")
    assert admin.get(WALK).status_code == 404
    assert admin.get("/api/v1/walks").json()["items"] == []


def test_a_walk_ends_with_its_camera(admin: TestClient, world: World) -> None:
    body = {"name": "yard", "settings": {"url": "rtsp://8.8.8.8/stream"}}
    assert admin.post("/api/v1/cameras", json=body).status_code == 201
    walk = "/api/v1/cameras/yard/walk"
    admin.post(walk)
    admin.post(f"{walk}/parts", json={"phase": "bare"})
    assert admin.delete("/api/v1/cameras/yard").status_code == 200
    assert not world.hub.is_watched("yard")
    # Another one of that name has nothing to do with it.
    admin.post("/api/v1/cameras", json=body)
    assert admin.get(walk).status_code == 404
    world.web.walking.begin("yard", "otto", NOW)


def test_nobody_walks_into_the_walk_of_somebody_else(
    admin: TestClient, world: World, clock: Clock
) -> None:
    admin.post(WALK)
    admin.post(f"{WALK}/parts", json={"phase": "bare"})
    world.add_user("otto", Role.ADMIN)
    otto = TestClient(create_app(world.web, dashboard=False))
    log_in(otto, "otto")
    refused = otto.post(WALK)
    assert refused.status_code == 409
    assert "anna is walking" in refused.json()["detail"]
    # One's own is begun anew: the page was closed, say.
    assert admin.post(WALK).json()["parts"] == []
    assert not world.hub.is_watched("entrance")
    # A walk that everybody forgot is in nobody's way; sessions are shorter than that.
    world.web.walking.begin("ward 3", "anna", clock.now)
    world.web.walking.begin("ward 3", "otto", clock.now + FORGOTTEN_AFTER + timedelta(seconds=1))


def test_programs_of_two_users_walk_apart_though_their_tokens_have_one_name(
    admin: TestClient, world: World, as_user: Callable[[str], TestClient]
) -> None:
    world.add_user("otto", Role.ADMIN)
    answers = []
    for name in ("anna", "otto"):
        body = {"name": "panel", "scopes": ["cameras:read", "cameras:write"]}
        token = as_user(name).post("/api/v1/tokens", json=body).json()["token"]
        program = TestClient(admin.app, headers={"Authorization": f"Bearer {token}"})
        answers.append(program.post(WALK))
    assert [each.status_code for each in answers] == [201, 409]
    assert "token:anna/panel is walking" in answers[1].json()["detail"]


@pytest.mark.parametrize(
    ("text", "distances"),
    [
        ("5, 4, 2.5", [5, 4, 2.5]),
        ("5,4,3", [5, 4, 3]),
        ("5; 4; 2,5", [5, 4, 2.5]),
        ("5 2,5", [5, 2.5]),
        ("3,", [3]),
        ("0, -1, 1e9, nan, x", []),
        ("", []),
    ],
)
def test_marks_are_read_as_people_write_them(text: str, distances: list[float]) -> None:
    assert marks_in(text) == distances
