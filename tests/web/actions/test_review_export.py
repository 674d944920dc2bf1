"""The zip file of labelled faces."""

from __future__ import annotations

import io
import json
import tracemalloc
import zipfile
from dataclasses import replace
from typing import Any

from maskwatch.store.records import (
    ReviewItem,
    ReviewReason,
    SnapshotFace,
    SnapshotKind,
    SnapshotRecord,
)
from maskwatch.types import Box, State
from maskwatch.web.actions.review_export import Export, Labelled, export_review
from tests.web.world import NOW

_FACE = SnapshotFace(Box(1, 2, 3, 4), State.MASK, is_subject=True, blurred=False)


def labelled(photo: str, face: int = 0) -> Labelled:
    snapshot = SnapshotRecord(
        id=photo,
        kind=SnapshotKind.EPISODE,
        camera="entrance",
        taken_at=NOW,
        width=640,
        height=480,
        faces=(_FACE, _FACE),
        episode_id=None,
        file=f"{photo}.jpg",
        sha256="0" * 64,
        size=1,
    )
    item = ReviewItem(f"{photo}-{face}", photo, ReviewReason.UNCERTAIN, NOW, face)
    return Labelled(replace(item, label=State.MASK), snapshot)


def is_there(_: SnapshotRecord) -> bool:
    return True


def contents(made: Export) -> tuple[list[str], list[dict[str, Any]]]:
    """The pictures in the file, and the rows of its manifest."""
    with zipfile.ZipFile(io.BytesIO(b"".join(made.parts))) as archive:
        assert archive.testzip() is None
        pictures = [each for each in archive.namelist() if each != "manifest.jsonl"]
        head, *rows = map(json.loads, archive.read("manifest.jsonl").splitlines())
        assert head["rows"] == len(rows)
        return pictures, rows


def test_however_many_photos_leave_only_one_is_held_at_a_time() -> None:
    photos, size = 40, 1_000_000
    tracemalloc.start()
    found = [labelled(f"{i:03}") for i in range(photos)]
    made = export_review(found, is_there, lambda _: bytes(size))
    sent = sum(map(len, made.parts))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sent > photos * size
    assert most < 8 * size


def test_faces_of_one_photo_share_its_picture() -> None:
    made = export_review([labelled("b"), labelled("a", 1), labelled("a")], is_there, str.encode)
    assert (made.faces, made.left_out) == (3, 0)
    pictures, rows = contents(made)
    assert pictures == ["pictures/a.jpg", "pictures/b.jpg"]
    assert [each["path"] for each in rows] == [pictures[0], pictures[0], pictures[1]]


def test_a_photo_that_goes_while_the_file_is_made_is_in_neither_of_its_parts() -> None:
    there = {"a": b"a", "b": b"b"}
    made = export_review([labelled("a"), labelled("b")], is_there, there.get)
    del there["b"]
    pictures, rows = contents(made)
    assert pictures == [each["path"] for each in rows] == ["pictures/a.jpg"]


def test_each_photo_is_read_once_and_none_before_the_file_leaves() -> None:
    """Months of photos take minutes to read, for which nobody waits for a first byte."""
    asked = []

    def read(photo: str) -> bytes:
        asked.append(photo)
        return photo.encode()

    found = [labelled("a"), labelled("b"), labelled("gone")]
    made = export_review(found, lambda photo: photo.id != "gone", read)
    assert (made.faces, made.left_out) == (2, 1)
    assert asked == []
    assert contents(made)[0] == ["pictures/a.jpg", "pictures/b.jpg"]
    assert asked == ["a", "b"]
