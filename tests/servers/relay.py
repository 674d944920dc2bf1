"""A relay in front of a server: it keeps what passes through, and can cut connections."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_CHUNK = 1 << 16


class Relay:
    """Passes on what comes to its port, both ways.

    Args:
        port: of the server, on 127.0.0.1.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self.port = int(self._listener.getsockname()[1])
        self.sent: list[bytearray] = []
        """What clients sent, by connection."""
        self.cut_at: bytes | None = None
        """Resets a connection once its client has sent this in one piece."""
        self.is_deaf = False
        """Keeps to itself what clients send, as a network does that has broken without a word."""

    def start(self) -> None:
        self._threads[0].start()

    def stop(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._sockets:
            _hang_up(each)
        for thread in self._threads:
            thread.join(10)
        for each in self._sockets:
            each.close()

    def cut(self) -> None:
        """Ends all connections that there are; new ones are welcome."""
        for each in self._sockets:
            _hang_up(each)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                client.close()
                continue
            self._sockets += [client, server]
            kept = bytearray()
            self.sent.append(kept)
            for args in ((client, server, kept), (server, client, None)):
                thread = threading.Thread(target=self._pass_on, args=args)
                self._threads.append(thread)
                thread.start()

    def _pass_on(
        self, source: socket.socket, target: socket.socket, kept: bytearray | None
    ) -> None:
        with suppress(OSError):
            while chunk := source.recv(_CHUNK):
                if kept is None:
                    target.sendall(chunk)
                    continue
                if not self.is_deaf:
                    target.sendall(chunk)
                kept += chunk
                if self.cut_at is not None and self.cut_at in chunk:
                    # Closing without lingering resets the connection.
                    source.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    source.close()
                    break
        _hang_up(source)
        _hang_up(target)


def _hang_up(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@contextmanager
def relay(port: int) -> Iterator[Relay]:
    """A relay on a free port to a port on 127.0.0.1."""
    running = Relay(port)
    running.start()
    try:
        yield running
    finally:
        running.stop()
