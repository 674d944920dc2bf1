"""What an acceptance walk is made of: parts, marks on the floor, what was seen, alarms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from maskwatch.types import State


class Phase(StrEnum):
    """What a part of the walk is for."""

    MASKED = "masked"
    """Somebody walks up with the mask worn well."""
    BARE = "bare"
    """The same without a mask."""
    EMPTY = "empty"
    """Nobody is there."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """Somebody seen at one moment of the walk."""

    at: datetime
    track: int
    state: State
    """As it was read at that moment: what is seen at a mark has no time to be held."""
    face_px: float | None
    """Shorter side of the face; None where the camera does not say."""
    is_free: bool = False
    """Whether the person need not wear a mask there, so that nothing leads to an alarm."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The person walking passed a mark on the floor."""

    at: datetime
    distance_m: float


@dataclass(frozen=True, slots=True)
class Alarm:
    """An episode that opened during the walk, or lasted when a part without a mask began."""

    began_at: datetime
    """Of its first picture, which was seen before anybody could know that it is an episode."""
    raised_at: datetime
    """When it had held for long enough."""
    episode_id: str
    alerted_at: datetime | None
    """When the first message about it was sent; None when none was."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the walk as it went."""

    phase: Phase
    start: datetime
    end: datetime
    marks: tuple[Mark, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    on_duty: bool = True
    """Whether at its end the camera was watching, and masks were required there."""

    @property
    def people(self) -> frozenset[int]:
        """The numbers of those who were seen in it."""
        return frozenset(each.track for each in self.sightings)

    @property
    def begun_in(self) -> tuple[Alarm, ...]:
        """The alarms that began in it.

        Since when the face was bare is not known of any other: it may have been a false alarm.
        """
        return tuple(each for each in self.alarms if each.began_at >= self.start)

    @property
    def seconds(self) -> float:
        """How long it took."""
        return max(0.0, (self.end - self.start).total_seconds())
