"""Which addresses the box may be told to connect to, so that nobody uses it as a way in.

A dashboard that opens any camera address is a tool to look around in the network behind it
(server-side request forgery). Public addresses are fine; loopback, private, link-local and other
special ranges only where the configuration names the network.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from maskwatch.config.web import Network
from maskwatch.errors import UsageError

SCHEMES = ("rtsp", "rtsps", "http", "https")
_DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
_PINNED = ("rtsp", "http")
"""Schemes whose host may be replaced by its number: no certificate names it."""

_NAT64 = ip_network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are the IPv4 address that a gateway connects to."""

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[Address]]


def resolve(host: str, port: int) -> list[Address]:
    """All addresses of a host name.

    Raises:
        OSError: there are none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ip_address(str(entry[4][0]).split("%")[0]) for entry in found]


def checked_address(url: str, networks: Sequence[Network], resolver: Resolve = resolve) -> str:
    """The address to connect to, with the host name replaced by the number that was checked.

    A name that answers differently the second time (DNS rebinding) so gains nothing. With TLS
    the name stays, as the certificate is made out to it.

    Args:
        url: what somebody typed.
        networks: special networks that are allowed (``web.camera_networks``).
        resolver: finds the addresses of a name.

    Raises:
        UsageError: not an address of a camera, unknown host, or in a network that is not allowed.
    """
    parts = _parts(url)
    host = parts.hostname or ""
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    try:
        addresses = resolver(host, port)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"no host is called {host!r}") from error
    for address in addresses:
        _must_be_allowed(host, address, networks)
    if parts.scheme not in _PINNED:
        return url
    return parts._replace(netloc=_netloc(parts, addresses[0])).geturl()


def _parts(url: str) -> SplitResult:
    if any(ord(letter) <= 32 or ord(letter) == 127 for letter in url):
        raise UsageError("an address has no spaces and no control characters")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError as error:
        raise UsageError(f"not an address: {error}") from error
    if parts.scheme not in SCHEMES:
        raise UsageError(f"an address begins with {', '.join(f'{each}://' for each in SCHEMES)}")
    if not parts.hostname:
        raise UsageError("the address names no host")
    return parts


def _must_be_allowed(host: str, address: Address, networks: Sequence[Network]) -> None:
    for each in _meant(address):
        is_named = any(each.version == net.version and each in net for net in networks)
        if not is_named and (not each.is_global or each.is_multicast):
            raise UsageError(
                f"{host} is in a network that is not open to the dashboard: "
                "add the network to web.camera_networks"
            )


def _meant(address: Address) -> list[Address]:
    """Where packets may end up: an IPv6 address may carry an IPv4 address that it stands for."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    meant: list[Address] = [address]
    if address in _NAT64:
        meant.append(IPv4Address(int(address) & 0xFFFFFFFF))
    if address.sixtofour is not None:
        meant.append(address.sixtofour)
    if address.teredo is not None:
        meant.extend(address.teredo)
    return meant


def _netloc(parts: SplitResult, address: Address) -> str:
    user, at, _ = parts.netloc.rpartition("@")
    number = f"[{address}]" if isinstance(address, IPv6Address) else str(address)
    port = f":{parts.port}" if parts.port is not None else ""
    return f"{user}{at}{number}{port}"
