"""Housekeeping: when it is done, and what happens when it fails."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TypeAlias

from maskwatch.config.root import Config
from maskwatch.errors import StoreError

_log = logging.getLogger(__name__)

_EVERY_S = 60.0


Housekeeping: TypeAlias = Callable[[Config], None]
"""Does what is due, such as retention; raises StoreError when the store cannot do it."""


class Upkeep:
    """Has housekeeping done every minute, and when asked, in a thread of its own.

    Args:
        work: is done; None for nothing.
        config: in force at the time.
        stop_asked: ends it, see `wake`.
    """

    def __init__(
        self,
        work: Housekeeping | None,
        config: Callable[[], Config],
        stop_asked: threading.Event,
    ) -> None:
        self._work = work
        self._config = config
        self._stop_asked = stop_asked
        self._asked = threading.Event()

    def start(self) -> None:
        """Starts the thread."""
        if (work := self._work) is not None:
            args, name = (work,), "housekeeping"
            threading.Thread(target=self._run, args=args, name=name, daemon=True).start()

    def wake(self) -> None:
        """Has it done now, or the thread end if that has been asked for."""
        self._asked.set()

    def _run(self, work: Housekeeping) -> None:
        while not self._stop_asked.is_set():
            self._asked.clear()
            try:
                work(self._config())
            except StoreError as error:
                if not self._stop_asked.is_set():
                    _log.error("housekeeping: %s", error)
            except Exception:  # noqa: BLE001 - hides nothing: it is told in full, each time
                # Else one mistake would end retention for good, and the disk would fill up.
                _log.exception("housekeeping failed")
            self._asked.wait(_EVERY_S)
