"""Changes in the health of cameras and of the box."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from maskwatch.store import rows
from maskwatch.store.database import Database
from maskwatch.store.ids import new_id
from maskwatch.store.records import WELL, HealthKind, HealthRecord, HealthState, Page
from maskwatch.store.schema import health

_COLUMNS = rows.columns_of(health, HealthRecord)

_OF_ONE_RUN = (HealthKind.FROZEN, HealthKind.INFERENCE, HealthKind.LOAD, HealthKind.STORE)
"""Troubles of these kinds are not taken over by the next run of the service."""
_STARTED_ANEW = "the service was started anew"


class Health:
    """The part of the store that holds health."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, change: HealthRecord) -> None:
        """Writes a change."""
        rows.insert(self._db, health, [change])

    def last(self, camera: str | None, kind: HealthKind) -> HealthRecord | None:
        """The latest change of one kind; ``camera`` is None for the box."""
        query = (
            sa.select(*_COLUMNS)
            .where(health.c.camera.is_not_distinct_from(camera), health.c.kind == kind)
            .order_by(health.c.at.desc(), health.c.id.desc())
            .limit(1)
        )
        return next(iter(rows.fetch(self._db, query, HealthRecord)), None)

    def end_abandoned(self, ended_at: datetime) -> list[HealthRecord]:
        """Ends what an earlier run left; returns what was written. For the start of the service."""
        c, later = health.c, health.alias()
        is_later = sa.or_(later.c.at > c.at, sa.and_(later.c.at == c.at, later.c.id > c.id))
        same = (later.c.kind == c.kind, later.c.camera.is_not_distinct_from(c.camera))
        query = sa.select(c.camera, c.kind).where(
            c.kind.in_(_OF_ONE_RUN),
            c.state.not_in(WELL),
            sa.not_(sa.select(later.c.id).where(*same, is_later).exists()),
        )
        with self._db.write() as connection:
            ended = [
                HealthRecord(new_id(), ended_at, camera, kind, HealthState.OK, _STARTED_ANEW)
                for camera, kind in connection.execute(query)
            ]
            rows.insert(self._db, health, ended)
        return ended

    def page(
        self, camera: str | None = None, *, limit: int = 50, after: str | None = None
    ) -> Page[HealthRecord]:
        """Newest first, of one camera or of everything."""
        query = sa.select(*_COLUMNS)
        if camera is not None:
            query = query.where(health.c.camera == camera)
        by = (health.c.at, health.c.id)
        return rows.newest_first(self._db, query, HealthRecord, by, limit, after)
