"""Drawing on many labelled faces, picture by picture, so that any number of processes can share it.

What is drawn on a face depends on the seed, the picture's content, which of its labels are drawn
on, and the landmarks that the shipped detector gives: not on the order of the pictures, their names
or number, or how many processes there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from maskwatch.build.models import BuildOptions, build_detector
from maskwatch.faces.base import FaceDetector
from maskwatch.outputs.files import make_folder
from maskwatch.outputs.images import write_picture
from maskwatch.types import Box, Face, Image
from maskwatch_train.checksum import checksum
from maskwatch_train.data.faces import face_of, in_window
from maskwatch_train.data.manifest import ManifestRow
from maskwatch_train.pictures import frame_of
from maskwatch_train.synthesis.drawers import DRAWERS
from maskwatch_train.synthesis.head import fit_head
from maskwatch_train.synthesis.recolour import Recolour

_ROOM = 1.1
"""Kept around a face on each side, in longer sides of it, as far as the picture goes."""
_LEAST_SHOWN = 0.03
"""Share of a face's box that a drawing must change; in tight crops a scarf can lie outside."""
_VISIBLE_LEVELS = 12
"""Grey levels by which a pixel must change to count."""
_MAY_STAY = frozenset({f"{Recolour.UNCHANGED.value}-colour"})
_LARGEST_PX = 640
"""Longest side of a drawn picture; larger ones are scaled down, as no input shows more."""


@dataclass(frozen=True, slots=True)
class Job:
    """One picture and what is wanted of it; small, because it travels to another process."""

    path: Path
    rows: tuple[ManifestRow, ...]
    """Labels to draw on, all of this picture and of its copies."""
    kinds: tuple[str, ...]
    """Keys of ``DRAWERS`` to choose from."""
    per_face: int
    """Different drawings of each face, at most."""
    seed: int
    name: str
    """Of the set that is made."""
    folder: Path
    """Drawings go to a folder of it for each kind."""
    min_side: float
    """Smaller faces, in pixels, are not drawn on."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job."""

    rows: tuple[ManifestRow, ...]
    """Of the drawings; their paths begin with the kind."""
    without_landmarks: int
    """Labels at which the detector found no face that is large enough."""
    without_drawing: int
    """Faces on which none of the kinds can be drawn."""


def by_content(rows: Iterable[ManifestRow]) -> list[list[ManifestRow]]:
    """Rows of the same picture together, in the order of their first.

    Copies under other names count as the same picture, as drawings on them would be the same, and
    have the same name; a label that they repeat comes once.
    """
    found: dict[str, dict[tuple[Box | None, str], ManifestRow]] = {}
    for row in rows:
        found.setdefault(row.sha256, {}).setdefault((row.box, row.label_text), row)
    return [list(labels.values()) for labels in found.values()]


def draw(job: Job) -> Outcome:
    """Draws on the faces of one picture and writes the results.

    Raises:
        DataError: the picture cannot be read.
        OutputError: a drawing cannot be written.
    """
    frame = frame_of(job.path)
    faces = [face for face in _detector()(frame) if face.landmarks]
    made: list[ManifestRow] = []
    unseen = undrawn = 0
    for number, row in enumerate(job.rows):
        found = face_of(row.box, faces, frame.image)
        if found is None or found.box.side < job.min_side:
            unseen += 1
            continue
        of_face = _draw_face(job, row, number, *_cut(frame.image, found))
        undrawn += not of_face
        made += of_face
    return Outcome(tuple(made), unseen, undrawn)


@cache
def _detector() -> FaceDetector:
    """One per process: it gives the landmarks."""
    return build_detector(BuildOptions(threads=1)).detect


def _draw_face(
    job: Job, row: ManifestRow, number: int, image: Image, face: Face
) -> list[ManifestRow]:
    try:
        fit_head(face)
    except ValueError:  # landmarks that are no face, as on a head from behind
        return []
    rng = np.random.default_rng([job.seed, int(row.sha256[:15], 16), number])
    fitting = [name for name in job.kinds if DRAWERS[name].needs is row.label]
    rows: list[ManifestRow] = []
    for place in rng.permutation(len(fitting)):
        if len(rows) == job.per_face:
            break
        name = fitting[int(place)]
        drawn = DRAWERS[name].draw(image, face, rng)
        if drawn is None or not (name in _MAY_STAY or _shows(image, drawn, face.box)):
            continue
        path = f"{name}/{row.source_set}-{row.sha256[:12]}-{number}.jpg"
        make_folder((job.folder / path).parent)
        write_picture(job.folder / path, drawn)
        state, fault = DRAWERS[name].label
        rows.append(
            replace(
                row,
                source_set=job.name,
                path=path,
                sha256=checksum(job.folder / path),
                box=_within(face.box, drawn),
                label=state,
                fault=fault,
                # The group of the face that it was drawn on: the two must not be separated.
                group=row.global_group,
            )
        )
    return rows


def _shows(before: Image, after: Image, box: Box) -> bool:
    """Whether what was drawn is to be seen."""
    changed = cv2.absdiff(before, after).max(axis=2) > _VISIBLE_LEVELS
    return bool(changed.sum() >= _LEAST_SHOWN * box.width * box.height)


def _within(box: Box, image: Image) -> Box:
    height, width = image.shape[:2]
    return Box(*(float(v) for v in np.clip(box, 0, [width, height, width, height]).round(2)))


def _cut(image: Image, face: Face) -> tuple[Image, Face]:
    """The face with room around it, scaled down if it is large."""
    reach = _ROOM * max(face.box.width, face.box.height)
    x0, y0 = max(0, int(face.box.x0 - reach)), max(0, int(face.box.y0 - reach))
    x1, y1 = int(face.box.x1 + reach) + 1, int(face.box.y1 + reach) + 1
    part = image[y0:y1, x0:x1]
    scale = min(1.0, _LARGEST_PX / max(part.shape[:2]))
    if scale < 1:
        part = np.asarray(
            cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
        )
    return np.ascontiguousarray(part), in_window(face, x0, y0, scale)
