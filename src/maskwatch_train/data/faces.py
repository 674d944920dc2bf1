"""Which detected face a label is about, and where it lies in a part of the picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maskwatch.geometry import iou_matrix
from maskwatch.types import Box, Face, Image, Landmarks, Point

MIN_IOU = 0.35
"""A detection that overlaps a labelled box by less is another face."""


def face_of(box: Box | None, faces: Sequence[Face], image: Image) -> Face | None:
    """The face that a label is about, or None.

    Args:
        box: of the label; None if it is one of the whole picture, which is about the face that is
            the surest, largest and nearest to the middle.
        faces: what a detector found.
        image: the picture.
    """
    if box is not None:
        return face_at(box, faces)
    height, width = image.shape[:2]

    def prominence(face: Face) -> float:
        x, y = face.box.middle
        away = max(abs(x / width - 0.5), abs(y / height - 0.5))
        return float(face.score + face.box.side / min(width, height) - 2 * away)

    return max(faces, key=prominence, default=None)


def face_at(box: Box, faces: Sequence[Face]) -> Face | None:
    """The face that overlaps a labelled box best, or None."""
    if not faces:
        return None
    found = np.array([face.box for face in faces], dtype=np.float32)
    overlap = iou_matrix(np.array([box], dtype=np.float32), found)[0]
    best = int(overlap.argmax())
    return faces[best] if overlap[best] >= MIN_IOU else None


def in_window(face: Face, left: float, top: float, scale: float = 1.0) -> Face:
    """The face in pixels of a window of its picture that begins there and was scaled."""
    x0, y0, x1, y1 = face.box
    box = Box((x0 - left) * scale, (y0 - top) * scale, (x1 - left) * scale, (y1 - top) * scale)
    marks = [Point((x - left) * scale, (y - top) * scale) for x, y in face.landmarks or ()]
    return Face(box, face.score, Landmarks(*marks) if marks else None)
