"""One service at a time: whoever watches with a store holds it until its process ends.

The photos and a file of SQLite are held by locks on files beside them, rows in PostgreSQL by a lock
in the server. All of them go with the process, however it ends, and processes that it starts do not
inherit them (Python opens files and sockets with ``O_CLOEXEC``). What else opens the store, such as
a backup, does not ask for them.

The lock in the server goes with its connection, too, which a restart of the server or a break in
the network ends: whoever holds it has to look after it (`Hold.renew`).
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from maskwatch.errors import StoreError, StoreTaken
from maskwatch.reasons import system_reason
from maskwatch.store.database import Database
from maskwatch.store.engines.postgres import answers, cut_off
from maskwatch.store.ownership import kept_by_owner

_log = logging.getLogger(__name__)

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


_KEY = int.from_bytes(b"maskwtch", "big")
"""PostgreSQL's advisory locks are numbers of 64 bits; each database has its own."""

_NOTICE_A_DEAD_PEER = ("tcp_keepalives_idle = 10", "tcp_keepalives_interval = 5")
"""After a power cut here, the server would else keep the lock for hours."""

_END_FORMER = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE application_name = :name AND pid <> pg_backend_pid()"
)


class Hold:
    """What makes somebody the only service with a store."""

    def __init__(self, server: _ServerLock | None) -> None:
        self._server = server

    def renew(self) -> None:
        """Takes the lock in the server again if its connection has ended; to be called often.

        Raises:
            StoreTaken: somebody else has it now: this is no longer the only service.
            StoreError: it cannot be taken at the moment, such as while the server is away.
        """
        if self._server is not None:
            self._server.renew()


@contextlib.contextmanager
def only_service(database: Database, photos: Path) -> Iterator[Hold]:
    """Makes the caller the only service with a store until the block ends.

    Args:
        database: its rows.
        photos: the folder of its photos.

    Raises:
        StoreTaken: another one is running with its database or its photos.
        StoreError: it cannot be locked.
    """
    file = database.file
    with contextlib.ExitStack() as held:
        held.callback(os.close, _hold(photos, photos.parent, "storage folder"))
        server = None
        if file is not None:
            held.callback(os.close, _hold(file, file, "database"))
        else:
            server = _ServerLock(database)
            held.callback(server.let_go)
            server.take()
        yield Hold(server)


def _hold(thing: Path, named: Path, kind: str) -> int:
    """Locks a file beside it, which stays there, and returns its descriptor."""
    path = thing.with_name(f"{thing.name}.lock")
    try:
        with kept_by_owner([path]):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _failed(path, error) from error
    try:
        _lock(descriptor)
    except OSError as error:
        os.close(descriptor)
        # Windows calls a lock of somebody else's a lack of permission.
        if isinstance(error, BlockingIOError | PermissionError):
            raise _taken(f"{named}: ", kind) from None
        raise _failed(path, error) from error
    return descriptor


class _ServerLock:
    """A lock in PostgreSQL, which is held as long as one connection is open."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: sa.Connection | None = None
        self._name = f"maskwatch {secrets.token_hex(8)}"
        """Of the connection, by which a former one of ours is recognised."""

    def take(self) -> None:
        """Opens the connection and takes the lock; raises as `Hold.renew`."""
        connection: sa.Connection | None = None
        try:
            connection = self._database.engine.connect()
            # A transaction that stays open for days would keep the server from tidying up.
            connection.execution_options(isolation_level="AUTOCOMMIT")
            for setting in (*_NOTICE_A_DEAD_PEER, f"application_name = '{self._name}'"):
                connection.exec_driver_sql(f"SET {setting}")
            # A server that was cut off from us still takes our former connection for alive.
            former = connection.execute(_END_FORMER, {"name": self._name}).all()
            is_ours = connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_KEY)))
        except SQLAlchemyError as error:
            _end(connection)
            reason = str(error).splitlines()[0]
            raise StoreError(f"the database cannot be locked: {reason}") from error
        if not is_ours:
            _end(connection)
            if former:
                raise StoreError("the database cannot be locked: the former lock is being ended")
            raise _taken("", "database")
        self._connection = connection

    def renew(self) -> None:
        """See `Hold`."""
        connection = self._connection
        if connection is not None:
            # Without an answer it may be because another thread has let go meanwhile.
            if answers(connection) or self._connection is None:
                return
            self.let_go()
        self.take()
        _log.warning("the connection that locks the database had ended; it is locked anew")

    def let_go(self) -> None:
        """Ends the connection, and with it the lock, also while another thread renews it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            cut_off(connection)
            _end(connection)


def _end(connection: sa.Connection | None) -> None:
    """Closes a connection instead of giving it back to the pool."""
    if connection is not None:
        connection.invalidate()
        connection.close()


def _failed(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path}: {system_reason(error)}")


def _taken(place: str, kind: str) -> StoreTaken:
    return StoreTaken(f"{place}another maskwatch serve is already running with this {kind}")
