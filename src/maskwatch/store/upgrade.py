"""Bringing a database to this version's tables, whatever version made it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from maskwatch.errors import StoreError
from maskwatch.store.database import Database

_LOCK = 0x6D61736B  # any number that nobody else uses; this one reads "mask"


def upgrade(database: Database, revision: str = "head") -> None:
    """Runs the migrations that are missing, all or none; several processes may try at once.

    Raises:
        StoreError: a newer version of maskwatch made this database.
    """
    with database.write() as connection:
        if not database.is_sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        config = _config(connection)
        current, known = current_revision(connection), known_revisions()
        if current is not None and current not in known:
            raise StoreError(
                f"the database is of a newer version of maskwatch (its tables are {current!r}); "
                "install that version, or restore a backup"
            )
        command.upgrade(config, revision)


def is_older(connection: sa.Connection) -> bool:
    """Whether a database has tables, and they are of an earlier version."""
    return current_revision(connection) in known_revisions()[:-1]


def current_revision(connection: sa.Connection) -> str | None:
    """What the database is at; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def known_revisions() -> list[str]:
    """All revisions of this version, oldest first."""
    script = ScriptDirectory.from_config(_config(None))
    return [step.revision for step in script.walk_revisions()][::-1]


def _config(connection: sa.Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", "maskwatch.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
