"""Whether the clock is believed when things are to be deleted because they are old.

A clock may show a wrong year when a machine starts, until the network puts it right, and people
mistype: that must not have everything deleted within a minute.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from maskwatch.store.settings import Settings

_log = logging.getLogger(__name__)

_LEAP = timedelta(days=1)
_DOUBTED_FOR = timedelta(hours=1)
_NOTED_EVERY = timedelta(hours=1)
_SETTING = "retention.clock"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""In relation to which nothing is old."""


@dataclass(frozen=True, slots=True)
class _Trust:
    at: datetime
    """The latest time that was believed."""
    doubted_since: datetime | None = None
    """Since when the clock has shown another one, on that clock; None while it is believed."""

    def after(self, now: datetime) -> _Trust:
        """What is believed when the clock shows ``now``.

        A time that lies far ahead or far behind is believed once the clock has shown it for an
        hour: the machine was off for long, or the clock was ahead before.
        """
        if abs(now - self.at) <= _LEAP:
            return _Trust(max(now, self.at))
        since = self.doubted_since
        if since is None or not self._is_same_doubt(since, now):
            return _Trust(self.at, now)
        return self if now < since + _DOUBTED_FOR else _Trust(now)

    def _is_same_doubt(self, since: datetime, now: datetime) -> bool:
        """Whether the clock has only run on since; else it is another one that is doubted now."""
        if since > self.at:
            return now >= since  # whatever lies between: the machine may never be on for an hour
        return since <= now <= since + _LEAP

    def differs_from(self, noted: _Trust) -> bool:
        """Whether it is worth noting: not every minute."""
        is_other = abs(self.at - noted.at) >= _NOTED_EVERY
        return is_other or self.doubted_since != noted.doubted_since


def believed(settings: Settings, now: datetime) -> datetime:
    """The time in relation to which things are old: ``now``, or one long ago while it is doubted.

    Args:
        settings: where it is remembered what was believed.
        now: what the clock shows; aware.
    """
    noted = _read(settings.get(_SETTING))
    trust = _Trust(now) if noted is None else noted.after(now)
    if noted is None or trust.differs_from(noted):
        doubted = trust.doubted_since and trust.doubted_since.isoformat()
        settings.set(_SETTING, {"at": trust.at.isoformat(), "doubted_since": doubted})
        if trust.doubted_since is not None:
            _log.warning(
                "the clock shows %s, long %s %s: for an hour nothing is deleted for its age",
                now.isoformat(timespec="seconds"),
                "after" if now > trust.at else "before",
                trust.at.isoformat(timespec="seconds"),
            )
    return now if trust.doubted_since is None else _LONG_AGO


def _read(value: Any) -> _Trust | None:
    if value is None:
        return None
    doubted = value["doubted_since"]
    return _Trust(datetime.fromisoformat(value["at"]), doubted and datetime.fromisoformat(doubted))
