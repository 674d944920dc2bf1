"""Connections to PostgreSQL, and what pg8000 does otherwise than we need it."""

from __future__ import annotations

import contextlib
import socket
import ssl
from typing import Any, cast

import pg8000
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import URL

from maskwatch.authorities import checking_context
from maskwatch.config.storage import SslMode
from maskwatch.errors import StoreError
from maskwatch.reasons import system_reason

_ANSWER_S = 15.0
"""How long a server of PostgreSQL may take for a connection, and to say that it still knows one.

Not for a statement: some of an upgrade, a restore or a backup take minutes."""
_KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 60_000}
"""By which a server that is gone in the middle of a statement is noticed within a minute.

The names of the system's options, as far as it has them; see tcp(7)."""


def engine_of(url: URL) -> sa.Engine:
    """Connections to a server, each asked whether it is still there before it is used again.

    Raises:
        StoreError: ``sslrootcert`` cannot be used.
    """
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
    """Whether the server still knows an open connection, and says so in time.

    No as well when another thread closes it meanwhile.
    """
    try:
        _pg8000(connection).ping()
    # What pg8000 meets in a connection that another thread has closed are the last two.
    except (OSError, pg8000.Error, ValueError, AttributeError):
        return False
    return True


def cut_off(connection: sa.Connection) -> None:
    """Ends an open connection at once, whoever waits for its answer."""
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
