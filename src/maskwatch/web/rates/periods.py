"""What is counted over which time, in parts, and compared with before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from maskwatch.errors import UsageError
from maskwatch.web.rates.rate import Change, Rate

_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Half typed years must not have the box count for centuries, nor beyond what a date can say."""


@dataclass(frozen=True, slots=True)
class Period:
    """What to count."""

    since: datetime
    """Included; aware."""
    until: datetime
    """Not included; aware."""
    cameras: tuple[str, ...] = ()
    """Only these; empty for all."""
    zones: tuple[str, ...] = ()
    """Only these; empty for all. The zone `""` is what lies in none."""

    def __post_init__(self) -> None:
        if self.since.tzinfo is None or self.until.tzinfo is None:
            raise UsageError("times need an offset from UTC, such as 2026-03-01T00:00:00Z")
        if not self.since < self.until:
            raise UsageError("the period must begin before it ends")
        if self.since < _EARLIEST or self.until > _LATEST:
            raise UsageError("the period must lie between the years 1900 and 2200")

    @property
    def before(self) -> Period:
        """The period of the same length right before."""
        return replace(self, since=self.since - (self.until - self.since), until=self.since)

    def local(self, timezone: tzinfo) -> Period:
        """The same, told in a time zone."""
        since, until = (each.astimezone(timezone) for each in (self.since, self.until))
        return replace(self, since=since, until=until)


@dataclass(frozen=True, slots=True)
class Group:
    """One bar of a chart, one line of a table."""

    key: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two periods side by side."""

    before: Rate
    after: Rate
    change: Change
