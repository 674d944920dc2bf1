"""What can be said about a source's address without opening it, and how to show it safely."""

from __future__ import annotations

import re
from ipaddress import ip_address

HIDDEN = "***"

STREAM_SCHEMES = ("rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "udp", "rtp", "tcp")
RTSP_SCHEMES = ("rtsp", "rtsps")
TLS_SCHEMES = ("rtsps", "https", "rtmps")

_URL = re.compile(r"([a-z][a-z0-9+.-]+)://(.*)", re.IGNORECASE | re.DOTALL)

# Parameters whose value is a secret, in a query or, as many recorders have it, in the path
# ("/user=admin_password=secret_channel=1.sdp", where an underscore and a name end the value).
_SECRET_PARAMETER = re.compile(
    r"(?P<name>(?<![a-z0-9])"
    r"(?:[a-z0-9.-]*(?:pas|pwd|psw|kennw|token|secret|auth|cred|sig|key)[a-z0-9._%\[\]-]*"
    # Too short to be looked for within a name: "page", "speed", "spin" and "codec" are harmless.
    r"|[a-z0-9.-]*pw|p|pin|pincode|code|login))="
    r"(?P<value>.*?)(?=$|[&;/?#\s]|_[a-z]+=)",
    re.IGNORECASE,
)

# As in the path "/0/admin:secret/main".
_USER_IN_PATH = re.compile(r"(?<=/)(?P<name>[^/:?#]+):[^/?#]+(?=/)")

_ESCAPED_LETTER = re.compile(r"%(4[1-9A-F]|5[0-9A]|6[1-9A-F]|7[0-9A])", re.IGNORECASE)

_UNESCAPED = (
    "special characters in the user name or password must be written as %23 for #, %25 for %, "
    "%2F for /, %3F for ?, %40 for @; likewise any @ after the host"
)


def scheme_of(location: str) -> str | None:
    """The scheme of a URL in lower case; None for a path, a drive letter or a bare number."""
    match = _URL.match(location)
    return match[1].lower() if match else None


def mask_password(url: str) -> str:
    """A URL fit for screens, files and logs: its passwords and tokens replaced by ``***``.

    Knows ``user:password@host``, ``/user:password/`` in the path, and parameters such as
    ``password=``, ``pw=`` and ``token=``, which it also finds with letters written as ``%77``.
    Where a password with unescaped delimiters makes the address ambiguous, it hides too much
    rather than too little. Anything that is not a URL comes back as it is; nothing is ever raised.
    """
    match = _URL.match(url)
    if match is None:
        return url
    user, at, place = _split_user(match[2])
    name, colon, _ = user.partition(":")
    shown = f"{name}:{HIDDEN}" if colon else name
    place = _ESCAPED_LETTER.sub(lambda found: chr(int(found[1], 16)), place)
    place = _USER_IN_PATH.sub(rf"\g<name>:{HIDDEN}", place)
    place = _SECRET_PARAMETER.sub(lambda found: f"{found['name']}={HIDDEN}", place)
    return f"{match[1]}://{shown}{at}{place}"


def reason_to_refuse(url: str) -> str | None:
    """Why an address would not be understood as it is meant; None where nothing speaks against it.

    A delimiter that nobody escaped ends the password too early. Some of it would then be taken for
    a host, and be looked up and shown as one.
    """
    match = _URL.match(url)
    if match is None:
        return None
    authority = _authority_of(match[2])
    after = match[2][len(authority) :]
    if "@" not in after or ":" not in authority or _is_numeric(authority.rpartition("@")[2]):
        return None
    return _UNESCAPED


def _split_user(rest: str) -> tuple[str, str, str]:
    """What follows ``://`` as (user information, "@" or "", host and path).

    An ``@`` in the path is harmless and in a password it is not, and these look the same. So user
    information with a ":" goes to the last one of all, but for a host that can be nothing else.
    """
    authority = _authority_of(rest)
    user, at, place = rest.rpartition("@")
    if ":" not in user or _is_numeric(authority):
        user, at, _ = authority.rpartition("@")
        place = rest[len(user) + len(at) :]
    return user, at, place


def _authority_of(rest: str) -> str:
    """Of what follows ``://``, what comes before the path."""
    return re.split(r"[/?#]", rest, maxsplit=1)[0]


def _is_numeric(place: str) -> bool:
    """Whether a host, with its port if any, is given by its number: no password looks like that."""
    host = re.sub(r":[0-9]*$", "", place)
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
