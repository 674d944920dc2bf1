"""Reports of acceptance walks."""

from __future__ import annotations

import sqlalchemy as sa

from maskwatch.store import rows
from maskwatch.store.database import Database
from maskwatch.store.records import Page, WalkRecord
from maskwatch.store.schema import walks

_COLUMNS = rows.columns_of(walks, WalkRecord)


class Walks:
    """The part of the store that holds acceptance walks."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, walk: WalkRecord) -> None:
        """Writes a walk that is over."""
        rows.insert(self._db, walks, [walk])

    def get(self, walk_id: str) -> WalkRecord:
        """One walk.

        Raises:
            RecordNotFound: there is none of that id.
        """
        return rows.get(self._db, walks, WalkRecord, walk_id)

    def page(
        self, camera: str | None = None, *, limit: int = 50, after: str | None = None
    ) -> Page[WalkRecord]:
        """Newest first, of one camera or of all."""
        query = sa.select(*_COLUMNS)
        if camera is not None:
            query = query.where(walks.c.camera == camera)
        by = (walks.c.started_at, walks.c.id)
        return rows.newest_first(self._db, query, WalkRecord, by, limit, after)

    def delete(self, walk_id: str) -> bool:
        """Forgets a walk; False when it is not there."""
        return rows.delete_one(self._db, walks, walks.c.id == walk_id)
