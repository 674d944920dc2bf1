"""Readings of one camera, summed up per minute and zone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from maskwatch.store.records import MinuteReadings
from maskwatch.types import State


class MinuteSums:
    """Adds up the readings of one camera, minute by minute.

    Args:
        camera: its name.
    """

    def __init__(self, camera: str) -> None:
        self._camera = camera
        self._minute: datetime | None = None
        self._frames = 0
        self._counts: Counter[tuple[str | None, State]] = Counter()

    def add(
        self, minute: datetime, states: Iterable[tuple[str | None, State]]
    ) -> list[MinuteReadings]:
        """Takes in one picture.

        Args:
            minute: the start of the minute in which it was taken.
            states: zone and state of each reading.

        Returns:
            The sums of the minute before, once that is over. Frames count where no zone is.
        """
        done = self.rest() if self._minute not in (None, minute) else []
        self._minute = minute
        self._frames += 1
        self._counts.update(states)
        return done

    def rest(self) -> list[MinuteReadings]:
        """The sums of the minute that has begun; they start anew."""
        minute, self._minute = self._minute, None
        frames, self._frames = self._frames, 0
        counts, self._counts = self._counts, Counter()
        if minute is None:
            return []
        zones = dict.fromkeys([None, *(zone for zone, _ in counts)])
        return [
            MinuteReadings(
                camera=self._camera,
                zone=zone,
                minute=minute,
                frames=frames if zone is None else 0,
                mask=counts[zone, State.MASK],
                incorrect=counts[zone, State.INCORRECT],
                no_mask=counts[zone, State.NO_MASK],
                unknown=counts[zone, State.UNKNOWN],
            )
            for zone in zones
        ]
