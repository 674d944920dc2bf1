"""What the operating system asks of the service: to stop, or to read its configuration again."""

from __future__ import annotations

import logging
import signal
import threading
from queue import SimpleQueue

_log = logging.getLogger(__name__)


class Signals:
    """Signals, which are noted when they come and heeded later.

    Setting an event or writing to the log as they come could wait for a lock that is held by what
    the signal interrupts, for ever.

    Args:
        stop_asked: set by SIGTERM and SIGINT.
        reload_asked: set by SIGHUP, where there is one.
    """

    def __init__(self, stop_asked: threading.Event, reload_asked: threading.Event) -> None:
        self._asked = {signal.SIGTERM: stop_asked, signal.SIGINT: stop_asked}
        if hasattr(signal, "SIGHUP"):
            self._asked[signal.SIGHUP] = reload_asked
        self._came: SimpleQueue[int] = SimpleQueue()

    def install(self) -> None:
        """Takes note of them from now on, in a program's main thread: no other one may."""
        if threading.current_thread() is threading.main_thread():
            for each in self._asked:
                signal.signal(each, lambda number, _: self._came.put(number))

    def heed(self) -> None:
        """Does what those ask for that have come."""
        while not self._came.empty():
            came = signal.Signals(self._came.get())
            _log.info("%s", came.name)
            self._asked[came].set()
