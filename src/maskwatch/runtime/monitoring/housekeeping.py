"""What a running service tidies up every minute, and how full the disk is."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from maskwatch.config.root import Config
from maskwatch.runtime.monitoring.recorder import health_of_box
from maskwatch.runtime.monitoring.stricter import hide_faces
from maskwatch.store.retention import GB, keep_house
from maskwatch.store.store import Store

_log = logging.getLogger(__name__)

OK, FULL = "ok", "full"


class Housekeeper:
    """Applies retention and keeps room on the disk; the health of the box says when it is full.

    Args:
        store: what to tidy up.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._swept = False
        self._disk: str | None = None

    def __call__(self, config: Config) -> None:
        """Does what is due.

        Raises:
            StoreError: something cannot be deleted or written down.
        """
        if not self._swept:
            count = self._store.snapshots.sweep()
            self._swept = True
            if count:
                _log.warning("%d photos without a record, or records without a photo, went", count)
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
        hidden = hide_faces(self._store)  # last, as many photos take their time
        if hidden.photos:
            _log.warning("the privacy policy is stricter: faces hidden in %d photos", hidden.photos)
        _tell_stuck("have their faces hidden and cannot be replaced", hidden.stuck)

    def _note(self, is_full: bool, free_bytes: int, wanted_gb: float) -> None:
        state = FULL if is_full else OK
        if self._disk is None:  # before this run, it may have been something else
            last = self._store.health.last(None, "disk")
            self._disk = last.state if last else OK
        if state == self._disk:
            return
        free_gb = free_bytes / GB
        reason = f"{free_gb:.2f} GB are free, and no photo is left to be deleted" if is_full else ""
        if is_full:
            _log.error("the disk is full: %s; storage.min_free_gb is %g", reason, wanted_gb)
        self._store.health.add(health_of_box("disk", state, reason))
        self._disk = state


def _tell_stuck(what: str, stuck: Mapping[str, str]) -> None:
    if stuck:
        one = next(f"{file}: {why}" for file, why in stuck.items())
        _log.error("photos should %s: %d; %s", what, len(stuck), one)
