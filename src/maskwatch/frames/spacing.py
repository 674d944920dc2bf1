"""Which pictures of a video are worth decoding for somebody who looks only now and then."""

from __future__ import annotations

import math

_TOLERANCE_S = 2e-3
"""Containers that count milliseconds put a stamp up to one beside where it belongs."""


class Spacing:
    """Looks at even distances, of whole frames, from the first frame on.

    Args:
        apart_s: a look is due so many seconds after the one before; 0 for at every frame.
        fps: average frames per second of the video.
    """

    def __init__(self, apart_s: float, fps: float) -> None:
        self.frame_s = 1 / fps
        frames = math.ceil((apart_s - _TOLERANCE_S) * fps)
        self._period_s = frames / fps if frames > 1 else 0.0

    @property
    def takes_all(self) -> bool:
        """True when there is a look at every frame."""
        return self._period_s == 0

    def wants(self, t: float, lasts_s: float) -> bool:
        """Whether a look falls on the frame that is shown from ``t`` seconds on for ``lasts_s``."""
        return self.takes_all or self._looks_until(t) > self._looks_until(t - lasts_s)

    def _looks_until(self, t: float) -> int:
        return math.floor((t + _TOLERANCE_S) / self._period_s)
