"""Where faces are hidden: where they are, and where they were just before."""

from __future__ import annotations

from collections.abc import Sequence

from maskwatch.geometry import are_covered, box_array
from maskwatch.types import Box, Face, TimedBox

_LINGER_S = 0.7
"""Long enough to cover the frames in which a detector loses a face that turns or is crossed."""

_LONGEST_S = 3.0
"""Where looks are rarer than `_LINGER_S` the last one still counts, but not for longer."""

_SAME_PLACE_IOU = 0.5
"""A remembered place that a face overlaps by this much is covered by hiding the face."""


class Veil:
    """Remembers for a moment where faces were, so that a missed frame does not uncover one."""

    def __init__(self, linger_s: float = _LINGER_S) -> None:
        self._linger_s = linger_s
        self._recent: list[TimedBox] = []
        self._last_t = float("-inf")

    def over(self, t: float, faces: Sequence[Face]) -> list[TimedBox]:
        """What to hide in the frame at ``t`` seconds: its faces and those of just before.

        That is of the last moments, and of the frame before if that was not long ago; each with the
        time of its frame.
        """
        now = [face.box for face in faces]
        since_s, self._last_t = t - self._last_t, t
        linger_s = max(self._linger_s, since_s) if since_s <= _LONGEST_S else self._linger_s
        left = [place for place in self._recent if t - place.t <= linger_s]
        uncovered = without_covered([place.box for place in left], now)
        left = [place for place in left if place.box in uncovered]
        self._recent = left + [TimedBox(t, box) for box in now]
        return list(self._recent)


def without_covered(boxes: Sequence[Box], hidden: Sequence[Box]) -> list[Box]:
    """Those boxes that are not hidden along with others."""
    covered = are_covered(box_array(boxes), box_array(hidden), _SAME_PLACE_IOU)
    return [box for box, is_covered in zip(boxes, covered, strict=True) if not is_covered]
