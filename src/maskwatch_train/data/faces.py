"""Which detected face a label is about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maskwatch.geometry import iou_matrix
from maskwatch.types import Box, Face

MIN_IOU = 0.35
"""A detection that overlaps a labelled box by less is another face."""


def face_at(box: Box, faces: Sequence[Face]) -> Face | None:
    """The face that overlaps a labelled box best, or None."""
    if not faces:
        return None
    found = np.array([face.box for face in faces], dtype=np.float32)
    overlap = iou_matrix(np.array([box], dtype=np.float32), found)[0]
    best = int(overlap.argmax())
    return faces[best] if overlap[best] >= MIN_IOU else None


def main_face(faces: Sequence[Face], width: int, height: int) -> Face | None:
    """The face that a portrait is about: sure, large and near the middle; None without faces.

    Args:
        faces: what a detector found.
        width: of the picture in pixels.
        height: of the picture in pixels.
    """

    def prominence(face: Face) -> float:
        x, y = (face.box.x0 + face.box.x1) / 2 / width, (face.box.y0 + face.box.y1) / 2 / height
        away = max(abs(x - 0.5), abs(y - 0.5))
        return face.score + face.box.side / min(width, height) - 2 * away

    return max(faces, key=prominence, default=None)
