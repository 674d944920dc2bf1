"""The REST API: what it returns, what it changes, and that it keeps its own word (OpenAPI)."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from pydantic import TypeAdapter

from maskwatch.config.cameras import CameraConfig
from maskwatch.store.ids import new_id
from maskwatch.store.records import (
    Delivery,
    DeliveryKind,
    DeliveryState,
    EpisodeRecord,
    PersonRecord,
    SnapshotFace,
    SnapshotKind,
    WalkRecord,
)
from maskwatch.types import Fault, State
from maskwatch.web.actions.compliance import Rate
from maskwatch.web.actions.walk_report import Leg, Mark, Phase, Sighting
from maskwatch.web.actions.walks import finish_walk
from maskwatch.web.identity import Principal
from maskwatch.web.pages.camera import DEFAULTS
from maskwatch.web.security.scopes import scopes_of
from tests.web.world import NOW, World, add_photo, person, portrait, publish


def episode(world: World, at: datetime = NOW, **values: Any) -> EpisodeRecord:
    made = EpisodeRecord(
        **{
            "id": new_id(),
            "camera": "entrance",
            "zone": None,
            "track": 1,
            "state": State.INCORRECT,
            "fault": Fault.NOSE_OUT,
            "coverage": 12.0,
            "started_at": at,
            **values,
        }
    )
    world.store.episodes.add(made)
    return made


def people(world: World, camera: str, states: list[State], day: datetime) -> None:
    for track, state in enumerate(states):
        fault = Fault.NOSE_OUT if state is State.INCORRECT else None
        record = PersonRecord(new_id(), camera, None, track, state, fault, day, day)
        world.store.people.put(record)


# --- episodes


def test_all_episodes_are_reached_page_by_page_newest_first(
    admin: TestClient, world: World
) -> None:
    made = [episode(world, NOW - timedelta(minutes=i)).id for i in range(7)]
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = admin.get("/api/v1/episodes", params={"limit": "3", **after}).json()
        seen += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == made


def test_episodes_are_filtered(admin: TestClient, world: World) -> None:
    wanted = episode(world, camera="ward 3", state=State.NO_MASK, fault=None)
    episode(world)
    for query in ("camera=ward 3", "state=no_mask", "text=ward"):
        items = admin.get(f"/api/v1/episodes?{query}").json()["items"]
        assert [each["id"] for each in items] == [wanted.id], query
    assert admin.get("/api/v1/episodes?fault=chin_out").json()["items"] == []


def test_an_episode_says_what_to_do(admin: TestClient, world: World) -> None:
    made = episode(world)
    told = admin.get(f"/api/v1/episodes/{made.id}").json()["episode"]
    assert (told["words"], told["advice"]) == ("nose out", "pull the mask up over your nose")


def test_acknowledging_withdraws_what_still_waits(admin: TestClient, world: World) -> None:
    made = episode(world)
    waiting = Delivery(new_id(), made.id, DeliveryKind.VIOLATION, "manager", stage=2)
    world.store.deliveries.add([waiting])
    answer = admin.post(f"/api/v1/episodes/{made.id}/acknowledge")
    assert answer.json()["acknowledged_by"] == "anna"
    assert world.store.deliveries.get(waiting.id).state is DeliveryState.CANCELLED


def test_looking_at_an_episode_and_its_photo_is_in_the_audit_log(
    admin: TestClient, world: World
) -> None:
    made = episode(world)
    add_photo(world, made)
    admin.get(f"/api/v1/episodes/{made.id}")
    assert admin.get(f"/api/v1/episodes/{made.id}/photo").content == portrait(made.fault)[0]
    entries = world.store.audit.page(subject=made.id)
    assert [(each.actor, each.action) for each in entries] == [
        ("anna", "episode.photo_viewed"),
        ("anna", "episode.viewed"),
    ]
    assert admin.get("/api/v1/audit/verification").json()["sound"] is True


def test_what_is_called_wrong_waits_for_a_label_with_the_right_face(
    admin: TestClient, world: World
) -> None:
    made = episode(world)
    add_photo(world, made)
    admin.post(f"/api/v1/episodes/{made.id}/correct", json={"state": "mask"})
    [item] = admin.get("/api/v1/review").json()["items"]
    assert (item["episode_id"], item["reason"], item["state"]) == (made.id, "wrong", "mask")


@pytest.mark.parametrize("body", [{"state": "incorrect"}, {"state": "mask", "fault": "other"}])
def test_a_fault_goes_with_incorrect_and_with_nothing_else(
    admin: TestClient, world: World, body: dict[str, str]
) -> None:
    made = episode(world)
    assert admin.post(f"/api/v1/episodes/{made.id}/correct", json=body).status_code == 422


def test_an_episode_is_handed_out_and_deleted_with_proof(admin: TestClient, world: World) -> None:
    made = episode(world)
    add_photo(world, made)
    archive = zipfile.ZipFile(
        io.BytesIO(admin.get(f"/api/v1/episodes/{made.id}/export.zip").content)
    )
    names = [name.split("/")[1] for name in archive.namelist()]
    assert "episode.json" in names
    assert any(name.endswith(".jpg") for name in names)
    assert admin.delete(f"/api/v1/episodes/{made.id}").status_code == 204
    assert admin.get(f"/api/v1/episodes/{made.id}").status_code == 404
    assert list(world.store.snapshots.folder.rglob("*.jpg")) == []
    deleted = admin.get("/api/v1/deletions").json()["items"]
    assert {each["reason"] for each in deleted} == {"subject_request"}


# --- people


PERIOD = "since=2026-03-01T00:00:00Z&until=2026-03-08T00:00:00Z"


def test_the_rate_counts_people_and_leaves_the_unknown_out(admin: TestClient, world: World) -> None:
    states = [State.MASK] * 8 + [State.NO_MASK, State.INCORRECT] + [State.UNKNOWN] * 3
    people(world, "entrance", states, datetime(2026, 3, 2, 9, tzinfo=UTC))
    answer = admin.get(f"/api/v1/people/rate?{PERIOD}")
    rate = TypeAdapter(Rate).validate_json(answer.content)
    assert (rate.people, rate.judged, rate.masked, rate.unknown) == (13, 10, 8, 3)
    assert rate.share == 0.8
    # Wilson's interval of 8 of 10.
    assert (round(rate.low or 0, 3), round(rate.high or 0, 3)) == (0.49, 0.943)


def test_a_period_is_compared_with_the_one_before(admin: TestClient, world: World) -> None:
    people(world, "entrance", [State.MASK] * 100, datetime(2026, 3, 3, tzinfo=UTC))
    people(world, "entrance", [State.NO_MASK] * 100, datetime(2026, 2, 25, tzinfo=UTC))
    found = admin.get(f"/api/v1/people/comparison?{PERIOD}").json()
    assert found["change"] == {"points": 100.0, "is_clear": True}


def test_any_two_periods_are_compared(admin: TestClient, world: World) -> None:
    people(world, "entrance", [State.MASK] * 90, datetime(2026, 3, 3, tzinfo=UTC))
    people(world, "entrance", [State.NO_MASK] * 90, datetime(2026, 2, 25, tzinfo=UTC))
    people(
        world, "entrance", [State.MASK, State.NO_MASK] * 50, datetime(2025, 3, 31, 23, tzinfo=UTC)
    )
    year_ago = "before_since=2025-03-01T00:00:00Z&before_until=2025-04-01T00:00:00Z"
    found = admin.get(f"/api/v1/people/comparison?{PERIOD}&{year_ago}").json()
    assert (found["before"]["judged"], found["change"]["points"]) == (100, 50.0)
    report = admin.get(f"/api/v1/people/report.pdf?{PERIOD}&{year_ago}")
    assert report.content.startswith(b"%PDF")


def test_half_a_period_to_compare_with_is_refused(admin: TestClient) -> None:
    for half in ("before_since=2025-03-01T00:00:00Z", "before_until=2025-03-01T00:00:00Z"):
        assert admin.get(f"/api/v1/people/comparison?{PERIOD}&{half}").status_code == 422


def test_a_report_of_many_days_goes_on_on_the_next_page(admin: TestClient, world: World) -> None:
    for day in range(60):
        at = datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)
        people(world, "entrance", [State.MASK], at)
    period = "since=2026-01-01T00:00:00Z&until=2026-03-02T00:00:00Z"
    pages = Image.open(io.BytesIO(admin.get(f"/api/v1/people/report.png?{period}").content))
    assert pages.size == (1240, 3 * 1754)
    pdf = admin.get(f"/api/v1/people/report.pdf?{period}").content
    assert re.search(rb"/Count 3\b", pdf)


def test_groups_come_as_a_table_that_no_spreadsheet_runs(admin: TestClient, world: World) -> None:
    people(world, "=cmd()", [State.MASK, State.NO_MASK], datetime(2026, 3, 2, tzinfo=UTC))
    lines = admin.get(f"/api/v1/people/groups.csv?{PERIOD}&by=camera").text.splitlines()
    assert lines[1].startswith("'=cmd(),2,1,0,1,0,")


def test_the_report_is_a_page_with_something_on_it(admin: TestClient, world: World) -> None:
    people(world, "entrance", [State.MASK, State.NO_MASK], datetime(2026, 3, 2, tzinfo=UTC))
    answer = admin.get(f"/api/v1/people/report.png?{PERIOD}")
    page = Image.open(io.BytesIO(answer.content))
    assert page.size == (1240, 1754)
    colours = page.convert("RGB").getcolors(1 << 20)
    assert colours is not None
    assert (0, 125, 100) in {colour for _, colour in colours}  # a bar of the chart
    assert admin.get(f"/api/v1/people/report.pdf?{PERIOD}").content.startswith(b"%PDF")


def test_a_period_without_an_offset_or_backwards_is_refused(admin: TestClient) -> None:
    for query in (
        "since=2026-03-01T00:00:00&until=2026-03-08T00:00:00Z",
        "since=2026-03-08T00:00:00Z&until=2026-03-01T00:00:00Z",
    ):
        assert admin.get(f"/api/v1/people/rate?{query}").status_code == 422


# --- review


def queued(admin: TestClient, world: World, *, blurred: bool = False) -> str:
    made = episode(world)
    if blurred:
        jpeg, box, (width, height) = portrait(made.fault)
        snapshot = world.store.snapshots.save(
            jpeg,
            kind=SnapshotKind.EPISODE,
            camera=made.camera,
            taken_at=NOW,
            width=width,
            height=height,
            faces=(SnapshotFace(box, made.state, made.fault, is_subject=True, blurred=True),),
            episode_id=made.id,
        )
        world.store.episodes.update(
            made.id, state=made.state, fault=made.fault, coverage=1, snapshot_id=snapshot.id
        )
    else:
        add_photo(world, made)
    body = {"state": "incorrect", "fault": "under_chin"}
    admin.post(f"/api/v1/episodes/{made.id}/correct", json=body)
    items = admin.get("/api/v1/review").json()["items"]
    return next(str(item["id"]) for item in items if item["episode_id"] == made.id)


def test_labels_leave_as_a_manifest_that_the_training_kit_reads(
    admin: TestClient, world: World, tmp_path: Path
) -> None:
    manifest = pytest.importorskip("maskwatch_train.data.manifest")
    item = queued(admin, world)
    label = {"state": "incorrect", "fault": "chin_out"}
    assert admin.post(f"/api/v1/review/{item}/label", json=label).status_code == 200
    answer = admin.get("/api/v1/review/export.zip")
    folder = tmp_path / "set"
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(folder)
    read = manifest.read_manifest(folder / "manifest.jsonl")
    [row] = read.rows
    assert (row.label, row.fault) == (State.INCORRECT, Fault.CHIN_OUT)
    assert row.box == portrait(Fault.NOSE_OUT)[1]
    manifest.verify_files(read, read.folders)


def test_faces_that_are_hidden_in_their_photo_are_left_out_of_the_export(
    admin: TestClient, world: World
) -> None:
    item = queued(admin, world, blurred=True)
    admin.post(f"/api/v1/review/{item}/label", json={"state": "mask"})
    answer = admin.get("/api/v1/review/export.zip")
    assert (answer.headers["x-faces"], answer.headers["x-left-out"]) == ("0", "1")
    assert zipfile.ZipFile(io.BytesIO(answer.content)).namelist() == ["manifest.jsonl"]


def test_a_label_can_be_taken_back_and_a_face_be_skipped(admin: TestClient, world: World) -> None:
    item = queued(admin, world)
    admin.post(f"/api/v1/review/{item}/label", json={"state": "mask"})
    assert admin.get("/api/v1/review").json()["counts"]["labelled"] == 1
    admin.post(f"/api/v1/review/{item}/undo")
    assert admin.get("/api/v1/review").json()["counts"]["waiting"] == 1
    admin.post(f"/api/v1/review/{item}/skip")
    counts = admin.get("/api/v1/review").json()["counts"]
    assert counts == {"waiting": 0, "labelled": 0, "skipped": 1}


# --- cameras and live


def test_a_camera_is_added_changed_and_deleted(admin: TestClient, world: World) -> None:
    url = "rtsp://viewer:hush@8.8.8.8/stream"
    body = {"name": "gate", "settings": {"url": url, "max_fps": 4}}
    assert admin.post("/api/v1/cameras", json=body).status_code == 201
    assert admin.post("/api/v1/cameras", json=body).status_code == 409
    shown = admin.get("/api/v1/cameras/gate").json()["settings"]
    assert shown == {"url": "rtsp://viewer:***@8.8.8.8/stream", "max_fps": 4.0}
    # What was shown comes back with the password hidden, and the password stays.
    change = {"settings": {**shown, "rule": {"coverage_below": 60}}}
    assert admin.put("/api/v1/cameras/gate", json=change).status_code == 200
    [stored] = world.store.cameras.all()
    assert stored.settings["url"] == url
    config = CameraConfig.model_validate(dict(stored.settings))
    assert (config.rule.coverage_below, config.max_fps) == (60, 4)
    assert admin.delete("/api/v1/cameras/gate").status_code == 200
    assert world.service.reloads == 3


def test_a_hidden_password_does_not_travel_to_another_host(admin: TestClient, world: World) -> None:
    body = {"name": "gate", "settings": {"url": "rtsp://viewer:hush@8.8.8.8/stream"}}
    admin.post("/api/v1/cameras", json=body)
    change = {"settings": {"url": "rtsp://viewer:***@9.9.9.9/stream"}}
    answer = admin.put("/api/v1/cameras/gate", json=change)
    assert answer.status_code == 422
    assert "password again" in answer.json()["detail"]


def test_a_wrong_setting_is_named_and_the_address_is_not(admin: TestClient) -> None:
    settings = {"url": "rtsp://viewer:hush@8.8.8.8/stream", "max_fps": -1, "colour": "red"}
    answer = admin.post("/api/v1/cameras", json={"name": "gate", "settings": settings})
    assert answer.status_code == 422
    assert "max_fps" in answer.json()["detail"]
    assert "colour" in answer.json()["detail"]
    assert "hush" not in answer.text


def test_a_camera_of_the_configuration_file_is_not_changed_here(admin: TestClient) -> None:
    change = {"settings": {"url": "rtsp://8.8.8.8/"}}
    assert admin.put("/api/v1/cameras/entrance", json=change).status_code == 422
    assert admin.delete("/api/v1/cameras/entrance").status_code == 422
    assert admin.delete("/api/v1/cameras/nowhere").status_code == 404


def test_a_camera_that_does_not_answer_is_the_cameras_fault(
    admin: TestClient, world: World
) -> None:
    world.service.test_error = "connection refused"
    answer = admin.post("/api/v1/cameras/test", json={"url": "rtsp://8.8.8.8/"})
    assert answer.status_code == 502
    assert "connection refused" in answer.json()["detail"]


def test_the_thresholds_on_the_page_start_at_the_configurations_defaults() -> None:
    config = CameraConfig.model_validate({"url": "rtsp://8.8.8.8/"})
    assert {
        "coverage_below": config.rule.coverage_below,
        "hold_s": config.rule.hold_s,
        "min_face_px": config.min_face_px,
    } == DEFAULTS


def test_live_pictures_and_people_come_from_the_hub(admin: TestClient, world: World) -> None:
    assert admin.get("/api/v1/cameras/entrance/people").status_code == 404
    publish(world, "entrance", [person(7, State.NO_MASK)])
    told = admin.get("/api/v1/cameras/entrance/people").json()
    assert [each["track"] for each in told["people"]] == [7]
    frame = admin.get("/api/v1/cameras/entrance/frame.jpg")
    view = world.hub.latest("entrance")
    assert view is not None
    assert frame.content == view.jpeg
    newer = {"after": frame.headers["x-sequence"]}
    assert admin.get("/api/v1/cameras/entrance/frame.jpg", params=newer).status_code == 204
    assert admin.get("/api/v1/cameras/nowhere/frame.jpg").status_code == 404


# --- the box


def test_system_says_how_the_box_is_doing(admin: TestClient) -> None:
    state = admin.get("/api/v1/system").json()
    assert state["inference"]["device"] == "cpu"
    assert [each["camera"] for each in state["cameras"]] == ["entrance", "ward 3", "canteen"]
    assert state["disk"]["free_bytes"] > 0
    kinds = [card["kind"] for card in admin.get("/api/v1/system/models").json()]
    assert kinds == ["face_detector", "mask_classifier"]


def test_a_message_that_was_given_up_gets_another_chance(admin: TestClient, world: World) -> None:
    dead = Delivery(new_id(), None, DeliveryKind.TEST, "mail", state=DeliveryState.DEAD, attempts=9)
    world.store.deliveries.add([dead])
    answer = admin.post(f"/api/v1/deliveries/{dead.id}/retry")
    assert answer.json()["state"] == "pending"


def test_the_box_is_alive_before_it_is_ready(anonymous: TestClient, world: World) -> None:
    world.service.ready = False
    assert anonymous.get("/healthz").text == "ok\n"
    answer = anonymous.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"service": False, "store": True}


def test_users_are_managed_by_administrators(admin: TestClient, world: World) -> None:
    body = {"name": "nils", "password": "nine loud pianos", "role": "reviewer"}
    made = admin.post("/api/v1/users", json=body).json()
    assert "password" not in json.dumps(made)
    assert admin.post("/api/v1/users", json={**body, "name": "NILS"}).status_code == 409
    changed = admin.patch(f"/api/v1/users/{made['id']}", json={"role": "viewer"}).json()
    assert changed["role"] == "viewer"


# --- its own word


def test_every_route_is_described_with_a_sentence_and_its_problems(anonymous: TestClient) -> None:
    paths = anonymous.get("/api/openapi.json").json()["paths"]
    for path, methods in paths.items():
        for method, said in methods.items():
            assert said.get("description"), f"{method} {path}"
            if path.startswith("/api/") and path not in ("/api/v1/session", "/api/v1/setup"):
                assert "401" in said["responses"], f"{method} {path}"


# --- acceptance walks


def finished_walk(world: World) -> WalkRecord:
    user = world.store.users.by_name("anna")
    assert user is not None
    anna = Principal(user, user.name, scopes_of(user.role))
    seen = Sighting(NOW + timedelta(seconds=2), 1, State.NO_MASK, 41.0)
    start, end = NOW, NOW + timedelta(seconds=30)
    bare = Leg(Phase.BARE, start, end, (Mark(NOW, 3.0),), (seen,))
    return finish_walk(world.web, anna, "entrance", [bare])


def test_a_walk_counts_the_alarms_of_its_time_and_is_kept(admin: TestClient, world: World) -> None:
    made = episode(world, NOW + timedelta(seconds=4))
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
        "seconds_to_alarm": 2.0,
        "seconds_to_message": 3.0,
    }
    assert admin.get("/api/v1/walks?camera=canteen").json()["items"] == []


def test_an_alarm_between_two_parts_of_a_walk_belongs_to_the_first(world: World) -> None:
    user = world.store.users.by_name("anna")
    assert user is not None
    anna = Principal(user, user.name, scopes_of(user.role))

    def part(phase: Phase, start: int, end: int) -> Leg:
        return Leg(phase, NOW + timedelta(seconds=start), NOW + timedelta(seconds=end))

    episode(world, NOW + timedelta(seconds=11))
    episode(world, NOW + timedelta(seconds=13))
    legs = [part(Phase.BARE, 0, 10), part(Phase.EMPTY, 12, 20)]
    report = finish_walk(world.web, anna, "entrance", legs).report
    assert (report["missed"], report["false_alarms"]) == (0, 1)


def test_the_report_of_a_walk_is_a_file(admin: TestClient, world: World) -> None:
    walk = finished_walk(world)
    answer = admin.get(f"/api/v1/walks/{walk.id}/report.png")
    assert Image.open(io.BytesIO(answer.content)).size == (1240, 1754)
    assert admin.get(f"/api/v1/walks/{walk.id}/report.pdf").content.startswith(b"%PDF")


def test_a_walk_that_was_only_a_try_can_be_deleted(admin: TestClient, world: World) -> None:
    walk = finished_walk(world)
    assert admin.delete(f"/api/v1/walks/{walk.id}").status_code == 204
    assert admin.get(f"/api/v1/walks/{walk.id}").status_code == 404
    assert [each.action for each in world.store.audit.page(subject="entrance")] == [
        "camera.walk_deleted",
        "camera.walk_finished",
    ]
