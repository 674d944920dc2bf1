"""Boxes on which detector and classifier agree: closer to the face than either's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from maskwatch.geometry import box_array, clip, iou_matrix, nms, square_crop
from maskwatch.types import Box, Face, MaskReading

MIN_AGREEMENT = 0.2
"""Less overlap with the detector's box than this is another thing, not a better box."""
SAME_FACE_IOU = 0.5
"""Two refined boxes that overlap by more are one face found twice."""


def refine(
    face: Face, fractions: NDArray[np.floating], margin: float, width: int, height: int
) -> Face:
    """The face with the mean of its box and the one that the classifier gives it.

    The two err in different ways, so the mean errs less than either.

    Args:
        face: as the detector found it.
        fractions: ``(4,)`` (x0, y0, x1, y1) in the classifier's crop, as fractions of its side.
        margin: of that crop (see ``geometry.square_crop``).
        width: of the picture in pixels.
        height: of the picture in pixels.

    Returns:
        The face unchanged where the two boxes hardly overlap.
    """
    left, top, side = square_crop(face.box, margin)
    placed = np.asarray(fractions, dtype=np.float64) * side + np.array([left, top, left, top])
    found, seen = box_array([face.box]), clip(placed[None], width, height)
    if iou_matrix(found, seen)[0, 0] < MIN_AGREEMENT:
        return face
    return replace(face, box=Box(*(float(v) for v in (found + seen)[0] / 2)))


def without_repeats(readings: Sequence[MaskReading]) -> list[MaskReading]:
    """The readings without second looks at the same face, best detector score first.

    The detector suppresses overlapping boxes; what it takes for two faces may turn out to be one
    when both boxes are refined.
    """
    boxes = box_array(reading.face.box for reading in readings)
    scores = np.array([reading.face.score for reading in readings])
    return [readings[i] for i in nms(boxes, scores, SAME_FACE_IOU)]
