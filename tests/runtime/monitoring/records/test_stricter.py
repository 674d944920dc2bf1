"""When the privacy policy becomes stricter, faces in stored photos are hidden afterwards."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from maskwatch.config.privacy import Photos
from maskwatch.config.root import Config
from maskwatch.outputs.jpeg import decode_jpeg, encode_jpeg
from maskwatch.runtime.monitoring.records.housekeeping import Housekeeper
from maskwatch.runtime.monitoring.records.stricter import hide_faces
from maskwatch.store.backup import back_up, restore
from maskwatch.store.records import SnapshotFace, SnapshotRecord
from maskwatch.store.snapshots import Freed
from maskwatch.store.store import Store
from maskwatch.types import Box, Image, State
from tests.store.values import photo, proofs_of

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
    assert hide_faces(store).photos == 0
    store.snapshots.photos = Photos.BLURRED
    assert hide_faces(store).photos == 1
    after = decode_jpeg(store.snapshots.read(taken.id))
    assert detail(after, SUBJECT.box) < 0.1 * detail(before, SUBJECT.box)
    elsewhere = Box(420, 20, 620, 460)
    assert detail(after, elsewhere) > 0.7 * detail(before, elsewhere)
    known = store.snapshots.get(taken.id)
    assert known.faces == (replace(SUBJECT, blurred=True), BYSTANDER)
    assert (known.width, known.height) == (after.shape[1], after.shape[0]) == (640, 480)


def test_photos_of_a_short_time_in_which_more_was_allowed_are_hidden_too(store: Store) -> None:
    store.snapshots.photos = Photos.BLURRED
    hide_faces(store)
    store.snapshots.photos = Photos.CLEAR
    taken = clear_photo(store)
    store.snapshots.photos = Photos.BLURRED  # before anybody looked
    assert hide_faces(store).photos == 1
    assert all(face.blurred for face in store.snapshots.get(taken.id).faces)


def test_photos_stay_clear_once_the_policy_allows_that_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        clear_photo(store)
    read = store.snapshots.read_file

    def read_and_allow(record: SnapshotRecord) -> bytes:
        store.snapshots.photos = Photos.CLEAR
        return read(record)

    monkeypatch.setattr(store.snapshots, "read_file", read_and_allow)
    store.snapshots.photos = Photos.BLURRED
    assert hide_faces(store).photos == 1
    hidden = [all(face.blurred for face in each.faces) for each in store.snapshots.where()]
    assert sorted(hidden) == [False, False, True]


def test_a_photo_that_cannot_be_replaced_keeps_no_other_one_and_is_told(
    store: Store, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, other = clear_photo(store), clear_photo(store)
    read, path = store.snapshots.read_file, store.snapshots.folder / stuck.file

    def read_and_block(record: SnapshotRecord) -> bytes:
        content = read(record)
        if record == stuck:
            path.unlink()
            path.mkdir()  # no file, so it cannot be deleted as one
        return content

    monkeypatch.setattr(store.snapshots, "read_file", read_and_block)
    store.snapshots.photos = Photos.BLURRED
    Housekeeper(store)(Config())
    assert all(face.blurred for face in store.snapshots.get(other.id).faces)
    assert store.snapshots.get(stuck.id) == stuck
    assert f"faces hidden and cannot be replaced: 1; {stuck.file}: " in caplog.text


def test_a_photo_whose_file_is_not_there_now_is_given_up_by_nobody(store: Store) -> None:
    taken = clear_photo(store)
    path = store.snapshots.folder / taken.file
    elsewhere = path.rename(store.snapshots.folder / "unmounted")
    store.snapshots.photos = Photos.BLURRED
    assert hide_faces(store).photos == 0
    assert proofs_of(store, taken.id) == []
    elsewhere.rename(path)
    assert hide_faces(store).photos == 1


def test_a_photo_that_cannot_be_read_now_is_kept_and_tried_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A share whose server is away for a moment costs nobody a photo."""
    taken = clear_photo(store)

    def read(_: Path) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    store.snapshots.photos = Photos.BLURRED
    with monkeypatch.context() as away:
        away.setattr(Path, "read_bytes", read)
        assert hide_faces(store) == Freed(stuck={taken.file: "input/output error"})
    assert store.snapshots.where() == [taken]
    assert hide_faces(store).photos == 1


def test_many_photos_are_hidden_in_turns_so_that_retention_has_its_own(store: Store) -> None:
    for _ in range(3):
        clear_photo(store)
    store.snapshots.photos = Photos.BLURRED
    assert [hide_faces(store, turn_s=0.0).photos for _ in range(4)] == [1, 1, 1, 0]


def test_the_newest_photos_come_first(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = [clear_photo(store) for _ in range(3)]
    looked_at: list[SnapshotRecord] = []
    read = store.snapshots.read_file
    monkeypatch.setattr(
        store.snapshots, "read_file", lambda record: looked_at.append(record) or read(record)
    )
    store.snapshots.photos = Photos.BLURRED
    assert hide_faces(store).photos == 3
    assert looked_at == photos[::-1]


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff\xe0 no picture"])
def test_a_photo_in_which_nothing_can_be_hidden_goes(store: Store, content: bytes) -> None:
    taken = photo(store, content=content or None, faces=(SUBJECT,))
    if not content:
        (store.snapshots.folder / taken.file).write_bytes(b"somebody else's")
    store.snapshots.photos = Photos.BLURRED
    hide_faces(store)
    assert store.snapshots.where() == []
    assert not (store.snapshots.folder / taken.file).exists()
    (proof,) = proofs_of(store, taken.id)
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
    back_up(store, tmp_path / "b.tar")
    url, folder = f"sqlite:///{tmp_path}/n.db", tmp_path / "n"
    restore(tmp_path / "b.tar", url, folder, Photos.BLURRED)
    with Store.open(url, folder, Photos.BLURRED) as restored:
        Housekeeper(restored)(Config())
        faces = restored.snapshots.get(taken.id).faces
    assert all(face.blurred for face in faces)
