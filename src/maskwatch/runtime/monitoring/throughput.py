"""How much of something happened within the last seconds."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

_SLOT_S = 1.0


class Throughput:
    """Adds up amounts, and tells how much came in per second lately; for any number of threads.

    Args:
        window_s: how many of the last seconds count.
        clock: a monotonic clock.
    """

    def __init__(self, window_s: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._window_s = window_s
        self._clock = clock
        self._lock = threading.Lock()
        self._began = clock()
        self._slots: deque[tuple[int, float]] = deque()
        self._total = 0.0

    def add(self, amount: float = 1.0) -> None:
        """Something happened."""
        slot = int(self._clock() / _SLOT_S)
        with self._lock:
            self._total += amount
            if self._slots and self._slots[-1][0] == slot:
                amount += self._slots.pop()[1]
            self._slots.append((slot, amount))
            self._forget(slot)

    @property
    def total(self) -> float:
        """Since the start."""
        return self._total

    def per_second(self) -> float:
        """Over the window, or over the time since the start while that is shorter."""
        now = self._clock()
        slot = int(now / _SLOT_S)
        with self._lock:
            self._forget(slot)
            amount = sum(amount for _, amount in self._slots)
        # The oldest slot that counts began less than a whole window ago.
        since = max(self._began, self._oldest(slot) * _SLOT_S)
        return amount / max(_SLOT_S, now - since)

    def _oldest(self, slot: int) -> int:
        """The first slot that still counts in this one."""
        return slot + 1 - int(self._window_s / _SLOT_S)

    def _forget(self, slot: int) -> None:
        while self._slots and self._slots[0][0] < self._oldest(slot):
            self._slots.popleft()
