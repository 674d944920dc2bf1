"""What ends a run early: Ctrl-C, and what `timeout` and container engines send."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from types import FrameType

CLOSING_S = 3.0
"""How long the first signal is given before another counts."""


def end_on_signals() -> None:
    """Makes SIGTERM end a run as Ctrl-C does, and neither of them disturb its closing."""
    handler = Ending()
    signal.signal(signal.SIGINT, handler)
    signal.signal(signal.SIGTERM, handler)


class Ending:
    """A signal handler that raises KeyboardInterrupt, but not again within ``CLOSING_S``.

    Impatient people press twice, and `timeout` signals the process and its group: a second
    interrupt would hit the closing of the outputs and lose what an encoder still holds. Where
    closing hangs, a later one ends it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._free_from = float("-inf")

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """Raises KeyboardInterrupt if the signal counts."""
        now = self._clock()
        if now >= self._free_from:
            self._free_from = now + CLOSING_S
            raise KeyboardInterrupt
