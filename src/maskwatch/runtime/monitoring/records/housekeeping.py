"""What a running service tidies up every minute, in a thread of its own; how full the disk is."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from maskwatch.config.root import Config
from maskwatch.errors import StoreError
from maskwatch.runtime.monitoring.records.stricter import hide_faces
from maskwatch.store.records import HealthKind, HealthRecord, HealthState
from maskwatch.store.retention import GB, keep_house
from maskwatch.store.store import Store

_log = logging.getLogger(__name__)

_EVERY_S = 60.0
_STRAYS_EVERY_S = 86_400.0
"""Not only at the start: a file that a crash left is then too young to be told from one that is
being stored, and a disk that is mounted again brings photos whose rows have gone meanwhile."""

Housekeeping: TypeAlias = Callable[[Config], None]
"""Does what is due, such as retention; raises StoreError when the store cannot do it."""


class HousekeepingThread:
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


class Housekeeper:
    """Applies retention and keeps room on the disk; the health of the box says when it is full.

    Args:
        store: what to tidy up.
        clock: a monotonic clock, in seconds.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._is_tidy = False
        self._strays_at = clock()
        self._disk: str | None = None

    def __call__(self, config: Config) -> None:
        """Does what is due.

        Raises:
            StoreError: something cannot be deleted or written down.
        """
        report = keep_house(
            self._store,
            config.storage,
            datetime.now(UTC),
            statistics_only=config.privacy.statistics_only,
        )
        if report.deleted:
            _log.info("retention: %s", dict(report.deleted))
        _tell_stuck("go and cannot be deleted", report.stuck)
        self._note(report.is_full, report.free_bytes, config.storage.min_free_gb)
        hidden = hide_faces(self._store)  # after retention, as many photos take their time
        if hidden.photos:
            _log.warning("the privacy policy is stricter: faces hidden in %d photos", hidden.photos)
        _tell_stuck("have their faces hidden and cannot be replaced", hidden.stuck)
        self._sweep()  # last, as a folder that cannot be read must not keep the rest from its turn

    def _sweep(self) -> None:
        if self._clock() < self._strays_at:
            return
        count = 0
        if not self._is_tidy:
            count = self._store.snapshots.forget_lost()
            self._is_tidy = True
        count += self._store.snapshots.remove_strays()
        self._strays_at = self._clock() + _STRAYS_EVERY_S
        if count:
            _log.warning("%d photos without a record, or records without a photo, went", count)

    def _note(self, is_full: bool, free_bytes: int, wanted_gb: float) -> None:
        state = HealthState.FULL if is_full else HealthState.OK
        if self._disk is None:  # before this run, it may have been something else
            last = self._store.health.last(None, HealthKind.DISK)
            self._disk = last.state if last else HealthState.OK
        if state == self._disk:
            return
        free_gb = free_bytes / GB
        reason = f"{free_gb:.2f} GB are free, and no photo is left to be deleted" if is_full else ""
        if is_full:
            _log.error("the disk is full: %s; storage.min_free_gb is %g", reason, wanted_gb)
        self._store.health.add(HealthRecord.now(None, HealthKind.DISK, state, reason))
        self._disk = state


def _tell_stuck(what: str, stuck: Mapping[str, str]) -> None:
    if stuck:
        one = next(f"{file}: {why}" for file, why in stuck.items())
        _log.error("photos should %s: %d; %s", what, len(stuck), one)
