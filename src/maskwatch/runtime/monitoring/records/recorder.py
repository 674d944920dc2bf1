"""Writes down what the cameras tell, in a thread of its own, and keeps it while that fails.

While the database cannot be reached everything waits in memory, in order.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from maskwatch.delays import Doubling, growing_delay_s
from maskwatch.errors import RecordExists, StoreError
from maskwatch.runtime.monitoring.records.backlog import Backlog
from maskwatch.runtime.monitoring.records.chronicle import (
    Entry,
    EpisodeOpened,
    EpisodeUpdated,
    UncertainFace,
)
from maskwatch.runtime.monitoring.records.writing import Planner, Writer
from maskwatch.store.records import MinuteReadings, PersonRecord
from maskwatch.store.store import Store

_log = logging.getLogger(__name__)

_RETRIES = Doubling(0.5, 10.0)
_IDLE_S = 1.0
_STUCK_S = 60.0
"""A server that is away, or a photo, is given up sooner; a disk of SQLite's may hang for ever."""


class Recorder:
    """A `Chronicle` over a store.

    Args:
        store: where everything goes.
        planner: which messages follow from what is written; None for no messages.
        on_deliveries: called when there are new messages to be sent.
    """

    def __init__(
        self,
        store: Store,
        planner: Planner | None = None,
        on_deliveries: Callable[[], None] = lambda: None,
    ) -> None:
        self.statistics_only = False
        """Whether nothing may be written of any person (any more), what waits included."""
        self._writer = Writer(store, planner, on_deliveries)
        self._backlog = Backlog()
        """Of the threads that hold `_changed`."""
        self._changed = threading.Condition()
        self._error = ""
        self._busy_since = float("inf")
        """When (`monotonic`) the entry that is being written was begun."""
        self._stopping = False
        self._give_up_at = float("inf")
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> bool:
        """Writes what waits, for so long at most; whether all of it was written."""
        with self._changed:
            self._stopping = True
            self._give_up_at = time.monotonic() + timeout_s
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout_s + _IDLE_S)
        return not self._backlog

    @property
    def error(self) -> str:
        """Why nothing can be written at the moment; empty when all is well."""
        if not self._error and time.monotonic() - self._busy_since > _STUCK_S:
            return f"the database has not answered for {_STUCK_S:g} s"
        return self._error

    @property
    def unwritten(self) -> int:
        """Entries that wait."""
        return len(self._backlog)

    def write(self, entries: Sequence[Entry]) -> None:
        """Takes entries; see `Chronicle`."""
        if not entries:
            return
        with self._changed:
            self._backlog.add(entries)
            self._changed.notify_all()

    def _run(self) -> None:
        failures = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._backlog or self._stopping, _IDLE_S)
                if self._stopping and (not self._backlog or time.monotonic() > self._give_up_at):
                    return
                entry = self._backlog.head()
            if entry is None:
                continue
            self._busy_since = time.monotonic()
            is_done = self._write_one(entry)
            self._busy_since = float("inf")
            failures = 0 if is_done else failures + 1
            if failures:
                with self._changed:
                    wait_s = growing_delay_s(_RETRIES, failures)
                    self._changed.wait_for(lambda: self._stopping, wait_s)
                    if self._stopping:  # no time left for patience
                        self._changed.wait(0.1)

    def _write_one(self, entry: Entry) -> bool:
        """Whether the first entry is done with, and gone; False to try again."""
        try:
            if self.statistics_only and _tells_of_a_person(entry):
                self._writer.forget_people()
            else:
                self._writer.write(entry)
        except RecordExists:
            pass  # written before a connection broke that should have said so
        except StoreError as error:
            if not self._error:
                _log.error("nothing can be written: %s", error)
            self._error = str(error)
            return False
        except Exception:  # noqa: BLE001
            # The thread's boundary. An entry that cannot be written must not block the others.
            _log.exception("an entry cannot be written and is left out: %s", type(entry).__name__)
        if self._error:
            _log.warning("writing works again; given up so far: %d", self._backlog.given_up)
            self._error = ""
        with self._changed:
            self._backlog.done()
        return True


def _tells_of_a_person(entry: Entry) -> bool:
    """Whether there would be no such entry in statistics-only mode.

    Of an episode that was written before it may be said that it is over, until it is deleted.
    """
    if isinstance(entry, EpisodeUpdated):
        return entry.ended_at is None
    return isinstance(entry, EpisodeOpened | PersonRecord | MinuteReadings | UncertainFace)
