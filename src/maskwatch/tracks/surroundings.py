"""Whether a picture must be looked at as a whole: did anything move beside the people in it?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from maskwatch.types import TIME_SLACK_S, Box, Frame, Image

_SAMPLES = 80
"""Points along the longer side at which pictures are compared."""
_CHANGED_GREY = 24
"""Difference in grey levels (0 to 255) that is no noise of sensor or compression."""
_CHANGED_SQUARES = 3
"""So many squares of two by two changed points are something that moves: a person makes more than
ten. Edges in the picture of a camera that trembles change in single points."""


class Surroundings:
    """Compares pictures of one source with the last one that was looked at as a whole."""

    def __init__(self) -> None:
        self._seen: NDArray[np.int16] | None = None

    def remember(self, image: Image) -> None:
        """Takes a picture, ``(H, W, 3)`` uint8, as what is known."""
        self._seen = _sampled(image)

    def have_changed(self, image: Image, people: Sequence[Box]) -> bool:
        """Whether something differs from the remembered picture, beside the given faces' bodies."""
        if self._seen is None:
            return True
        now = _sampled(image)
        if now.shape != self._seen.shape:
            return True
        differs = np.abs(now - self._seen) > _CHANGED_GREY
        step = _step(image)
        for box in people:
            side, up = 1.5 * box.width, 1.0 * box.height
            left, right = max(0, int((box.x0 - side) / step)), int((box.x1 + side) / step) + 1
            differs[max(0, int((box.y0 - up) / step)) :, left : max(right, 0)] = False
        rows = differs[1:] & differs[:-1]
        squares = rows[:, 1:] & rows[:, :-1]
        return int(np.count_nonzero(squares)) >= _CHANGED_SQUARES


class Sweeps:
    """Says when the whole picture of a source is to be looked at, and not only its people.

    Args:
        every_s: after so many seconds; 0 for always.
        rarest_s: while nobody comes or goes, each waits twice as long as the one before, up to
            this; by default not at all longer.
    """

    def __init__(self, every_s: float, rarest_s: float | None = None) -> None:
        self._every_s = every_s
        self._rarest_s = every_s if rarest_s is None else rarest_s
        self._wait_s = every_s
        self._swept_t: float | None = None
        self._people: int | None = None
        self._surroundings = Surroundings()

    def is_due(self, frame: Frame, people: Sequence[Box] | None) -> bool:
        """Whether somebody can have come since; if so, the frame counts as looked at as a whole.

        Args:
            frame: the next one.
            people: where everybody should be; None while that is not known of somebody.
        """
        if self._every_s <= 0:
            return True
        is_still = people is not None and not self._surroundings.have_changed(frame.image, people)
        if is_still and self._is_recent(frame.t):
            return False
        count = None if people is None else len(people)
        nobody_came = is_still and count == self._people
        self._wait_s = min(2 * self._wait_s, self._rarest_s) if nobody_came else self._every_s
        self._people = count
        self._swept_t = frame.t
        self._surroundings.remember(frame.image)
        return True

    def _is_recent(self, t: float) -> bool:
        return self._swept_t is not None and 0 <= t - self._swept_t < self._wait_s - TIME_SLACK_S


def _sampled(image: Image) -> NDArray[np.int16]:
    step = _step(image)
    return image[step // 2 :: step, step // 2 :: step, 1].astype(np.int16)


def _step(image: Image) -> int:
    step: int = max(image.shape[:2]) // _SAMPLES
    return max(1, step)
