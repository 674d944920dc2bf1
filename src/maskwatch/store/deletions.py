"""Proof of what was deleted: what, when, why and by whom."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from maskwatch.store import rows
from maskwatch.store.database import Database
from maskwatch.store.ids import new_id
from maskwatch.store.records import DeletionReason, DeletionRecord, Page
from maskwatch.store.schema import deletions

_COLUMNS = rows.columns_of(deletions, DeletionRecord)


class Deletions:
    """The part of the store that holds proof of deletions."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def note(
        self,
        what: str,
        item: str,
        *,
        reason: DeletionReason,
        actor: str = "system",
        count: int = 1,
        sha256: str | None = None,
    ) -> None:
        """Notes a deletion; see `DeletionRecord` for the arguments."""
        record = DeletionRecord(
            new_id(), datetime.now(UTC), what, item, count, sha256, reason, actor
        )
        rows.insert(self._db, deletions, [record])

    def add_up(self, what: str, item: str, *, reason: DeletionReason, count: int) -> None:
        """Notes that the service deleted some more of what is only counted.

        There is one proof for each kind, reason and day (UTC), which grows: one for every minute
        would soon be more than what was deleted.
        """
        now = datetime.now(UTC)
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        c = deletions.c
        same = (c.at >= today, c.what == what, c.reason == reason, c.actor == "system")
        with self._db.write():
            grown = rows.change(
                self._db, deletions, *same, at=now, item=item, count=c.count + count
            )
            if not grown:
                self.note(what, item, reason=reason, count=count)

    def sums(self, since: datetime, until: datetime, *, actor: str) -> dict[str, int]:
        """How many of each kind somebody deleted from ``since`` to before ``until``."""
        c = deletions.c
        query = sa.select(c.what, sa.func.sum(c.count)).group_by(c.what).order_by(c.what)
        query = query.where(c.at >= since, c.at < until, c.actor == actor)
        with self._db.read() as connection:
            return {what: int(count) for what, count in connection.execute(query)}

    def page(self, *, limit: int = 50, after: str | None = None) -> Page[DeletionRecord]:
        """Newest first. ``after`` is the ``next`` of the page before."""
        by = (deletions.c.at, deletions.c.id)
        return rows.newest_first(self._db, sa.select(*_COLUMNS), DeletionRecord, by, limit, after)
