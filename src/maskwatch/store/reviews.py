"""Faces that wait for a label, and those that got one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from maskwatch.store import rows
from maskwatch.store.database import Database
from maskwatch.store.records import ReviewItem, ReviewReason, SnapshotRecord
from maskwatch.store.schema import reviews, snapshots
from maskwatch.types import Fault, State

_COLUMNS = rows.columns_of(reviews, ReviewItem)
_UNTOUCHED: dict[str, Any] = {
    **dict.fromkeys(("label", "label_fault", "labelled_by", "labelled_at")),
    "skipped": False,
}
_WAITING = (reviews.c.labelled_at.is_(None), reviews.c.skipped.is_(False))


class ReviewCounts(NamedTuple):
    """How far the work is."""

    waiting: int
    labelled: int
    skipped: int


class Reviews:
    """The part of the store that holds the queue for labelling."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, item: ReviewItem) -> bool:
        """Queues a face; False when that face of that photo is queued already.

        What a person says counts more: a ``wrong`` for a face that waits, or has its label,
        takes the place of what is there and makes it wait (again).

        Raises:
            RecordNotFound: the photo is not there (any more).
        """
        new = self._db.insert(reviews).values(**rows.values_of(item))
        keys = ["snapshot_id", "face"]
        if item.reason is ReviewReason.WRONG:
            said: dict[str, Any] = {"reason": item.reason, "episode_id": item.episode_id}
            said |= {"state": item.state, "fault": item.fault, **_UNTOUCHED}
            query = new.on_conflict_do_update(index_elements=keys, set_=said)
        else:
            query = new.on_conflict_do_nothing(index_elements=keys)
        with self._db.write() as connection:
            return connection.execute(query).rowcount == 1

    def note_episode(self, snapshot_id: str, episode_id: str) -> None:
        """Says whose episode a photo in review belongs to, if the photo is still there."""
        with self._db.write():
            for table, key in ((snapshots, snapshots.c.id), (reviews, reviews.c.snapshot_id)):
                rows.change(self._db, table, key == snapshot_id, episode_id=episode_id)

    def get(self, item_id: str) -> ReviewItem:
        """One item.

        Raises:
            RecordNotFound: there is none of that id.
        """
        return rows.get(self._db, reviews, ReviewItem, item_id)

    def waiting(self, limit: int = 50) -> list[ReviewItem]:
        """What comes next: first what a person called wrong, then the oldest."""
        first = sa.case((reviews.c.reason == ReviewReason.WRONG, 0), else_=1)
        query = sa.select(*_COLUMNS).where(*_WAITING)
        query = query.order_by(first, reviews.c.created_at, reviews.c.id).limit(limit)
        return rows.fetch(self._db, query, ReviewItem)

    def label(
        self, item_id: str, state: State, fault: Fault | None, *, by: str, at: datetime
    ) -> bool:
        """Gives the final word; False when the item does not wait (any more)."""
        values = {"label": state, "label_fault": fault, "labelled_by": by, "labelled_at": at}
        return self._change(item_id, *_WAITING, **values)

    def skip(self, item_id: str, *, by: str) -> bool:
        """Takes an item out of the queue without a label; False when it does not wait."""
        return self._change(item_id, *_WAITING, skipped=True, labelled_by=by)

    def reopen(self, item_id: str, *, by: str | None) -> bool:
        """Puts an item back into the queue (undo).

        Args:
            item_id: which one.
            by: whose label, or skip, it must be; None for anybody's.

        Returns:
            False when it waits, is somebody else's, or is not there.
        """
        done = sa.not_(sa.and_(*_WAITING))
        whose = sa.true() if by is None else reviews.c.labelled_by == by
        return self._change(item_id, done, whose, **_UNTOUCHED)

    def _change(self, item_id: str, *where: sa.ColumnElement[bool], **values: Any) -> bool:
        return rows.change_one(self._db, reviews, reviews.c.id == item_id, *where, **values)

    def counts(self) -> ReviewCounts:
        """How many wait, have a label, were skipped."""

        def count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
            return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)

        query = sa.select(
            count(sa.and_(*_WAITING)),
            count(reviews.c.labelled_at.is_not(None)),
            count(reviews.c.skipped.is_(True)),
        ).select_from(reviews)
        with self._db.read() as connection:
            return ReviewCounts(*map(int, connection.execute(query).one()))

    def labelled(self) -> Iterator[tuple[ReviewItem, SnapshotRecord]]:
        """Everything with a label, with its photo, in the order of labelling."""
        photo = rows.columns_of(snapshots, SnapshotRecord)
        query = (
            sa.select(*_COLUMNS, *(column.label(f"photo_{column.name}") for column in photo))
            .join(snapshots, snapshots.c.id == reviews.c.snapshot_id)
            .where(reviews.c.labelled_at.is_not(None))
            .order_by(reviews.c.labelled_at, reviews.c.id)
        )
        with self._db.read() as connection:
            found = connection.execute(query).all()
        for row in found:
            item = ReviewItem(**{c.name: getattr(row, c.name) for c in _COLUMNS})
            yield (
                item,
                SnapshotRecord(**{c.name: getattr(row, f"photo_{c.name}") for c in photo}),
            )
