"""Small values by name, and random secrets that are made once."""

from __future__ import annotations

import secrets
from typing import Any

import sqlalchemy as sa

from maskwatch.store.database import Database
from maskwatch.store.schema import settings

_SECRET_BYTES = 32


class Settings:
    """The part of the store that holds single values."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, name: str, default: Any = None) -> Any:
        """The JSON value of a name."""
        with self._db.read() as connection:
            query = sa.select(settings.c.value).where(settings.c.name == name)
            row = connection.execute(query).first()
        return default if row is None else row.value

    def set(self, name: str, value: Any) -> None:
        """Keeps a JSON value under a name."""
        new = self._db.insert(settings).values(name=name, value=value)
        with self._db.write() as connection:
            connection.execute(
                new.on_conflict_do_update(index_elements=["name"], set_={"value": value})
            )

    def secret(self, name: str) -> bytes:
        """32 random bytes that stay the same, such as the key that signs links."""
        key = f"secret:{name}"
        new = self._db.insert(settings).values(name=key, value=secrets.token_hex(_SECRET_BYTES))
        with self._db.write() as connection:
            connection.execute(new.on_conflict_do_nothing())
            return bytes.fromhex(self.get(key))
