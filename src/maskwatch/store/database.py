"""A connection to SQLite or PostgreSQL: transactions, errors in our words, migrations."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
import ssl
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any, cast

import pg8000
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import URL, make_url

from maskwatch.authorities import checking_context
from maskwatch.config.storage import SslMode, check_database_address
from maskwatch.errors import RecordExists, RecordNotFound, StoreError, StoreFull
from maskwatch.reasons import system_reason

_BUSY_MS = 15_000
"""How long a writer waits for another one (SQLite has one at a time)."""

_ANSWER_S = 15.0
"""How long a server of PostgreSQL may take for a connection, and to say that it still knows one.

Not for a statement: some of an upgrade, a restore or a backup take minutes."""
_KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 60_000}
"""By which a server that is gone in the middle of a statement is noticed within a minute.

The names of the system's options, as far as it has them; see tcp(7)."""

_WRITING = "maskwatch_writing"
# https://sqlite.org/rescode.html, https://www.postgresql.org/docs/current/errcodes-appendix.html
_EXISTS = {"SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE", "23505"}
_GONE = {"SQLITE_CONSTRAINT_FOREIGNKEY", "23503"}
_FULL = {"SQLITE_FULL", "53100"}


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
            connection = raw.execution_options(**{_WRITING: writing})
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
    return _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgres(parsed)


def _postgres(url: URL) -> sa.Engine:
    query = {key: str(value) for key, value in url.query.items()}
    tls = _tls(query.pop("sslmode", SslMode.PREFER), query.pop("sslrootcert", None))
    engine = sa.create_engine(
        url.set(drivername="postgresql+pg8000", query=query),
        pool_size=10,
        connect_args={"timeout": _ANSWER_S, "application_name": "maskwatch", "ssl_context": tls},
    )
    sa.event.listen(engine, "do_connect", _connect)
    sa.event.listen(engine, "checkout", _ping)
    sa.event.listen(engine, "handle_error", _own_up)
    return engine


def _tls(mode: str, authorities: str | None) -> ssl.SSLContext | bool | None:
    """What pg8000 takes for a `SslMode`: False for never, None for whenever the server has it.

    Args:
        mode: a value of `SslMode`.
        authorities: file with their certificates; None for those of the system.

    Raises:
        StoreError: the file cannot be used.
    """
    if mode == SslMode.DISABLE:
        return False
    if mode in (SslMode.ALLOW, SslMode.PREFER):
        return None
    try:
        context = checking_context(authorities)
    except OSError as error:  # ssl.SSLError among them
        reason = system_reason(error)
        raise StoreError(f"sslrootcert: {authorities}: no certificates: {reason}") from error
    context.check_hostname = mode == SslMode.VERIFY_FULL
    if mode == SslMode.REQUIRE and authorities is None:
        context.verify_mode = ssl.CERT_NONE
    return context


class _Connection(pg8000.Connection):  # type: ignore[misc]
    """One that waits for a statement as long as the server is there, and is closed whole.

    For pg8000 the time that a connection may take is that of every answer, too. And it leaves
    behind what it could not send over a broken line. The garbage collector tries to send it once
    more, and since Python 3.13 complains on standard error that it could not.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self._usock.family in (socket.AF_INET, socket.AF_INET6):
            for name, value in _KEEPALIVE.items():
                if (option := getattr(socket, name, None)) is not None:
                    self._usock.setsockopt(socket.IPPROTO_TCP, option, value)
        self._usock.settimeout(None)

    def ping(self) -> None:
        """Asks the server whether it still knows this connection; raises when it does not say."""
        self._usock.settimeout(_ANSWER_S)
        cursor = self.cursor()
        cursor.execute("SELECT 1")
        cursor.close()
        self.rollback()
        self._usock.settimeout(None)

    def cut_off(self) -> None:
        """Ends the wait of another thread for an answer: closing would wait for that thread."""
        with contextlib.suppress(OSError):  # the line is broken already
            self._usock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """As pg8000 does it, and forgets what could not be sent."""
        stream = self._sock
        try:
            with contextlib.suppress(pg8000.InterfaceError):
                super().close()
        finally:
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def answers(connection: sa.Connection) -> bool:
    """Whether a server of PostgreSQL still knows an open connection, and says so in time.

    No as well when another thread closes it meanwhile.
    """
    try:
        _pg8000(connection).ping()
    # What pg8000 meets in a connection that another thread has closed are the last two.
    except (OSError, pg8000.Error, ValueError, AttributeError):
        return False
    return True


def cut_off(connection: sa.Connection) -> None:
    """Ends an open connection to PostgreSQL at once, whoever waits for its answer."""
    _pg8000(connection).cut_off()


def _pg8000(connection: sa.Connection) -> _Connection:
    return cast("_Connection", connection.connection.driver_connection)


def _connect(_dialect: sa.Dialect, _record: object, args: Any, options: Any) -> _Connection:
    """A new connection. pg8000 lets pass what TLS objects to, such as a strange certificate."""
    try:
        return _Connection(*args, **options)
    except OSError as error:
        raise pg8000.InterfaceError(error.strerror or str(error)) from error


def _ping(connection: Any, _record: object, _proxy: object) -> None:
    """Asks a pooled connection whether the server still knows it; else the pool makes a new one.

    SQLAlchemy's own ``pool_pre_ping`` lets pass what pg8000 does not wrap: a connection that the
    server reset is an ``OSError`` there.
    """
    try:
        connection.ping()
    except (OSError, pg8000.Error) as error:
        raise exc.InvalidatePoolError(str(error)) from error


def _own_up(context: sa.ExceptionContext) -> Exception | None:
    """Makes what the network does in the middle of a statement an error of the database.

    pg8000 lets some ``OSError`` pass: a reset, or an answer that takes too long. Such a connection
    is of no further use, so the pool forgets it.
    """
    error = context.original_exception
    if not isinstance(error, OSError):
        return None
    context.is_disconnect = True
    return exc.OperationalError(None, None, error)


def _sqlite(url: URL) -> sa.Engine:
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
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
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


def _begin_sqlite(connection: sa.Connection) -> None:
    # A reader that turns writer half-way fails at once if another one writes, so say it up front.
    writing = connection.get_execution_options().get(_WRITING, True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


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
