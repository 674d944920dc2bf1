"""The port that the dashboard is reached on."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from maskwatch.config.web import WebConfig
from maskwatch.errors import UsageError
from maskwatch.reasons import system_reason

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, not listened on
"""Addresses that mean every interface: no browser opens them."""


@dataclass(frozen=True, slots=True)
class Listening:
    """A socket that waits for browsers, and how people write its address."""

    socket: socket.socket
    url: str


def listen(web: WebConfig) -> Listening:
    """Takes the port of the configuration; ``::`` takes that of IPv4, too, where systems can.

    Raises:
        UsageError: it cannot be had.
    """
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    takes_both = web.host == "::" and socket.has_dualstack_ipv6()
    try:
        listener = socket.create_server(
            (web.host, web.port), family=family, dualstack_ipv6=takes_both
        )
    except OSError as error:
        reason = system_reason(error)
        raise UsageError(f"web: cannot listen on {web.host}:{web.port}: {reason}") from error
    port = listener.getsockname()[1]
    host = f"[{web.host}]" if family == socket.AF_INET6 else web.host
    if web.host in _EVERYWHERE:
        host = "localhost"
    scheme = "https" if web.tls else "http"
    return Listening(listener, web.base_url or f"{scheme}://{host}:{port}")
