"""Who may log in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from maskwatch.errors import RecordNotFound
from maskwatch.store import rows
from maskwatch.store.database import Database
from maskwatch.store.records import Role, UserRecord
from maskwatch.store.schema import users

_COLUMNS = rows.columns_of(users, UserRecord)


class Users:
    """The part of the store that holds users."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, user: UserRecord) -> None:
        """Writes a new user.

        Raises:
            RecordExists: one of that name is there already, in whatever case.
        """
        values = rows.values_of(user) | {"name_key": name_key(user.name)}
        with self._db.write() as connection:
            connection.execute(sa.insert(users).values(**values))

    def add_first(self, user: UserRecord) -> bool:
        """Writes a user only while there is none: of several at once, one gets True."""
        with self._db.write():
            self._db.keep_others_out(users)
            if self.count() > 0:
                return False
            self.add(user)
            return True

    def get(self, user_id: str) -> UserRecord:
        """One user.

        Raises:
            RecordNotFound: there is none of that id.
        """
        return rows.get(self._db, users, UserRecord, user_id)

    def by_name(self, name: str) -> UserRecord | None:
        """The user of a name, in whatever case."""
        query = sa.select(*_COLUMNS).where(users.c.name_key == name_key(name))
        return next(iter(rows.fetch(self._db, query, UserRecord)), None)

    def all(self) -> list[UserRecord]:
        """All of them by name."""
        return rows.fetch(self._db, sa.select(*_COLUMNS).order_by(users.c.name_key), UserRecord)

    def count(self) -> int:
        """How many there are, disabled ones included."""
        with self._db.read() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(users)).scalar_one()

    def replace(self, user: UserRecord) -> None:
        """Writes all that is known of a user anew.

        Raises:
            RecordNotFound: the user is not there.
            RecordExists: another user has that name.
        """
        values = rows.values_of(user) | {"name_key": name_key(user.name)}
        del values["id"]
        if not rows.change_one(self._db, users, users.c.id == user.id, **values):
            raise RecordNotFound(f"no user has the id {user.id!r}")

    def change(self, user_id: str, change: Callable[[UserRecord], UserRecord]) -> UserRecord:
        """Reads a user, and writes what ``change`` makes of it; nobody else changes it meanwhile.

        Raises:
            RecordNotFound: the user is not there.
        """
        with self._db.write():
            self._db.keep_others_out(users)
            changed = change(self.get(user_id))
            self.replace(changed)
        return changed

    def logged_in(self, user_id: str, at: datetime) -> None:
        """Notes the time of the latest login."""
        rows.change(self._db, users, users.c.id == user_id, last_login_at=at)

    def active_admins(self) -> int:
        """How many administrators are not disabled: the last one must stay."""
        query = (
            sa.select(sa.func.count())
            .select_from(users)
            .where(users.c.role == Role.ADMIN, users.c.disabled_at.is_(None))
        )
        with self._db.read() as connection:
            return connection.execute(query).scalar_one()


def name_key(name: str) -> str:
    """What names have in common that mean the same user."""
    return name.strip().casefold()
