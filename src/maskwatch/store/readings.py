"""Readings summed up per minute: how busy a camera was and how well it could tell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from maskwatch.store import rows
from maskwatch.store.database import Database
from maskwatch.store.records import CameraReadings, MinuteReadings
from maskwatch.store.schema import STATE_NAMES, readings

_SUMMED = ("frames", *STATE_NAMES)


class Readings:
    """The part of the store that holds readings per minute."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, minutes: Sequence[MinuteReadings]) -> None:
        """Adds numbers to what is known of their minutes, so a minute may come in parts."""
        with self._db.write() as connection:
            for minute in minutes:
                new = self._db.insert(readings).values(**rows.values_of(minute))
                sums = {name: readings.c[name] + new.excluded[name] for name in _SUMMED}
                keys = ["camera", "zone", "minute"]
                connection.execute(new.on_conflict_do_update(index_elements=keys, set_=sums))

    def between(
        self, since: datetime, until: datetime, camera: str | None = None
    ) -> list[MinuteReadings]:
        """Minutes from ``since`` to before ``until``, oldest first."""
        query = sa.select(*rows.columns_of(readings, MinuteReadings)).where(
            readings.c.minute >= since, readings.c.minute < until
        )
        if camera is not None:
            query = query.where(readings.c.camera == camera)
        order = (readings.c.minute, readings.c.camera, readings.c.zone)
        return rows.fetch(self._db, query.order_by(*order), MinuteReadings)

    def by_camera(self, since: datetime, until: datetime) -> list[CameraReadings]:
        """The sums of each camera that looked at anything in the minutes of `between`, by name."""
        query = (
            sa.select(readings.c.camera, *(sa.func.sum(readings.c[name]) for name in _SUMMED))
            .where(readings.c.minute >= since, readings.c.minute < until)
            .group_by(readings.c.camera)
            .order_by(readings.c.camera)
        )
        with self._db.read() as connection:
            return [CameraReadings(*row) for row in connection.execute(query)]
