"""Labelled faces as a data set for training: a manifest and the pictures that it names.

The manifest is the one of ``maskwatch-train`` (its ``data/manifest.py``; a test reads one back).
The two cannot share code: the service must run without the training kit.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from maskwatch.store.records import ReviewItem, SnapshotRecord
from maskwatch.types import State

SET_NAME = "review"
LICENCE = "own recordings, not for publication"
_FORMAT = 1
_OLDEST_DATE = (1980, 1, 1, 0, 0, 0)  # so that the same labels give the same bytes


@dataclass(frozen=True, slots=True)
class Labelled:
    """A labelled face and the photo that it is in."""

    item: ReviewItem
    snapshot: SnapshotRecord


@dataclass(frozen=True, slots=True)
class Export:
    """A zip file and what is in it."""

    parts: Iterator[bytes]
    """Of the file, made as they are asked for: months of photos do not fit into memory."""
    faces: int
    left_out: int
    """Labelled faces that are hidden in their photo, or whose photo is gone."""


def is_usable(labelled: Labelled) -> bool:
    """Whether a model can learn from it: labelled with a class, and the face is not hidden."""
    faces = labelled.snapshot.faces
    return (
        labelled.item.label not in (None, State.UNKNOWN)
        and labelled.item.face < len(faces)
        and not faces[labelled.item.face].blurred
    )


def export_review(
    labelled: Sequence[Labelled],
    is_there: Callable[[SnapshotRecord], bool],
    read: Callable[[str], bytes | None],
) -> Export:
    """Makes the zip file: ``pictures/`` and ``manifest.jsonl``.

    Args:
        labelled: faces in any order.
        is_there: whether a photo can be had, as far as a short look tells: the file begins to leave
            at once, however many there are.
        read: the bytes of a snapshot by its id; None when it is gone or damaged. It is left out of
            the file then.
    """
    ordered = sorted(labelled, key=lambda one: (one.snapshot.id, one.item.id))
    usable = [each for each in ordered if is_usable(each)]
    photos = {each.snapshot.id: each.snapshot for each in usable}
    there = {key for key, photo in photos.items() if is_there(photo)}
    chosen = [each for each in usable if each.snapshot.id in there]
    return Export(_zipped(chosen, read), len(chosen), len(ordered) - len(chosen))


def _zipped(chosen: Sequence[Labelled], read: Callable[[str], bytes | None]) -> Iterator[bytes]:
    """The zip file of faces that are in order of their photos, one photo after the other."""
    rows: list[str] = []
    out = _Passing()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:  # JPEGs do not get smaller
        for photo, faces in groupby(chosen, key=lambda one: one.snapshot.id):
            data = read(photo)
            if data is None:
                continue
            name = f"pictures/{photo}.jpg"
            rows += [_row(each, name, data) for each in faces]
            _add(archive, name, data)
            yield out.take()
        _add(archive, "manifest.jsonl", _manifest(rows))
    yield out.take()


def _manifest(rows: Sequence[str]) -> bytes:
    body = "".join(f"{row}\n" for row in rows).encode()
    head = {
        "format": _FORMAT,
        "rows": len(rows),
        "sha256": hashlib.sha256(body).hexdigest(),
        "folders": {SET_NAME: "."},  # the pictures lie beside the manifest
    }
    return json.dumps(head).encode() + b"\n" + body


class _Passing(io.BytesIO):
    """A file that keeps only what nobody has taken yet; its positions are those of the whole."""

    def __init__(self) -> None:
        super().__init__()
        self._taken = 0

    def tell(self) -> int:
        return self._taken + super().tell()

    def seek(self, position: int, whence: int = io.SEEK_SET, /) -> int:
        assert whence == io.SEEK_SET  # noqa: S101 - zipfile knows no other way
        return self._taken + super().seek(position - self._taken)

    def take(self) -> bytes:
        """What is there and will not be changed any more."""
        data = self.getvalue()
        self._taken += len(data)
        super().seek(0)
        self.truncate(0)
        return data


def _row(labelled: Labelled, name: str, data: bytes) -> str:
    item = labelled.item
    values = {
        "set": SET_NAME,
        "path": name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "box": labelled.snapshot.faces[item.face].box,
        "label": item.label,
        "fault": item.label_fault,
        # One person of one episode is one group, so that training never tests on whom it saw.
        "group": item.episode_id or item.snapshot_id,
        "split": "train",
        "licence": LICENCE,
    }
    return json.dumps(values, sort_keys=True, ensure_ascii=False)


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _OLDEST_DATE), data)
