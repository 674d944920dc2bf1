"""Which detected face a label is about, and where it lies in a part of the picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from maskwatch.geometry import iou_matrix
from maskwatch.types import Box, Face, Landmarks, Point

MIN_IOU = 0.35
"""A detection that overlaps a labelled box by less is another face."""


def face_at(box: Box, faces: Sequence[Face]) -> Face | None:
    """The face that overlaps a labelled box best, or None."""
    best = best_overlap(box, np.array([face.box for face in faces], dtype=np.float32))
    return None if best is None else faces[best]


def in_window(face: Face, left: float, top: float, scale: float = 1.0) -> Face:
    """The face in pixels of a window of its picture that begins there and was scaled."""
    x0, y0, x1, y1 = face.box
    box = Box((x0 - left) * scale, (y0 - top) * scale, (x1 - left) * scale, (y1 - top) * scale)
    marks = [Point((x - left) * scale, (y - top) * scale) for x, y in face.landmarks or ()]
    return Face(box, face.score, Landmarks(*marks) if marks else None)


def best_overlap(box: Box, found: NDArray[np.float32]) -> int | None:
    """Index of the one of N boxes ``(N, 4)`` that overlaps a labelled box best, or None."""
    if not len(found):
        return None
    overlap = iou_matrix(np.array([box], dtype=np.float32), found)[0]
    best = int(overlap.argmax())
    return best if overlap[best] >= MIN_IOU else None


def main_face(faces: Sequence[Face], width: int, height: int) -> Face | None:
    """The face that a portrait is about, the one of most `prominence`; None without faces.

    Args:
        faces: what a detector found.
        width: of the picture in pixels.
        height: of the picture in pixels.
    """
    return max(
        faces, key=lambda face: prominence(face.box, face.score, width, height), default=None
    )


def prominence(box: Box, score: float, width: int, height: int) -> float:
    """How sure, large and near the middle of its picture a detection is."""
    x, y = box.middle
    away = max(abs(x / width - 0.5), abs(y / height - 0.5))
    return score + box.side / min(width, height) - 2 * away
