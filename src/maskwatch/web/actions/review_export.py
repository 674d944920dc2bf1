"""Labelled faces as a data set for training: a manifest and the pictures that it names.

The manifest is the one of ``maskwatch-train`` (its ``data/manifest.py``; a test reads one back).
The two cannot share code: the service must run without the training kit.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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

    data: bytes
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


def export_review(labelled: Sequence[Labelled], read: Callable[[str], bytes | None]) -> Export:
    """Makes the zip file: ``manifest.jsonl`` and ``pictures/``.

    Args:
        labelled: faces in any order.
        read: the bytes of a snapshot by its id; None when it is gone.
    """
    left_out = 0
    pictures: dict[str, bytes] = {}
    rows: list[str] = []
    for each in sorted(labelled, key=lambda one: one.item.id):
        data = read(each.snapshot.id) if is_usable(each) else None
        if data is None:
            left_out += 1
            continue
        name = f"pictures/{each.snapshot.id}.jpg"
        pictures[name] = data
        rows.append(_row(each, name, data))
    body = "".join(f"{row}\n" for row in rows).encode()
    head = {
        "format": _FORMAT,
        "rows": len(rows),
        "sha256": hashlib.sha256(body).hexdigest(),
        "folders": {SET_NAME: "."},  # the pictures lie beside the manifest
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:  # JPEGs do not get smaller
        _add(archive, "manifest.jsonl", json.dumps(head).encode() + b"\n" + body)
        for name, data in sorted(pictures.items()):
            _add(archive, name, data)
    return Export(out.getvalue(), len(rows), left_out)


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
