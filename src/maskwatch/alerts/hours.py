"""When messages wait: quiet hours and digests, in local time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from maskwatch.config.alerts import Pacing
from maskwatch.config.cameras import HoursConfig

_DAY = timedelta(days=1)


def quiet_until(hours: Sequence[HoursConfig], at: datetime, zone: tzinfo) -> datetime | None:
    """The end of the quiet hours that ``at`` lies in, in UTC; None outside of them.

    Hours that follow upon each other are one. It is never much more than two weeks away, so that
    quiet hours without an end do not silence everything for good.
    """
    moment = at.astimezone(UTC)
    for _ in range(14):  # two a day
        spans = [span for each in hours for span in _spans(each, moment, zone)]
        ends = [end for start, end in spans if start <= moment < end]
        if not ends:
            break
        moment = max(ends)
    return moment if moment > at else None


def _spans(hours: HoursConfig, at: datetime, zone: tzinfo) -> Iterator[tuple[datetime, datetime]]:
    """Start and end, in UTC, of those that could cover ``at``."""
    today, meant = at.astimezone(zone).date(), hours.meant
    for day in (today - _DAY, today):
        if day.weekday() in meant.days:
            start, end = (each.replace(tzinfo=zone).astimezone(UTC) for each in meant.part(day))
            yield start, end


def next_digest(pacing: Pacing, after: datetime, zone: tzinfo) -> datetime:
    """The first moment later than ``after`` at which digests are sent, in UTC."""
    today = after.astimezone(zone).date()
    moments = {each for day in (today, today + _DAY) for each in _digests(pacing, day, zone)}
    return min(each for each in moments if each > after)


def _digests(pacing: Pacing, day: date, zone: tzinfo) -> Iterator[datetime]:
    if pacing.digest_at:
        yield from (_utc(day, at, zone) for at in pacing.digest_at)
        return
    midnight, next_midnight = _utc(day, time(), zone), _utc(day + _DAY, time(), zone)
    every = timedelta(seconds=pacing.digest_every_s)
    for number in range(math.ceil((next_midnight - midnight) / every)):  # of 23 to 25 hours
        yield midnight + number * every


def _utc(day: date, at: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
