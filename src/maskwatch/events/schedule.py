"""When masks are required, and who is exempt.

All times are local wall-clock times without an offset, so 07:00 is 07:00 on the day on which the
clocks change too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

ALL_DAYS = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of certain days; it may run past midnight and then belongs to the day it began."""

    days: frozenset[int] = ALL_DAYS
    """Weekdays on which it begins, 0 for Monday."""
    start: time = time(0, 0)
    end: time = time(0, 0)
    """Not included; at or before ``start`` it is on the day after."""

    def hold(self, day: date, at: datetime) -> bool:
        """Whether ``at`` lies in the part that begins on ``day``, whatever weekday that is."""
        start, end = self.part(day)
        return start <= at < end

    def part(self, day: date) -> tuple[datetime, datetime]:
        """Start and end of the part that begins on ``day``, whatever weekday that is."""
        last_day = day + timedelta(days=1) if self.end <= self.start else day
        return datetime.combine(day, self.start), datetime.combine(last_day, self.end)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When masks are required."""

    hours: tuple[Hours, ...] = ()
    """None at all means always."""
    holidays: frozenset[date] = frozenset()
    holiday_hours: tuple[Hours, ...] = ()
    """On holidays, whatever the weekday; none at all means not required."""

    def requires(self, at: datetime) -> bool:
        """Whether a mask is required at a local time."""
        # Hours of yesterday may run past midnight.
        days = (at.date(), at.date() - timedelta(days=1))
        return any(hours.hold(day, at) for day in days for hours in self._hours_of(day))

    def _hours_of(self, day: date) -> Sequence[Hours]:
        if day in self.holidays:
            return self.holiday_hours
        if not self.hours:
            return (Hours(),)
        return [hours for hours in self.hours if day.weekday() in hours.days]


@dataclass(frozen=True, slots=True)
class Exemption:
    """Somewhere or some time at which nobody has to wear a mask."""

    reason: str
    zones: frozenset[str] = frozenset()
    """Names of the zones that it covers; none at all means the whole picture."""
    hours: tuple[Hours, ...] = ()
    """None at all means all day."""
    since: datetime = datetime.min  # noqa: DTZ901 - local, like all times here
    until: datetime = datetime.max  # noqa: DTZ901
    """Not included."""

    def covers(self, zone: str | None, at: datetime) -> bool:
        """Whether it covers somebody in ``zone`` (None: in none) at a local time."""
        if not self.since <= at < self.until or (self.zones and zone not in self.zones):
            return False
        return not self.hours or Schedule(self.hours).requires(at)
