"""A limit for a whole attempt, whatever the other side does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from maskwatch.errors import ChannelError

Watch = Callable[[socket.socket], None]
"""Is told of a connection when it is made, before TLS begins on it."""


@contextmanager
def time_limit(seconds: float) -> Iterator[Watch]:
    """Breaks off what lasts longer than an attempt may.

    The time-out of a socket is that of one read or write, which somebody who answers in drops
    never meets.

    Raises:
        ChannelError: nothing came of it in time.
    """
    ends_at = time.monotonic() + seconds
    connections = _Connections()
    timer = threading.Timer(seconds, connections.break_off)
    timer.daemon = True
    timer.start()
    try:
        yield connections.watch
    except ChannelError as error:
        # A no that came in time stays one, even if the farewell after it took too long.
        if error.permanent or time.monotonic() < ends_at:
            raise
        raise ChannelError(f"no answer within {seconds:g} s") from error
    finally:
        timer.cancel()
        connections.forget()


class _Connections:
    """Those of one attempt; used by its thread and by the timer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: list[socket.socket] = []
        self._is_over = False

    def watch(self, connection: socket.socket) -> None:
        # A handle of its own: TLS takes the given one away, and closing it would free its number
        # for somebody else's connection.
        own = connection.dup()
        with self._lock:
            self._known.append(own)
            if self._is_over:
                _shut(own)

    def break_off(self) -> None:
        with self._lock:
            self._is_over = True
            for each in self._known:
                _shut(each)

    def forget(self) -> None:
        with self._lock:
            for each in self._known:
                each.close()
            self._known.clear()


def _shut(connection: socket.socket) -> None:
    """Ends a connection in both directions, which wakes whoever waits for it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was faster
