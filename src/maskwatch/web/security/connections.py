"""Bounds the open connections: each takes a file, of which cameras and photos need some, too."""

from __future__ import annotations

import asyncio
import time
from ipaddress import IPv6Address
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

MOST_CONNECTIONS = 512
"""Half of the files that a process may have open on most systems."""

_Protocol: Any = AutoHTTPProtocol

Peer = tuple[str, int] | None
"""Address and port of who has connected; None of a socket of this machine alone."""


def without_mapping(peer: Peer) -> Peer:
    """A peer as trusted proxies, logs and the throttle know it.

    A socket that takes IPv6 and IPv4 calls those of IPv4 ``::ffff:192.0.2.1`` (RFC 4291, 2.5.5.2).
    """
    if peer is None or ":" not in peer[0]:
        return peer
    mapped = IPv6Address(peer[0].partition("%")[0]).ipv4_mapped
    return peer if mapped is None else (str(mapped), peer[1])


class BoundedProtocol(_Protocol):  # type: ignore[misc]
    """HTTP over one of a bounded number of connections.

    uvicorn lets a connection stay that never asks for anything. Where there are too many, the
    oldest of those that wait for nothing gives way; if none does, the new one.
    """

    most = MOST_CONNECTIONS
    client: Peer

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Somebody has connected."""
        super().connection_made(transport)
        self.client = without_mapping(self.client)
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
