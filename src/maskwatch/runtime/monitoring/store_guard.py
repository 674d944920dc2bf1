"""Sees to it that no other service watches with the same store."""

from __future__ import annotations

import logging
import threading

from maskwatch.errors import StoreError, StoreTaken
from maskwatch.store.lock import Hold

_log = logging.getLogger(__name__)

_EVERY_S = 10.0


class StoreGuard:
    """Renews the hold on a store, in a thread of its own.

    Args:
        hold: on the store.
        stop_asked: ends it; set by itself when the store is lost.
    """

    def __init__(self, hold: Hold, stop_asked: threading.Event) -> None:
        self.lost: StoreTaken | None = None
        """Why the store is somebody else's by now."""
        self._hold = hold
        self._stop_asked = stop_asked
        self._thread = threading.Thread(target=self._run, name="store lock", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Waits for its end; it may itself be waiting for a server that is away."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        said = ""
        while not self._stop_asked.wait(_EVERY_S):
            try:
                self._hold.renew()
                said = ""
            except StoreTaken as error:
                _log.error("%s; this one ends", error)
                self.lost = error
                self._stop_asked.set()
            except StoreError as error:
                if str(error) != said:
                    _log.error("%s", error)
                said = str(error)
