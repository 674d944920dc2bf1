"""What ends a run early: Ctrl-C, what `timeout` and container engines send, a closed terminal."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

CLOSING_S = 3.0
"""How long the first signal is given before another counts."""


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Makes SIGTERM and SIGHUP end the block as Ctrl-C does, and none of them disturb its closing.

    A SIGHUP that is ignored, as under `nohup`, stays so.

    Raises:
        KeyboardInterrupt: one came, and the block did not catch it. So it is, too, where something
            else is raised after it: what loads a compiled module makes an ImportError of it.
    """
    handler = Ending()
    before = {number: signal.signal(number, handler) for number in _ending_signals()}
    try:
        yield
    except Exception as error:
        if handler.was_asked:
            raise KeyboardInterrupt from error
        raise
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def _ending_signals() -> Iterator[signal.Signals]:
    yield from (signal.SIGINT, signal.SIGTERM)
    # Windows has none.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        yield signal.SIGHUP


class Ending:
    """A signal handler that raises KeyboardInterrupt, but not again within ``CLOSING_S``.

    Impatient people press twice, and `timeout` signals the process and its group: a second
    interrupt would hit the closing of the outputs and lose what an encoder still holds. Where
    closing hangs, a later one ends it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._free_from = float("-inf")
        self.was_asked = False
        """Whether any came."""

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """Raises KeyboardInterrupt if the signal counts."""
        self.was_asked = True
        now = self._clock()
        if now >= self._free_from:
            self._free_from = now + CLOSING_S
            raise KeyboardInterrupt
