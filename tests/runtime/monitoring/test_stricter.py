"""When the privacy policy becomes stricter, faces in stored photos are hidden afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from maskwatch.config.privacy import Photos
from maskwatch.config.root import Config
from maskwatch.outputs.jpeg import decode_jpeg, encode_jpeg
from maskwatch.runtime.monitoring.housekeeping import Housekeeper
from maskwatch.runtime.monitoring.stricter import hide_faces
from maskwatch.store.backup import back_up, restore
from maskwatch.store.records import SnapshotFace, SnapshotRecord
from maskwatch.store.store import Store
from maskwatch.types import Box, Image, State
from tests.store.values import photo

SUBJECT = SnapshotFace(
    Box(200, 150, 300, 280), State.NO_MASK, coverage=2.0, is_subject=True, blurred=False
)
BYSTANDER = SnapshotFace(Box(40, 40, 80, 90), State.MASK)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/m.db", tmp_path / "photos", Photos.CLEAR) as opened:
        yield opened


def noise() -> Image:
    return np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)


def clear_photo(store: Store) -> SnapshotRecord:
    content = encode_jpeg(noise(), 95)
    return photo(
        store,
        content=content,
        width=640,
        height=480,
        faces=(SUBJECT, BYSTANDER),
        taken_at=datetime.now(UTC),
    )


def detail(image: Image, box: Box) -> float:
    """How much neighbours differ, on average: nothing within the blocks of a hidden face."""
    part = image[round(box.y0) : round(box.y1), round(box.x0) : round(box.x1)].astype(float)
    return float(np.abs(np.diff(part, axis=1)).mean())


def test_the_face_that_was_clear_is_hidden_and_nothing_else_changes(store: Store) -> None:
    taken = clear_photo(store)
    before = decode_jpeg(store.snapshots.read(taken.id))
    assert hide_faces(store) == 0
    store.snapshots.photos = Photos.BLURRED
    assert hide_faces(store) == 1
    after = decode_jpeg(store.snapshots.read(taken.id))
    assert detail(after, SUBJECT.box) < 0.1 * detail(before, SUBJECT.box)
    elsewhere = Box(420, 20, 620, 460)
    assert detail(after, elsewhere) > 0.7 * detail(before, elsewhere)
    known = store.snapshots.get(taken.id)
    assert known.faces == (replace(SUBJECT, blurred=True), BYSTANDER)
    assert (known.width, known.height) == (after.shape[1], after.shape[0]) == (640, 480)


def test_photos_are_looked_at_only_when_the_policy_has_changed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    look = store.snapshots.too_clear
    monkeypatch.setattr(store.snapshots, "too_clear", lambda: looks.append(1) or look())
    for policy, looked in (
        (Photos.BLURRED, 1),
        (Photos.BLURRED, 1),
        (Photos.CLEAR, 1),
        (Photos.BLURRED, 2),
    ):
        store.snapshots.photos = policy
        hide_faces(store)
        assert len(looks) == looked


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff\xe0 no picture"])
def test_a_photo_in_which_nothing_can_be_hidden_goes(store: Store, content: bytes) -> None:
    taken = photo(store, content=content or None, faces=(SUBJECT,))
    if not content:
        (store.snapshots.folder / taken.file).write_bytes(b"somebody else's")
    store.snapshots.photos = Photos.BLURRED
    hide_faces(store)
    assert store.snapshots.where() == []
    assert not (store.snapshots.folder / taken.file).exists()
    (proof,) = store.deletions.of_item(taken.id)
    assert (proof.what, proof.reason) == ("snapshot", "policy")


def test_a_photo_that_retention_takes_meanwhile_is_no_error(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = clear_photo(store)
    read = store.snapshots.read_file

    def read_and_lose(record: SnapshotRecord) -> bytes:
        content = read(record)
        store.snapshots.delete([record], reason="age")
        return content

    monkeypatch.setattr(store.snapshots, "read_file", read_and_lose)
    store.snapshots.photos = Photos.BLURRED
    hide_faces(store)
    assert not (store.snapshots.folder / taken.file).exists()
    assert store.snapshots.where() == []


def test_photos_of_a_backup_are_hidden_after_it_was_restored(store: Store, tmp_path: Path) -> None:
    taken = clear_photo(store)
    hide_faces(store)  # notes that clear photos are allowed
    back_up(store, tmp_path / "b.tar")
    url, folder = f"sqlite:///{tmp_path}/n.db", tmp_path / "n"
    restore(tmp_path / "b.tar", url, folder, Photos.BLURRED)
    with Store.open(url, folder, Photos.BLURRED) as restored:
        Housekeeper(restored)(Config())
        faces = restored.snapshots.get(taken.id).faces
    assert all(face.blurred for face in faces)
