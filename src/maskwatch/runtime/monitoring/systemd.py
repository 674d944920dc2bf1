"""Tells systemd how the service is doing; does nothing where it was not started by systemd.

The protocol is that of sd_notify(3): datagrams of text to the socket named in the environment.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_ASK_S = 20.0
_PATIENCE_S = 120
"""As ``TimeoutStartSec`` of the unit: what follows has the time that it has at any other start."""


class Systemd:
    """The connection to the service manager.

    Args:
        environment: where ``NOTIFY_SOCKET`` stands.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        path = environment.get("NOTIFY_SOCKET", "")
        # A leading @ stands for the NUL of Linux' abstract names.
        self._address = "\0" + path[1:] if path.startswith("@") else path

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Has the manager wait with the start for as long as the block takes, and then as usual."""
        ended = threading.Event()

        def ask() -> None:
            while not ended.wait(_ASK_S):
                self._send(f"EXTEND_TIMEOUT_USEC={_PATIENCE_S * 1_000_000}")

        asking = threading.Thread(target=ask, name="systemd", daemon=True)
        asking.start()
        try:
            yield
        finally:
            ended.set()
            asking.join()

    def ready(self, status: str) -> None:
        """The service has started."""
        self._send(f"READY=1\nSTATUS={status}")

    def alive(self) -> None:
        """A sign of life, for the watchdog."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The service is about to end."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
                channel.connect(self._address)
                channel.sendall(text.encode())
        except OSError:
            return  # a manager that does not listen is no reason to stop watching
