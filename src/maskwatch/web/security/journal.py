"""Writes refused logins down; strangers must not fill the audit log, which is kept for good."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import NamedTuple

from maskwatch.store.audit import Audit

MOST_ROWS = 60
"""Of wrong passwords in an hour. With the longest names a day then takes about a megabyte."""
_HOUR = timedelta(hours=1)


class RefusedLogins(NamedTuple):
    """How many there were since the start."""

    failed: int
    """Wrong passwords or names."""
    held_back: int
    """Tries during a wait: nobody looked at their password."""


@dataclass(slots=True)
class _Hour:
    """What happened since ``since``."""

    since: datetime
    rows: int = 0
    held_back: int = 0
    failed: int = 0
    """Wrong passwords that got no row of their own."""
    users: Counter[str] = field(default_factory=Counter)
    """Whose passwords those were for, where there is such a user."""


class LoginJournal:
    """What the audit log says of refused logins: a bounded number of rows, and sums of the rest.

    A wrong password gets a row, with the wait that it leads to, if any. Tries during a wait get
    none, nor do further wrong passwords of an hour that has its `MOST_ROWS`: what was left out
    in an hour is one row, written with the first login after it, or at the end of the service.

    Args:
        audit: where to.
        now: aware, UTC.
    """

    def __init__(self, audit: Audit, now: Callable[[], datetime]) -> None:
        self._audit = audit
        self._now = now
        self._lock = Lock()
        self._hour = _Hour(now())
        self._total = RefusedLogins(0, 0)

    @property
    def total(self) -> RefusedLogins:
        """All of them, whether they got a row or not."""
        return self._total

    def failed(self, name: str, address: str, *, user: str | None, wait_s: float) -> None:
        """A password was wrong.

        Args:
            name: as given.
            address: where it came from.
            user: the name of the user who is called that; None when nobody is.
            wait_s: that it leads to.
        """
        with self._lock:
            hour = self._this_hour()
            self._total = self._total._replace(failed=self._total.failed + 1)
            if hour.rows >= MOST_ROWS:
                hour.failed += 1
                hour.users.update([] if user is None else [user])
                return
            hour.rows += 1
            detail = {"address": address} | ({"wait_s": round(wait_s)} if wait_s else {})
            self._audit.append("anonymous", "login.failed", name[:64], detail)

    def held_back(self) -> None:
        """Somebody tried during a wait."""
        with self._lock:
            self._this_hour().held_back += 1
            self._total = self._total._replace(held_back=self._total.held_back + 1)

    def sum_up(self) -> None:
        """Writes down what the latest hour left out, if it is over."""
        with self._lock:
            self._this_hour()

    def close(self) -> None:
        """Writes down what was left out so far."""
        with self._lock:
            self._end_hour()

    def _this_hour(self) -> _Hour:
        # A clock that is set back ends the hour, too: it would go on until the clock has caught up.
        if not self._hour.since <= self._now() < self._hour.since + _HOUR:
            self._end_hour()
        return self._hour

    def _end_hour(self) -> None:
        hour = self._hour
        if hour.held_back or hour.failed:
            detail = {
                "since": hour.since.isoformat(),
                "held_back": hour.held_back,
                "failed": hour.failed,
                "users": dict(hour.users),
            }
            self._audit.append("anonymous", "login.throttled", "", detail)
        self._hour = _Hour(self._now())
