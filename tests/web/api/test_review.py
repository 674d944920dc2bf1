"""Review: labelling faces, and the data set that comes of it."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from maskwatch.config.privacy import Photos, PrivacyConfig
from maskwatch.store.records import SnapshotFace, SnapshotKind
from maskwatch.types import Fault, State
from tests.web.made_up import add_photo, episode, give_photo, portrait
from tests.web.world import NOW, World


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
