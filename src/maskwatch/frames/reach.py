"""How far a camera's address may lead, when whoever typed it is not trusted with the network.

A program that opens any address is a tool to look around in the network behind it (server-side
request forgery). Public addresses are fine; loopback, private, link-local and other special ranges
only where somebody named the network. What was checked must also be what is connected to: names can
answer differently the second time (DNS rebinding), servers can send one on (redirects), playlists
name further addresses.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from maskwatch.errors import SourceCause

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[Address]]

SCHEMES = ("rtsp", "rtsps", "http", "https")
_DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
_PINNED = ("rtsp", "http")
"""Schemes whose host may be replaced by its number: no certificate names it."""

_PROTOCOLS = {
    "rtsp": ("rtsp", "rtp", "tcp", "udp"),
    "rtsps": ("rtsps", "rtp", "srtp", "tls", "tcp", "udp"),
    "http": ("http", "tcp"),
    "https": ("https", "tls", "tcp"),
}
"""FFmpeg's protocols that an address needs. An RTSP redirect cannot be switched off in FFmpeg; this
way it leads to another camera of its kind at most, never to a file, nor from TLS into the clear."""

_NAT64 = ip_network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are the IPv4 address that a gateway connects to."""

_NOT_GLOBAL = tuple(map(ip_network, ("fec0::/10", "::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48")))
"""What Python takes for global, at least in some releases: networks of a site (RFC 3879), and IPv6
addresses that stand for IPv4 addresses of the place (RFC 4291, 2765 and 8215)."""

_FORMATS = (
    *("rtsp", "mpjpeg", "mjpeg", "mpegts", "mpeg", "flv", "live_flv", "h264", "hevc", "m4v"),
    *("matroska", "webm", "mov", "mp4", "avi", "image2", "jpeg_pipe", "png_pipe", "webp_pipe"),
    "data",
)
"""FFmpeg's formats that hold pictures. Others, such as playlists, hold further addresses."""

_ESTABLISHED = "01"  # linux/include/net/tcp_states.h


class OutOfReach(Exception):
    """An address may not be connected to; the message is a short clause for people."""

    cause: SourceCause | None = SourceCause.OUT_OF_REACH


class UnknownHost(OutOfReach):
    """Nobody knows the host of an address."""

    cause = None


@dataclass(frozen=True, slots=True)
class Reach:
    """Where connections may go: to public addresses, and into these networks."""

    networks: tuple[Network, ...] = ()

    def allows(self, address: Address) -> bool:
        """Whether packets to an address end up where they may."""
        return all(self._allows_itself(each) for each in _meant(address))

    def _allows_itself(self, address: Address) -> bool:
        if any(address.version == net.version and address in net for net in self.networks):
            return True
        if any(address.version == net.version and address in net for net in _NOT_GLOBAL):
            return False
        return address.is_global and not address.is_multicast

    def pinned(self, url: str, resolver: Resolve | None = None) -> str:
        """The address to connect to, its host name replaced by a number that was checked.

        With TLS the name stays, as the certificate is made out to it.

        Args:
            url: what somebody typed.
            resolver: finds the addresses of a name, in place of the system.

        Raises:
            OutOfReach: unknown host, or one of its addresses is out of reach.
            ValueError: not an address of a camera; the message says why.
        """
        parts = parts_of(url)
        host = parts.hostname or ""
        try:
            addresses = (resolver or resolve)(host, parts.port or _DEFAULT_PORTS[parts.scheme])
        except (OSError, UnicodeError) as error:
            raise UnknownHost(f"no host is called {host!r}") from error
        if not all(self.allows(each) for each in addresses):
            raise OutOfReach(f"{host} is in a network that is not open to the dashboard")
        if parts.scheme not in _PINNED:
            return url
        return parts._replace(netloc=_netloc(parts, addresses[0])).geturl()

    def options(self, url: str) -> dict[str, str]:
        """What keeps FFmpeg from going elsewhere."""
        parts = parts_of(url)
        options = {
            "format_whitelist": ",".join(_FORMATS),
            "protocol_whitelist": ",".join(_PROTOCOLS[parts.scheme]),
        }
        if parts.scheme in ("http", "https"):
            options["max_redirects"] = "0"
        if parts.scheme == "http":  # the number stands in the address; the server wants the name
            options["headers"] = f"Host: {parts.netloc.rpartition('@')[2]}\r\n"
        return options

    def check_peers(self) -> None:
        """Looks where this process is connected to, whatever led there (on Linux).

        Raises:
            OutOfReach: somewhere out of reach.
        """
        if not all(self.allows(each) for each in _peers()):
            raise OutOfReach("it leads into a network that is not open to the dashboard")


def resolve(host: str, port: int) -> list[Address]:
    """All addresses of a host name.

    Raises:
        OSError: there are none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ip_address(str(entry[4][0]).split("%")[0]) for entry in found]


def parts_of(url: str) -> SplitResult:
    """The parts of a camera's address.

    Raises:
        ValueError: it is none; the message says why.
    """
    if any(ord(letter) <= 32 or ord(letter) == 127 for letter in url):
        raise ValueError("an address has no spaces and no control characters")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError as error:
        raise ValueError(f"not an address: {error}") from error
    if parts.scheme not in SCHEMES:
        raise ValueError(f"an address begins with {', '.join(f'{each}://' for each in SCHEMES)}")
    if not parts.hostname:
        raise ValueError("the address names no host")
    return parts


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


def _peers() -> Iterator[Address]:
    """Whom this process is connected to over TCP, by the tables in /proc/self (see proc(5))."""
    own = set()
    for entry in Path("/proc/self/fd").glob("*"):
        try:
            own.add(str(entry.readlink()))
        except OSError:
            continue  # closed meanwhile
    for table in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/self/net/{table}").read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        for fields in (line.split() for line in lines[1:]):
            if fields[3] == _ESTABLISHED and f"socket:[{fields[9]}]" in own:
                yield _address(fields[2].partition(":")[0])


def _address(digits: str) -> Address:
    """An address as the kernel prints it: words of 32 bits in the byte order of the machine."""
    words = [int(digits[i : i + 8], 16) for i in range(0, len(digits), 8)]
    packed = b"".join(word.to_bytes(4, sys.byteorder) for word in words)
    return ip_address(packed)
