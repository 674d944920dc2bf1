"""What can be said about a source's address without opening it, and how to show it safely."""

from __future__ import annotations

import re

HIDDEN = "***"

STREAM_SCHEMES = ("rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "udp", "rtp", "tcp")

_URL = re.compile(r"([a-z][a-z0-9+.-]+)://(.*)", re.IGNORECASE | re.DOTALL)

# Parameters whose value is a secret, in a query or, as many recorders have it, in the path
# ("/user=admin_password=secret_channel=1.sdp", where an underscore and a name end the value).
_SECRET_PARAMETER = re.compile(
    r"(?P<name>(?<![a-z0-9])"
    r"(?:[a-z0-9.-]*(?:pas|pwd|psw|token|secret|auth|cred|sig|key)[a-z0-9._-]*"
    # Too short to be looked for within a name: "page", "speed", "spin" and "codec" are harmless.
    r"|[a-z0-9.-]*pw|p|pin|pincode|code))="
    r"(?P<value>.*?)(?=$|[&;/?#\s]|_[a-z]+=)",
    re.IGNORECASE,
)


def scheme_of(location: str) -> str | None:
    """The scheme of a URL in lower case; None for a path, a drive letter or a bare number."""
    match = _URL.match(location)
    return match[1].lower() if match else None


def mask_password(url: str) -> str:
    """A URL fit for screens, files and logs: its passwords and tokens replaced by ``***``.

    Knows ``user:password@host`` and parameters such as ``password=``, ``pw=`` and ``token=``.
    Where a password with unescaped delimiters makes the address ambiguous, it hides too much
    rather than too little. Anything that is not a URL comes back as it is; nothing is ever raised.
    """
    match = _URL.match(url)
    if match is None:
        return url
    user, at, place = _split_user(match[2])
    name, colon, _ = user.partition(":")
    shown = f"{name}:{HIDDEN}" if colon else name
    place = _SECRET_PARAMETER.sub(lambda found: f"{found['name']}={HIDDEN}", place)
    return f"{match[1]}://{shown}{at}{place}"


def _split_user(rest: str) -> tuple[str, str, str]:
    """What follows ``://`` as (user information, "@" or "", host and path)."""
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        end = authority.rindex("@")
    elif ":" in authority and "@" in rest and not authority.startswith("["):
        # "user:pa/ss@host": the slash is part of a password that nobody escaped.
        end = rest.rindex("@")
    else:
        return "", "", rest
    return rest[:end], "@", rest[end + 1 :]
