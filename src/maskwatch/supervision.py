"""Readings and tracks as ``supervision.Detections``, for those who work with that library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from maskwatch.errors import MissingExtra
from maskwatch.types import MaskReading, State, Track

if TYPE_CHECKING:
    import supervision

CLASSES = tuple(State)
"""States in the order of ``class_id``: 0 mask, 1 incorrect, 2 no_mask, 3 unknown."""


def to_detections(found: Sequence[MaskReading] | Sequence[Track]) -> supervision.Detections:
    """Readings or tracks of one frame as detections, in the same order.

    ``confidence`` is the detector's score. ``class_id`` is the position in ``CLASSES`` of the
    reading's state or, for tracks, of the verdict; ``tracker_id`` is set for tracks. ``data``
    holds one value per face under ``class_name``, ``fault`` ("" for none) and ``coverage`` (in
    percent, NaN for none); of no faces an empty array each.

    Raises:
        MissingExtra: supervision is not installed.
    """
    try:
        import supervision
    except ImportError as error:
        raise MissingExtra("supervision.Detections", "supervision") from error
    readings = [each.reading if isinstance(each, Track) else each for each in found]
    judged = [each.verdict if isinstance(each, Track) else each for each in found]
    ids = [each.id for each in found if isinstance(each, Track)]
    return supervision.Detections(
        xyxy=np.array([reading.face.box for reading in readings], np.float32).reshape(-1, 4),
        confidence=np.array([reading.face.score for reading in readings], dtype=np.float32),
        class_id=np.array([CLASSES.index(each.state) for each in judged], dtype=int),
        tracker_id=np.array(ids) if ids else None,
        data={
            "class_name": np.array([each.state.value for each in judged], dtype=str),
            "fault": np.array(
                [each.fault.value if each.fault else "" for each in judged], dtype=str
            ),
            "coverage": np.array(
                [np.nan if each.coverage is None else each.coverage for each in judged]
            ),
        },
    )
