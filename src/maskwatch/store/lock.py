"""One service at a time: whoever watches with a store holds it until its process ends.

The photos and a file of SQLite are held by locks on files beside them, rows in PostgreSQL by a lock
in the server. All of them go with the process, however it ends, and processes that it starts do not
inherit them (Python opens files and sockets with ``O_CLOEXEC``). What else opens the store, such as
a backup, does not ask for them.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from maskwatch.errors import StoreError
from maskwatch.store.database import Database
from maskwatch.store.store import Store

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


@contextlib.contextmanager
def only_service(store: Store) -> Iterator[None]:
    """Makes the caller the only service with this store until the block ends.

    Raises:
        StoreError: another one is running with its database or its photos, or it cannot be locked.
    """
    photos, file = store.snapshots.folder, store.database.file
    with contextlib.ExitStack() as held:
        held.callback(os.close, _hold(photos, photos.parent, "storage folder"))
        if file is not None:
            held.callback(os.close, _hold(file, file, "database"))
        else:
            held.callback(_let_go, _hold_server(store.database))
        yield


def _hold(thing: Path, named: Path, kind: str) -> int:
    """Locks a file beside it, which stays there, and returns its descriptor."""
    path = thing.with_name(f"{thing.name}.lock")
    try:
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


def _hold_server(database: Database) -> sa.Connection:
    """A connection that has the lock as long as it is open."""
    try:
        connection = database.engine.connect()
        # A transaction that stays open for days would keep the server from tidying up.
        connection.execution_options(isolation_level="AUTOCOMMIT")
        for setting in _NOTICE_A_DEAD_PEER:
            connection.exec_driver_sql(f"SET {setting}")
        is_ours = connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_KEY)))
    except SQLAlchemyError as error:
        reason = str(error).splitlines()[0]
        raise StoreError(f"the database cannot be locked: {reason}") from error
    if not is_ours:
        _let_go(connection)
        raise _taken("", "database")
    return connection


def _let_go(connection: sa.Connection) -> None:
    """Ends a connection, and with it the lock, instead of giving it back to the pool."""
    connection.invalidate()
    connection.close()


def _failed(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path}: {(error.strerror or 'cannot be locked').lower()}")


def _taken(place: str, kind: str) -> StoreError:
    return StoreError(f"{place}another maskwatch serve is already running with this {kind}")
