"""Whether the clock of this machine was set: times before and after cannot be compared."""

from __future__ import annotations

import time
from collections.abc import Callable

_SET_S = 5.0
"""Time servers correct less than this in small steps, which nobody minds."""


class ClockWatch:
    """Notices when a person or a time server sets the clock, or the machine was asleep.

    Args:
        wall: the time of day in seconds.
        steady: seconds on a clock that nobody can set.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._steady = steady
        self._ahead_s = wall() - steady()

    def step_s(self) -> float:
        """By how much the clock was set since the last call, forward or back; 0 when it was not."""
        before_s, self._ahead_s = self._ahead_s, self._wall() - self._steady()
        step_s = self._ahead_s - before_s
        return step_s if abs(step_s) >= _SET_S else 0.0
