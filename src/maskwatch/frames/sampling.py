"""Which frames of a source are looked at."""

from __future__ import annotations

import math
from typing import SupportsFloat, SupportsIndex

from maskwatch.errors import UsageError

MOST_FPS = 1_000_000
"""As a limit: beyond it, times of long recordings no longer fit a number."""

# Times are sums of fractions such as 1/30: a frame due at 0.1 s may carry 0.09999999.
_TIME_TOLERANCE = 1e-6


class Sampler:
    """Takes every Nth frame, and no more than so many in a second.

    The rate is kept by the frames' own times, so that it holds for variable frame rates and
    across gaps: time is cut into slots of ``1 / max_fps`` seconds, and the first frame that
    falls into a slot is taken. One sampler serves one pass through one source.

    Args:
        every: 1 takes all frames, 2 every second one.
        max_fps: frames per second; None for no limit.

    Raises:
        UsageError: ``every`` is no whole number from 1 on, or ``max_fps`` no positive number of
            at most a million.
    """

    def __init__(self, every: int = 1, max_fps: float | None = None) -> None:
        if not (isinstance(every, SupportsIndex) and every >= 1):
            raise UsageError(f"every must be a whole number from 1 on, got {every!r}")
        if max_fps is not None and not (
            isinstance(max_fps, SupportsFloat) and 0 < max_fps <= MOST_FPS
        ):
            raise UsageError(f"max_fps must be above 0 and at most {MOST_FPS}, got {max_fps!r}")
        self.every = every
        self.max_fps = max_fps
        self._slot: int | None = None

    def wants(self, index: int, t: float) -> bool:
        """Whether to look at frame ``index`` of time ``t`` seconds; ask once a frame, in order."""
        if index % self.every:
            return False
        if self.max_fps is None:
            return True
        slot = math.floor((t + _TIME_TOLERANCE) * self.max_fps)
        if slot == self._slot:
            return False
        self._slot = slot
        return True
