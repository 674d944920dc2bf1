"""Cameras added in the dashboard; those of the configuration file are not in here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from maskwatch.store import rows
from maskwatch.store.database import Database
from maskwatch.store.records import StoredCamera
from maskwatch.store.schema import cameras


class Cameras:
    """The part of the store that holds cameras."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, camera: StoredCamera) -> None:
        """Writes a new camera.

        Raises:
            RecordExists: one of that id or name is there already.
        """
        rows.insert(self._db, cameras, [camera])

    def update(
        self,
        camera_id: str,
        name: str,
        settings: Mapping[str, Any],
        updated_at: datetime,
        *,
        seen_at: datetime | None = None,
    ) -> bool:
        """Replaces name and settings; False when it is not there, or not as it was seen.

        Args:
            camera_id: which one.
            name: the new one.
            settings: all of them.
            updated_at: when this is.
            seen_at: its ``updated_at`` as the one who changes it has seen it; None for any.

        Raises:
            RecordExists: another one has that name.
        """
        values: dict[str, Any] = {"name": name, "settings": dict(settings)}
        as_seen = sa.true() if seen_at is None else cameras.c.updated_at == seen_at
        where = (cameras.c.id == camera_id, as_seen)
        return rows.change_one(self._db, cameras, *where, updated_at=updated_at, **values)

    def delete(self, camera_id: str) -> bool:
        """Forgets a camera, not its episodes; False when it is not there."""
        return rows.delete_one(self._db, cameras, cameras.c.id == camera_id)

    def get(self, camera_id: str) -> StoredCamera:
        """One camera.

        Raises:
            RecordNotFound: there is none of that id.
        """
        return rows.get(self._db, cameras, StoredCamera, camera_id)

    def all(self) -> list[StoredCamera]:
        """All of them by name."""
        query = sa.select(*rows.columns_of(cameras, StoredCamera)).order_by(cameras.c.name)
        return rows.fetch(self._db, query, StoredCamera)
