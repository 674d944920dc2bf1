"""Which cameras there are and which are in trouble, as this run of the service has heard."""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from maskwatch.delays import CLOCK_STEP
from maskwatch.store.records import WELL, HealthRecord

WELL_FOR = timedelta(seconds=60)
"""A camera must have been well for so long for its trouble to be over: one that comes and goes, or
sends a picture now and then, is in the same trouble all the while."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One kind of trouble of one camera, from its beginning."""

    since: datetime
    """When it began, and when the messages about it were created; aware."""
    well_since: datetime | None = None
    """Since when nothing is wrong any more, as far as is known; None while something is."""

    def over_at(self) -> datetime | None:
        """When it will count as over unless it comes back before; None while it lasts."""
        return None if self.well_since is None else self.well_since + WELL_FOR

    def is_over(self, now: datetime) -> bool:
        """Whether it counts as over.

        So it does, too, when the clock was set back since the camera was well: for how long it was
        cannot be told, and a loss that is told twice is better than one that is not.
        """
        if self.well_since is None:
            return False
        return not self.well_since - CLOCK_STEP <= now < self.well_since + WELL_FOR


class RollCall:
    """Remembers who has answered, and what they said; used by many threads.

    A camera counts from the first thing that it tells of itself. What an earlier run wrote down
    says nothing about today: the camera may be back, or have been removed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._present: set[str] = set()
        self._troubles: dict[tuple[str, str], Trouble] = {}

    def note(self, change: HealthRecord) -> bool:
        """Takes note of what a camera tells of itself.

        Returns:
            Whether a new trouble begins with it; the same when it is told again.
        """
        camera = change.camera
        if camera is None:
            return False
        with self._lock:
            self._present.add(camera)
            trouble = self._troubles.get((camera, change.kind))
            after = _after(trouble, change)
            if after is not None:
                self._troubles[camera, change.kind] = after
        return after is not None and after.since == change.at

    def keep(self, cameras: Collection[str]) -> None:
        """These are all that are to be watched: others were removed, or switched off."""
        with self._lock:
            self._present.intersection_update(cameras)
            self._troubles = {
                (camera, kind): trouble
                for (camera, kind), trouble in self._troubles.items()
                if camera in self._present
            }

    def has(self, camera: str | None) -> bool:
        """Whether it has answered, and was neither removed nor switched off since."""
        with self._lock:
            return camera in self._present

    def trouble(self, camera: str | None, kind: str) -> Trouble | None:
        """The last trouble of a kind that a camera had; it may be over."""
        with self._lock:
            return None if camera is None else self._troubles.get((camera, kind))


def _after(trouble: Trouble | None, change: HealthRecord) -> Trouble | None:
    """The trouble of a kind that a camera has after a change of that kind."""
    if change.state not in WELL:
        if trouble is None or trouble.is_over(change.at):
            return Trouble(change.at)
        return replace(trouble, well_since=None)
    if trouble is None or trouble.well_since is not None:
        return trouble
    return replace(trouble, well_since=change.at)
