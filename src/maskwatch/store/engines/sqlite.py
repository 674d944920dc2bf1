"""Connections to a file of SQLite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL

from maskwatch.errors import StoreError
from maskwatch.reasons import system_reason

_BUSY_MS = 15_000
"""How long a writer waits for another one (SQLite has one at a time)."""

WRITING = "maskwatch_writing"
"""The option of a connection that says whether its transaction writes; taken for yes."""


def engine_of(url: URL) -> sa.Engine:
    """Connections to a file, which is made where there is none.

    Raises:
        StoreError: the address names no file, or it cannot be made.
    """
    if not url.database or url.database == ":memory:":
        raise StoreError("SQLite needs a file: sqlite:///PATH")
    path = Path(url.database)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Photos' addresses, sessions and cameras' passwords are for the owner only.
        path.touch(mode=0o600)
    except OSError as error:
        raise StoreError(f"{path}: {system_reason(error)}") from error
    engine = sa.create_engine(url)
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    # SQLite's own knows no letters but those of ASCII, and whoever looks for "tür" means "Tür".
    connection.create_function("lower", 1, _lower, deterministic=True)
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",  # an alert that was committed outlives a power cut
        "foreign_keys = ON",
        "secure_delete = ON",  # not every build of SQLite overwrites what is deleted by itself
        f"busy_timeout = {_BUSY_MS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


def _begin(connection: sa.Connection) -> None:
    # A reader that turns writer half-way fails at once if another one writes, so say it up front.
    writing = connection.get_execution_options().get(WRITING, True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
