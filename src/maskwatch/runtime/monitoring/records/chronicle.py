"""What the cameras tell, to be written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from maskwatch.runtime.monitoring.finish import FinishedPhoto
from maskwatch.store.records import (
    EpisodeRecord,
    HealthRecord,
    MinuteReadings,
    PeopleBucket,
    PersonRecord,
    TimelinePoint,
)
from maskwatch.types import Fault, State


@dataclass(frozen=True, slots=True)
class EpisodeOpened:
    """A violation is confirmed."""

    record: EpisodeRecord
    confirmed_at: datetime
    """Aware. However late it is written down: nobody is to be told of it as if it were new."""
    photo: FinishedPhoto | None
    timeline: tuple[TimelinePoint, ...]


@dataclass(frozen=True, slots=True)
class EpisodeUpdated:
    """An open episode goes on, or is over."""

    id: str
    state: State
    fault: Fault | None
    """The state and the fault that weigh most so far."""
    coverage: float | None
    ended_at: datetime | None
    """None while it lasts."""
    timeline: tuple[TimelinePoint, ...]
    """Readings since the last news."""


@dataclass(frozen=True, slots=True)
class UncertainFace:
    """A face that a person should label."""

    id: str
    camera: str
    track: int
    photo: FinishedPhoto
    state: State
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class CountedPeople:
    """The people of some minutes, in statistics-only mode."""

    bucket: PeopleBucket
    smallest: int
    """Smaller counts are hidden when it is written."""


Entry = (
    EpisodeOpened
    | EpisodeUpdated
    | UncertainFace
    | PersonRecord
    | MinuteReadings
    | HealthRecord
    | CountedPeople
)


class Chronicle(Protocol):
    """Takes down what happens, in order; called from many threads, and never waits."""

    def write(self, entries: Sequence[Entry]) -> None:
        """Takes the entries; they reach the store as soon as it can be written to."""
        ...
