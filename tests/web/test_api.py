"""The REST API: what it returns, what it changes, and that it keeps its own word (OpenAPI)."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient

from maskwatch.config.cameras import CameraConfig
from maskwatch.config.privacy import Photos, PrivacyConfig
from maskwatch.errors import StoreFull, UsageError
from maskwatch.runtime.monitoring.control import CameraPhase
from maskwatch.store.ids import new_id
from maskwatch.store.records import (
    Delivery,
    DeliveryKind,
    DeliveryState,
    SnapshotFace,
    SnapshotKind,
    StoredCamera,
)
from maskwatch.types import Fault, State
from maskwatch.web.actions import cameras, episodes
from maskwatch.web.identity import Principal
from maskwatch.web.pages.camera import DEFAULTS, would_alert
from maskwatch.web.pages.parts import chart_time
from maskwatch.web.pages.zone_editor import DrawnZone
from maskwatch.web.security.scopes import scopes_of
from tests.web.world import NOW, World, add_photo, episode, give_photo, person, portrait, publish


def administrator(world: World) -> Principal:
    """Anna, for what pages do without a route."""
    user = world.store.users.by_name("anna")
    assert user is not None
    return Principal(user, user.name, scopes_of(user.role))


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


def test_an_unknown_address_is_answered_with_a_problem(admin: TestClient) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = admin.request(method, "/api/v1/nothing/here")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"] == "there is nothing at /api/v1/nothing/here"


def test_a_method_that_an_address_does_not_know_is_answered_with_those_that_it_does(
    admin: TestClient,
) -> None:
    answer = admin.put("/api/v1/episodes")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert answer.json()["detail"] == "/api/v1/episodes does not know PUT"


def test_episodes_are_filtered(admin: TestClient, world: World) -> None:
    wanted = episode(world, camera="ward 3", state=State.NO_MASK, fault=None)
    episode(world)
    for query in ("camera=ward 3", "state=no_mask", "text=ward"):
        items = admin.get(f"/api/v1/episodes?{query}").json()["items"]
        assert [each["id"] for each in items] == [wanted.id], query
    assert admin.get("/api/v1/episodes?fault=chin_out").json()["items"] == []


def test_a_camera_that_is_gone_can_still_be_asked_for(world: World) -> None:
    episode(world, camera="old door")
    episode(world, camera="entrance")
    names = episodes.camera_names(world.web, administrator(world))
    assert names == ["entrance", "ward 3", "canteen", "old door"]


def test_an_episode_says_what_to_do(admin: TestClient, world: World) -> None:
    made = episode(world)
    told = admin.get(f"/api/v1/episodes/{made.id}").json()["episode"]
    assert (told["words"], told["advice"]) == ("nose out", "pull the mask up over your nose")


@pytest.mark.parametrize(
    ("act", "body", "why"),
    [("acknowledge", None, "acknowledged"), ("correct", {"state": "mask"}, "called wrong")],
)
def test_acknowledging_withdraws_the_steps_that_it_ends(
    admin: TestClient, world: World, act: str, body: dict[str, str] | None, why: str
) -> None:
    made = episode(world)
    manager, register = (
        Delivery(new_id(), made.id, DeliveryKind.VIOLATION, channel, payload={"only_while": only})
        for channel, only in (("manager", "unacknowledged"), ("register", "always"))
    )
    world.store.deliveries.add([manager, register])
    assert admin.post(f"/api/v1/episodes/{made.id}/{act}", json=body).status_code == 200
    ended = world.store.deliveries.get(manager.id)
    assert (ended.state, ended.last_error) == (DeliveryState.CANCELLED, why)
    # "always" is always: a receiver that is away for a minute still gets its message.
    assert world.store.deliveries.get(register.id).state is DeliveryState.PENDING


def test_looking_at_an_episode_and_its_photo_is_in_the_audit_log(
    admin: TestClient, world: World
) -> None:
    made = episode(world)
    add_photo(world, made)
    admin.get(f"/api/v1/episodes/{made.id}")
    assert admin.get(f"/api/v1/episodes/{made.id}/photo").content == portrait(made.fault)[0]
    entries = world.store.audit.about([made.id])
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


def test_an_episode_is_handed_out_without_a_photo_that_is_damaged(
    admin: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Photos are written nowhere else, where no retention rule would reach them.
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    made = episode(world)
    add_photo(world, made)
    [taken] = world.store.snapshots.of_episode(made.id)
    (world.store.snapshots.folder / taken.file).unlink()
    answer = admin.get(f"/api/v1/episodes/{made.id}/export.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == [f"{made.id}/episode.json"]
        told = json.loads(archive.read(f"{made.id}/episode.json"))
    assert [each["id"] for each in told["photos"]] == [taken.id]
    assert told["damaged"] == [f"{taken.file}: no such file or directory"]


def test_an_episode_is_handed_out_without_a_photo_whose_faces_are_still_to_be_hidden(
    admin: TestClient, world: World
) -> None:
    made = episode(world)
    add_photo(world, made)
    [taken] = world.store.snapshots.of_episode(made.id)
    world.set_privacy(PrivacyConfig(photos=Photos.BLURRED))
    answer = admin.get(f"/api/v1/episodes/{made.id}/export.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == [f"{made.id}/episode.json"]
        told = json.loads(archive.read(f"{made.id}/episode.json"))
    assert told["being_hidden"] == [taken.file]
    [noted] = [each for each in world.store.audit.page() if each.action == "episode.exported"]
    assert noted.detail == {"photos": 0}


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
        give_photo(world, made.id, snapshot.id)
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
    assert hashlib.sha256((folder / row.path).read_bytes()).hexdigest() == row.sha256
    # What the classifier is trained on with it (docs/training.md, "Your own faces").
    sets = pytest.importorskip("maskwatch_train.data.sets")
    [learned] = sets.read_sets([folder / "manifest.jsonl"], "train")
    [[face]] = [image.faces for image in learned.images]
    assert (face.box, face.state, face.fault) == (row.box, row.label, row.fault)


def test_faces_that_are_hidden_in_their_photo_are_left_out_of_the_export(
    admin: TestClient, world: World
) -> None:
    item = queued(admin, world, blurred=True)
    admin.post(f"/api/v1/review/{item}/label", json={"state": "mask"})
    answer = admin.get("/api/v1/review/export.zip")
    assert (answer.headers["x-faces"], answer.headers["x-left-out"]) == ("0", "1")
    assert zipfile.ZipFile(io.BytesIO(answer.content)).namelist() == ["manifest.jsonl"]


def test_photos_of_a_time_when_more_was_allowed_are_not_shown(
    admin: TestClient, world: World
) -> None:
    item = queued(admin, world)
    [made] = admin.get("/api/v1/episodes").json()["items"]
    admin.post(f"/api/v1/review/{item}/label", json={"state": "mask"})
    world.set_privacy(PrivacyConfig(photos=Photos.BLURRED))
    for address in (f"episodes/{made['id']}/photo", f"review/{item}/photo"):
        answer = admin.get(f"/api/v1/{address}")
        assert answer.status_code == 403
        assert answer.json()["detail"] == "the privacy policy wants the violator's face hidden"
    answer = admin.get("/api/v1/review/export.zip")
    assert (answer.headers["x-faces"], answer.headers["x-left-out"]) == ("0", "1")


def test_a_label_can_be_taken_back_and_a_face_be_skipped(admin: TestClient, world: World) -> None:
    item = queued(admin, world)
    admin.post(f"/api/v1/review/{item}/label", json={"state": "mask"})
    assert admin.get("/api/v1/review").json()["counts"]["labelled"] == 1
    admin.post(f"/api/v1/review/{item}/undo")
    assert admin.get("/api/v1/review").json()["counts"]["waiting"] == 1
    admin.post(f"/api/v1/review/{item}/skip")
    counts = admin.get("/api/v1/review").json()["counts"]
    assert counts == {"waiting": 0, "labelled": 0, "skipped": 1}


def test_whoever_judges_a_face_second_is_refused_and_changes_nothing(
    anonymous: TestClient, as_user: Callable[[str], TestClient], world: World
) -> None:
    item = queued(as_user("ravi"), world)
    assert anonymous.post(f"/api/v1/review/{item}/label", json={"state": "mask"}).status_code == 200
    anna = as_user("anna")
    for act, body in (("label", {"state": "no_mask"}), ("skip", None), ("undo", None)):
        answer = anna.post(f"/api/v1/review/{item}/{act}", json=body)
        assert (answer.status_code, answer.json()["title"]) == (409, "changed meanwhile")
        assert "ravi has judged" in answer.json()["detail"]
    kept = world.store.reviews.get(item)
    assert (kept.label, kept.labelled_by) == (State.MASK, "ravi")


def test_a_label_of_somebody_else_is_corrected_on_purpose(
    as_user: Callable[[str], TestClient], world: World
) -> None:
    item = queued(as_user("ravi"), world)
    as_user("ravi").post(f"/api/v1/review/{item}/label", json={"state": "mask"})
    anna = as_user("anna")
    assert anna.post(f"/api/v1/review/{item}/undo?of_anybody=true").status_code == 200
    assert anna.post(f"/api/v1/review/{item}/undo?of_anybody=true").status_code == 409  # it waits
    assert anna.post(f"/api/v1/review/{item}/label", json={"state": "no_mask"}).status_code == 200
    kept = world.store.reviews.get(item)
    assert (kept.label, kept.labelled_by) == (State.NO_MASK, "anna")
    [undone] = [each for each in world.store.audit.page() if each.action == "review.undone"]
    assert (undone.actor, undone.detail["labelled_by"]) == ("anna", "ravi")


def test_a_face_that_nobody_has_is_not_found(admin: TestClient) -> None:
    for act in ("label", "skip", "undo"):
        answer = admin.post(f"/api/v1/review/none/{act}", json={"state": "mask"})
        assert answer.status_code == 404, act


def test_what_is_done_in_review_is_noted_under_the_episode_and_outlives_its_photo(
    admin: TestClient, world: World
) -> None:
    item = queued(admin, world)
    made = world.store.reviews.get(item).episode_id
    assert made is not None
    assert admin.get(f"/api/v1/review/{item}/photo").status_code == 200
    admin.post(f"/api/v1/review/{item}/label", json={"state": "mask"})
    admin.post(f"/api/v1/review/{item}/undo")
    admin.post(f"/api/v1/review/{item}/skip")
    world.store.snapshots.delete(world.store.snapshots.of_episode(made), reason="age")
    assert world.store.reviews.waiting() == []
    archive = zipfile.ZipFile(io.BytesIO(admin.get(f"/api/v1/episodes/{made}/export.zip").content))
    told = json.loads(archive.read(f"{made}/episode.json"))
    seen = [each for each in told["seen_by"] if each["action"].startswith("review.")]
    assert [each["action"] for each in seen] == [
        *("review.skipped", "review.undone", "review.labelled", "review.photo_viewed")
    ]
    assert {(each["actor"], each["detail"]["item"]) for each in seen} == {("anna", item)}


def test_what_is_done_in_review_to_a_face_without_an_episode_is_noted_under_its_own_id(
    admin: TestClient, world: World
) -> None:
    item = queued(admin, world)
    world.store.reviews.add(
        replace(world.store.reviews.get(item), id="lone", face=1, episode_id=None)
    )
    admin.post("/api/v1/review/lone/skip")
    [entry] = world.store.audit.about(["lone"])
    assert (entry.subject, entry.detail["item"]) == ("lone", "lone")


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
    assert world.store.cameras.all() == []
    # The file is not read for that: one that is refused would hold a camera back, or keep it on.
    assert (world.service.looked_up, world.service.reloads) == (3, 0)


def test_of_two_who_change_a_camera_at_the_same_time_the_second_is_told(
    admin: TestClient, world: World
) -> None:
    now = [NOW]
    object.__setattr__(world.web, "now", lambda: now[0])
    settings = {"url": "rtsp://8.8.8.8/stream"}
    admin.post("/api/v1/cameras", json={"name": "gate", "settings": settings})
    read = admin.get("/api/v1/cameras/gate").json()
    now[0] += timedelta(minutes=1)
    first = {"settings": {**read["settings"], "max_fps": 4}, "changed_at": read["changed_at"]}
    assert admin.put("/api/v1/cameras/gate", json=first).status_code == 200
    now[0] += timedelta(minutes=1)
    second = {"settings": {**read["settings"], "max_fps": 2}, "changed_at": read["changed_at"]}
    answer = admin.put("/api/v1/cameras/gate", json=second)
    assert (answer.status_code, answer.json()["title"]) == (409, "changed meanwhile")
    assert admin.get("/api/v1/cameras/gate").json()["settings"]["max_fps"] == 4
    del second["changed_at"]  # whatever they are
    assert admin.put("/api/v1/cameras/gate", json=second).status_code == 200
    assert admin.get("/api/v1/cameras/entrance").json()["changed_at"] is None


def test_settings_that_could_never_be_given_out_again_are_refused(
    admin: TestClient, world: World
) -> None:
    body = rb'{"name": "gate", "settings": {"url": "rtsp://8.8.8.8/\ud800"}}'
    headers = {"Content-Type": "application/json"}
    assert admin.post("/api/v1/cameras", content=body, headers=headers).status_code == 422
    assert world.store.cameras.all() == []


def test_a_camera_is_said_to_stand_in_the_file_only_where_it_does(
    admin: TestClient, world: World
) -> None:
    # Deleted a moment ago, and not yet stopped.
    status = replace(world.service.cameras[0], camera="gate", from_dashboard=True)
    world.service.cameras.append(status)
    answer = admin.delete("/api/v1/cameras/gate")
    assert (answer.status_code, answer.json()["detail"]) == (404, "no camera is called 'gate'")
    answer = admin.delete("/api/v1/cameras/entrance")
    assert answer.status_code == 422
    assert "stands in the configuration file" in answer.json()["detail"]


def test_a_name_that_a_camera_in_the_store_has_is_taken_even_if_it_is_left_out(
    admin: TestClient, world: World
) -> None:
    settings = {"url": "rtsp://8.8.8.8/stream"}
    world.store.cameras.add(StoredCamera("1", "gate", settings, NOW, NOW))
    world.service.store = None  # such as one whose settings another version wrote
    answer = admin.post("/api/v1/cameras", json={"name": "gate", "settings": settings})
    assert answer.status_code == 409
    assert answer.json()["detail"] == "a camera is called 'gate' already"
    assert admin.delete("/api/v1/cameras/gate").status_code == 200


@pytest.mark.parametrize("name", ["", "door #2", "ward/3", "a" * 65, " door"])
def test_a_camera_without_a_name_of_the_configurations_kind_is_not_added(
    world: World, name: str
) -> None:
    # The page asks no route, and a topic with "#" in it would end the service.
    with pytest.raises(UsageError, match="name: must be"):
        cameras.add_camera(world.web, administrator(world), name, {"url": "rtsp://8.8.8.8/stream"})
    assert world.store.cameras.all() == []


def test_a_hidden_password_does_not_travel_to_another_host(admin: TestClient, world: World) -> None:
    body = {"name": "gate", "settings": {"url": "rtsp://viewer:hush@8.8.8.8/stream"}}
    admin.post("/api/v1/cameras", json=body)
    change = {"settings": {"url": "rtsp://viewer:***@9.9.9.9/stream"}}
    answer = admin.put("/api/v1/cameras/gate", json=change)
    assert answer.status_code == 422
    assert "password again" in answer.json()["detail"]


def test_what_is_no_address_leaves_the_reason_readable(admin: TestClient) -> None:
    answer = admin.post("/api/v1/cameras", json={"name": "gate", "settings": {"url": "a"}})
    assert answer.status_code == 422
    assert "webcam" in answer.json()["detail"]


def test_a_wrong_setting_is_named_and_the_address_is_not(admin: TestClient) -> None:
    settings = {"url": "rtsp://viewer:hush@8.8.8.8/stream", "max_fps": -1, "colour": "red"}
    answer = admin.post("/api/v1/cameras", json={"name": "gate", "settings": settings})
    assert answer.status_code == 422
    assert "max_fps" in answer.json()["detail"]
    assert "colour" in answer.json()["detail"]
    assert "hush" not in answer.text


def test_a_camera_of_the_configuration_file_is_shown_as_it_is_there(admin: TestClient) -> None:
    shown = admin.get("/api/v1/cameras/canteen").json()
    assert shown["status"]["from_dashboard"] is False
    assert shown["settings"] == {
        "url": "rtsp://viewer:***@192.0.2.12/stream1",
        "min_face_px": 40.0,
        "rule": {"coverage_below": 65.0},
        "zones": [{"name": "queue", "polygon": [[0.1, 0.2], [0.6, 0.2], [0.6, 0.9]]}],
        "schedule": {"hours": [{"start": "11:00:00", "end": "14:30:00"}]},
    }
    assert admin.get("/api/v1/cameras/nowhere").status_code == 404


def test_a_camera_of_the_configuration_file_is_not_changed_here(admin: TestClient) -> None:
    change = {"settings": {"url": "rtsp://8.8.8.8/"}}
    assert admin.put("/api/v1/cameras/entrance", json=change).status_code == 422
    assert admin.delete("/api/v1/cameras/entrance").status_code == 422
    assert admin.delete("/api/v1/cameras/nowhere").status_code == 404


def test_switching_a_camera_is_noted_once_it_is_done(admin: TestClient, world: World) -> None:
    world.service.cameras[1] = replace(world.service.cameras[1], enabled=False)
    assert admin.post("/api/v1/cameras/entrance/stop").status_code == 204
    assert admin.post("/api/v1/cameras/entrance/start").status_code == 204
    refused = admin.post("/api/v1/cameras/ward 3/start")
    assert refused.status_code == 422
    assert "switched off by its settings" in refused.json()["detail"]
    noted = [each for each in world.store.audit.page() if each.action.startswith("camera.")]
    assert [(each.action, each.subject) for each in noted] == [
        ("camera.started", "entrance"),
        ("camera.stopped", "entrance"),
    ]


def test_a_camera_stops_although_nothing_can_be_written(
    admin: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreFull("no room left on the disk")

    monkeypatch.setattr(world.store.audit, "append", full)
    assert admin.post("/api/v1/cameras/entrance/stop").status_code == 507
    assert world.service.camera_states()[0].phase is CameraPhase.STOPPED


def test_a_camera_that_does_not_answer_is_the_cameras_fault(
    admin: TestClient, world: World
) -> None:
    world.service.test_error = "connection refused"
    answer = admin.post("/api/v1/cameras/test", json={"url": "rtsp://8.8.8.8/"})
    assert answer.status_code == 502
    assert "connection refused" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("zone", "coverage", "is_reported"),
    [
        *((None, 70, True), (None, 85, False), ("hall", 70, True)),
        *(("door", 70, False), ("door", 50, True)),
    ],
)
def test_the_preview_goes_by_the_threshold_of_the_zone_that_somebody_is_in(
    zone: str | None, coverage: float, is_reported: bool
) -> None:
    corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    zones = [
        DrawnZone("door", "include", corners, {"coverage_below": 60}),
        DrawnZone("hall", "include", corners, {}),
    ]
    somebody = replace(person(7, State.INCORRECT, Fault.OTHER, coverage), zone=zone)
    assert would_alert(somebody, DEFAULTS, zones) is is_reported


def test_a_timeline_is_in_the_boxs_time_wherever_the_browser_is() -> None:
    noon = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
    shown = datetime.fromtimestamp(chart_time(noon, ZoneInfo("Europe/Berlin")) / 1000, UTC)
    assert shown == datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def test_live_pictures_and_people_come_from_the_hub(admin: TestClient, world: World) -> None:
    assert admin.get("/api/v1/cameras/entrance/people").status_code == 404
    publish(world, "entrance", [person(7, State.NO_MASK)])
    told = admin.get("/api/v1/cameras/entrance/people").json()
    assert [each["track"] for each in told["people"]] == [7]
    frame = admin.get("/api/v1/cameras/entrance/frame.jpg")
    view = world.hub.latest("entrance")
    assert view is not None
    assert frame.content == view.jpeg
    assert parsedate_to_datetime(frame.headers["last-modified"]) == view.at.replace(microsecond=0)
    newer = {"after": frame.headers["x-sequence"]}
    assert admin.get("/api/v1/cameras/entrance/frame.jpg", params=newer).status_code == 204
    assert admin.get("/api/v1/cameras/nowhere/frame.jpg").status_code == 404


def test_every_answer_says_how_old_the_newest_picture_is(admin: TestClient, world: World) -> None:
    """While a camera is lost, or the models fail, the last one stays the newest."""
    publish(world, "entrance", ago=timedelta(seconds=12.5))
    address = "/api/v1/cameras/entrance/frame.jpg"
    first = admin.get(address)
    again = admin.get(address, params={"after": first.headers["x-sequence"]})
    assert [each.status_code for each in (first, again)] == [200, 204]
    assert [each.headers["x-age-s"] for each in (first, again)] == ["12.5", "12.5"]
    world.hub.forget("entrance")
    assert "x-age-s" not in admin.get(address).headers


def test_whoever_has_a_picture_of_before_a_restart_of_the_service_gets_the_newest(
    admin: TestClient, world: World
) -> None:
    """Views are numbered anew then, so that none would be newer for as long as it ran before."""
    publish(world, "entrance")
    view = world.hub.latest("entrance")
    assert view is not None
    frame = admin.get("/api/v1/cameras/entrance/frame.jpg?after=500000")
    assert (frame.status_code, frame.headers["x-sequence"]) == (200, str(view.sequence))


def test_a_picture_that_may_be_shown_no_more_is_told_apart_from_none_that_is_newer(
    admin: TestClient, world: World
) -> None:
    publish(world, "entrance", [])
    address = "/api/v1/cameras/entrance/frame.jpg"
    sequence = admin.get(address).headers["x-sequence"]
    answer = admin.get(address, params={"after": sequence})
    assert (answer.status_code, answer.headers["x-sequence"]) == (204, sequence)
    world.hub.forget("entrance")
    answer = admin.get(address, params={"after": sequence})
    assert (answer.status_code, answer.headers["x-sequence"]) == (204, "0")


# --- the box


def test_system_says_how_the_box_is_doing(admin: TestClient) -> None:
    state = admin.get("/api/v1/system").json()
    assert state["inference"]["device"] == "cpu"
    assert [each["camera"] for each in state["cameras"]] == ["entrance", "ward 3", "canteen"]
    assert state["disk"]["free_bytes"] > 0


@pytest.mark.parametrize(("name", "sees"), [("vera", False), ("ravi", False), ("anna", True)])
def test_what_is_wrong_with_a_configuration_is_for_administrators(
    as_user: Callable[[str], TestClient], world: World, name: str, sees: bool
) -> None:
    why = "web.port = many: input should be a valid integer"
    world.service.config_error = why
    said = as_user(name).get("/api/v1/system").json()["service"]["config_error"]
    assert said == (why if sees else "refused")


def test_of_a_configuration_that_is_refused_the_audit_log_keeps_no_word(
    admin: TestClient, world: World
) -> None:
    world.service.config_error = "web.port = many: input should be a valid integer"
    answer = admin.post("/api/v1/system/reload").json()
    assert answer["problems"] == [world.service.config_error]
    assert world.store.audit.page(limit=1)[0].detail == {"accepted": False, "problems": 1}


def test_the_cards_are_those_of_the_models_that_run(admin: TestClient, world: World) -> None:
    kinds = [card["kind"] for card in admin.get("/api/v1/system/models").json()]
    assert kinds == ["face_detector", "mask_classifier"]
    world.service.cards = [replace(world.service.cards[1], name="our own", version="7")]
    shown = admin.get("/api/v1/system/models").json()
    assert [(card["name"], card["version"]) for card in shown] == [("our own", "7")]


def test_a_message_that_was_given_up_gets_another_chance(admin: TestClient, world: World) -> None:
    dead = Delivery(new_id(), None, DeliveryKind.TEST, "door", state=DeliveryState.DEAD, attempts=9)
    world.store.deliveries.add([dead])
    answer = admin.post(f"/api/v1/deliveries/{dead.id}/retry")
    assert answer.json()["state"] == "pending"


def test_a_message_whose_channel_is_gone_gets_no_other_chance(
    admin: TestClient, world: World
) -> None:
    dead = Delivery(new_id(), None, DeliveryKind.TEST, "mail", state=DeliveryState.DEAD)
    world.store.deliveries.add([dead])
    answer = admin.post(f"/api/v1/deliveries/{dead.id}/retry")
    assert (answer.status_code, answer.json()["detail"]) == (404, "no channel is called 'mail'")
    assert world.store.deliveries.get(dead.id).state is DeliveryState.DEAD


@pytest.mark.parametrize(("name", "sees"), [("vera", False), ("ravi", False), ("anna", True)])
def test_addresses_of_recipients_are_for_administrators(
    as_user: Callable[[str], TestClient], world: World, name: str, sees: bool
) -> None:
    made, address = episode(world), "officer@hospital.test"
    sent = Delivery(
        *(new_id(), made.id, DeliveryKind.VIOLATION, "mail", address),
        last_error=f"recipient refused: 550 <{address.upper()}> {address} is unknown",
    )
    world.store.deliveries.add([sent])
    client = as_user(name)
    answers = [
        client.get(f"/api/v1/{each}")
        for each in ("deliveries", f"deliveries/{sent.id}", f"episodes/{made.id}")
    ]
    assert [each.status_code for each in answers] == [200] * 3
    assert [address in each.text.lower() for each in answers] == [sees] * 3
    assert ["is unknown" in each.text for each in answers] == [True] * 3


@pytest.mark.parametrize(("name", "sees"), [("vera", False), ("ravi", False), ("anna", True)])
def test_who_followed_the_link_of_a_message_is_named_to_administrators(
    as_user: Callable[[str], TestClient], world: World, name: str, sees: bool
) -> None:
    made, actor = episode(world), "link:officer@hospital.test"
    episodes.acknowledge_as(world.web, actor, made.id)
    episodes.correct_as(world.web, actor, made.id, State.MASK, None)
    client = as_user(name)
    [listed] = client.get("/api/v1/episodes").json()["items"]
    seen = client.get(f"/api/v1/episodes/{made.id}").json()["episode"]
    said = {each[key] for each in (listed, seen) for key in ("acknowledged_by", "corrected_by")}
    assert said == ({actor} if sees else {"link:***"})
    again = client.post(f"/api/v1/episodes/{made.id}/acknowledge")
    assert (actor in again.text) == sees


def test_a_channel_is_tried_and_says_what_became_of_it(admin: TestClient, world: World) -> None:
    told = admin.get("/api/v1/channels").json()
    assert told == [
        {"name": "infection control", "kind": "email", "recipients": 2},
        {"name": "door", "kind": "mqtt", "recipients": 1},
    ]
    queued = admin.post("/api/v1/channels/infection control/test")
    assert queued.status_code == 202
    found = [admin.get(f"/api/v1/deliveries/{each['id']}").json() for each in queued.json()]
    assert [(each["kind"], each["recipient"], each["state"]) for each in found] == [
        ("test", "0@hospital.test", "sent"),
        ("test", "1@hospital.test", "sent"),
    ]
    [lost] = admin.post("/api/v1/channels/door/test").json()
    assert (lost["state"], lost["last_error"]) == ("dead", "the broker refused the login")
    assert admin.post("/api/v1/channels/nowhere/test").status_code == 404
    assert admin.get("/api/v1/deliveries/nothing").status_code == 404
    tried = [each for each in world.store.audit.page() if each.action == "channel.tested"]
    assert [each.subject for each in tried] == ["door", "infection control"]


def test_the_box_is_alive_before_it_is_ready(anonymous: TestClient, world: World) -> None:
    world.service.ready = False
    assert anonymous.get("/healthz").text == "ok\n"
    answer = anonymous.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"service": False, "store": True}
    # As ``wget --spider`` and services that watch from outside ask.
    for path, status in (("/healthz", 200), ("/readyz", 503)):
        answer = anonymous.head(path)
        assert (answer.status_code, answer.content) == (status, b"")


def test_users_are_managed_by_administrators(admin: TestClient, world: World) -> None:
    body = {"name": "nils", "password": "nine loud pianos", "role": "reviewer"}
    made = admin.post("/api/v1/users", json=body).json()
    assert "password" not in json.dumps(made)
    assert admin.post("/api/v1/users", json={**body, "name": "NILS"}).status_code == 409
    changed = admin.patch(f"/api/v1/users/{made['id']}", json={"role": "viewer"}).json()
    assert changed["role"] == "viewer"
    noted = [(each.action, each.detail["name"]) for each in world.store.audit.page()[:2]]
    assert noted == [("user.changed", "nils"), ("user.added", "nils")]


# --- its own word


def test_every_route_is_described_with_a_sentence_and_its_problems(anonymous: TestClient) -> None:
    paths = anonymous.get("/api/openapi.json").json()["paths"]
    for path, methods in paths.items():
        for method, said in methods.items():
            assert said.get("description"), f"{method} {path}"
            if path.startswith("/api/") and path not in ("/api/v1/session", "/api/v1/setup"):
                assert "401" in said["responses"], f"{method} {path}"


def test_every_address_that_the_documentation_names_is_there(
    anonymous: TestClient, checkout: Path
) -> None:
    page = (checkout / "docs" / "dashboard.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `(/[^`]+)` \|", page, re.MULTILINE))
    assert len(named) > 15  # so that an empty walk cannot pass
    there = anonymous.get("/api/openapi.json").json()["paths"]
    known = {_without_names(each) for each in there}
    assert {each for each in named if _without_names(each) not in known} == set()


def _without_names(address: str) -> str:
    """The address, whatever its parameters are called."""
    return re.sub(r"\{\w+\}", "{}", address)
