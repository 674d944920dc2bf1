"""Bounds the open connections: each takes a file, of which cameras and photos need some, too."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

MOST_CONNECTIONS = 512
"""Half of the files that a process may have open on most systems."""

_Protocol: Any = AutoHTTPProtocol


class BoundedProtocol(_Protocol):  # type: ignore[misc]
    """HTTP over one of a bounded number of connections.

    uvicorn lets a connection stay that never asks for anything. Where there are too many, the
    oldest of those that wait for nothing gives way; if none does, the new one.
    """

    most = MOST_CONNECTIONS

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Somebody has connected."""
        super().connection_made(transport)
        self._since = time.monotonic()
        if len(self.connections) > self.most:
            waiting_for_nothing = [
                each
                for each in self.connections
                if isinstance(each, BoundedProtocol)
                and (each.cycle is None or each.cycle.response_complete)
            ]
            last = min(waiting_for_nothing, key=lambda each: each._since)
            self.connections.discard(last)
            last.transport.abort()
