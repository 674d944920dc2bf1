"""A connection to SQLite or PostgreSQL: transactions, errors in our words, migrations."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pg8000
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import make_url

from maskwatch.config.storage import check_database_address
from maskwatch.errors import RecordExists, RecordNotFound, StoreError, StoreFull
from maskwatch.store.engines import postgres, sqlite

# https://sqlite.org/rescode.html, https://www.postgresql.org/docs/current/errcodes-appendix.html
_EXISTS = {"SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE", "23505"}
_GONE = {"SQLITE_CONSTRAINT_FOREIGNKEY", "23503"}
_FULL = {"SQLITE_FULL", "SQLITE_IOERR_SHMSIZE", "53100"}  # the second: no room for the file -shm


class Database:
    """Transactions on one database, from any number of threads.

    Args:
        url: ``sqlite:///PATH`` or ``postgresql://USER:PASSWORD@HOST/NAME``.

    Raises:
        StoreError: there is no such kind of database.
    """

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self.on_full: Callable[[], object] = lambda: None
        """Called after a writing transaction failed for lack of room; should make some."""
        self._making_room = False
        self._current: ContextVar[sa.Connection | None] = ContextVar("connection", default=None)

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file of our own."""
        return self.engine.dialect.name == "sqlite"

    @property
    def place(self) -> str:
        """Where it is, for people: the file, or the server's address without the password."""
        if self.file is not None:
            return str(self.file.absolute())
        return self.engine.url.set(drivername="postgresql").render_as_string()

    @property
    def file(self) -> Path | None:
        """SQLite's file; None for a server."""
        name = self.engine.url.database
        return Path(name) if self.is_sqlite and name else None

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the database, or the one this thread is in."""
        with self._transaction(writing=False) as connection:
            yield connection

    @contextlib.contextmanager
    def steady(self) -> Iterator[sa.Connection]:
        """As `read`, for many queries that must fit together (PostgreSQL needs to be told)."""
        if self.is_sqlite:
            with self.read() as connection:
                yield connection
            return
        with _errors_in_our_words(), self.engine.connect() as raw:
            connection = raw.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that is kept when the block ends well, or the one this thread is in.

        Raises:
            StoreFull: the disk is full; nothing was changed, and room was made where it could be.
            RecordExists: a row of that key is there already.
            RecordNotFound: what a row belongs to is not there (any more).
            StoreError: the database cannot be used.
        """
        try:
            with self._transaction(writing=True) as connection:
                yield connection
        except StoreFull:
            if self._current.get() is None and not self._making_room:
                self._make_room()
            raise

    def _make_room(self) -> None:
        self._making_room = True  # which writes, too
        try:
            self.on_full()
        finally:
            self._making_room = False

    @contextlib.contextmanager
    def _transaction(self, *, writing: bool) -> Iterator[sa.Connection]:
        outer = self._current.get()
        if outer is not None:
            with _errors_in_our_words():
                yield outer
            return
        with _errors_in_our_words(), self.engine.connect() as raw:
            connection = raw.execution_options(**{sqlite.WRITING: writing})
            with connection.begin():
                token = self._current.set(connection) if writing else None
                try:
                    yield connection
                finally:
                    if token is not None:
                        self._current.reset(token)

    def insert(self, table: sa.Table) -> Any:
        """An INSERT of this database's dialect, which knows ``on_conflict_do_...``."""
        if self.is_sqlite:
            from sqlalchemy.dialects.sqlite import insert as sqlite_insert

            return sqlite_insert(table)
        from sqlalchemy.dialects.postgresql import insert as postgres_insert

        return postgres_insert(table)

    def keep_others_out(self, table: sa.Table) -> None:
        """Only this transaction writes into a table until its end; SQLite has one writer anyway."""
        if not self.is_sqlite:
            with self.write() as connection:
                connection.execute(sa.text(f"LOCK TABLE {table.name} IN EXCLUSIVE MODE"))

    def empty_log(self) -> None:
        """Empties SQLite's write-ahead log, in which deleted rows can be read until then.

        Not while others read or write: it waits for nobody, and never fails.
        """
        if self.file is None:
            return
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(sqlite3.connect(self.file, timeout=0)) as connection,
        ):
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Closes all connections."""
        self.engine.dispose()


def sqlite_file(url: str) -> Path | None:
    """Where a database of SQLite is; None for a server's, or when the address names no file."""
    kind, _, rest = url.partition(":///")
    name = rest.partition("?")[0]
    return Path(name) if kind == "sqlite" and name not in ("", ":memory:") else None


def _engine(url: str) -> sa.Engine:
    try:
        check_database_address(url)
        parsed = make_url(url)
    except (ValueError, exc.ArgumentError) as error:
        # Its own words may hold a password.
        said = "cannot be read" if isinstance(error, exc.ArgumentError) else str(error)
        raise StoreError(f"the database's address {said}") from None
    if parsed.get_backend_name() == "sqlite":
        return sqlite.engine_of(parsed)
    return postgres.engine_of(parsed)


@contextlib.contextmanager
def _errors_in_our_words() -> Iterator[None]:
    try:
        yield
    except exc.SQLAlchemyError as error:
        text, code = _first_line(error), _code(error)
        if code in _EXISTS:
            raise RecordExists(f"the database refuses it: {text}") from error
        if code in _GONE:
            raise RecordNotFound(f"what it belongs to is gone: {text}") from error
        if code in _FULL:
            raise StoreFull(f"the database has no room left: {text}") from error
        raise StoreError(f"the database failed: {text}") from error


def _code(error: exc.SQLAlchemyError) -> str:
    """SQLite's name of an error, or PostgreSQL's number; empty when neither said it."""
    origin = getattr(error, "orig", None)
    if isinstance(origin, sqlite3.Error):
        return getattr(origin, "sqlite_errorname", "")
    return _answer(origin).get("C", "")


def _first_line(error: exc.SQLAlchemyError) -> str:
    """What the database said, without the statement and its values."""
    origin = getattr(error, "orig", None) or error
    text = _answer(origin).get("M") or str(origin)
    return (text.splitlines() or [type(origin).__name__])[0]


def _answer(origin: object) -> dict[str, str]:
    """What PostgreSQL itself said, by the letters of its protocol; empty if it said nothing.

    https://www.postgresql.org/docs/current/protocol-error-fields.html
    """
    said = origin.args[0] if isinstance(origin, pg8000.Error) and origin.args else None
    return said if isinstance(said, dict) else {}
