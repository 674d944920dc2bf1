"""Changes in the health of cameras and of the box."""

from __future__ import annotations

import sqlalchemy as sa

from maskwatch.store import rows
from maskwatch.store.database import Database
from maskwatch.store.records import HealthRecord, Page
from maskwatch.store.schema import health

_COLUMNS = rows.columns_of(health, HealthRecord)


class Health:
    """The part of the store that holds health."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, change: HealthRecord) -> None:
        """Writes a change."""
        rows.insert(self._db, health, [change])

    def last(self, camera: str | None, kind: str) -> HealthRecord | None:
        """The latest change of one kind; ``camera`` is None for the box."""
        query = (
            sa.select(*_COLUMNS)
            .where(health.c.camera.is_not_distinct_from(camera), health.c.kind == kind)
            .order_by(health.c.at.desc(), health.c.id.desc())
            .limit(1)
        )
        return next(iter(rows.fetch(self._db, query, HealthRecord)), None)

    def page(
        self, camera: str | None = None, *, limit: int = 50, after: str | None = None
    ) -> Page[HealthRecord]:
        """Newest first, of one camera or of everything."""
        query = sa.select(*_COLUMNS)
        if camera is not None:
            query = query.where(health.c.camera == camera)
        by = (health.c.at, health.c.id)
        return rows.newest_first(self._db, query, HealthRecord, by, limit, after)
