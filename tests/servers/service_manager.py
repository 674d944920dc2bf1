"""What systemd hears from a service: a socket that takes its datagrams."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def service_manager() -> Iterator[tuple[socket.socket, str]]:
    """The socket, and its address (``NOTIFY_SOCKET``)."""
    # The path of a socket must be short.
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
    ):
        manager.settimeout(30)
        path = str(Path(folder) / "notify")
        manager.bind(path)
        yield manager, path
