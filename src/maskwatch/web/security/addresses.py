"""Which addresses the box may be told to connect to, so that nobody uses it as a way in.

The check here answers whoever typed the address. `maskwatch.frames.reach` makes it again, in the
process that connects, and sees to it that the connection leads nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from maskwatch.config.web import Network
from maskwatch.errors import UsageError
from maskwatch.frames.reach import Address, OutOfReach, Reach, Resolve, UnknownHost, resolve
from maskwatch.web.refusals import WrongUse

__all__ = ["Address", "checked_address"]


def checked_address(url: str, networks: Sequence[Network], resolver: Resolve = resolve) -> str:
    """The address that would be connected to; see `Reach.pinned`.

    Args:
        url: what somebody typed.
        networks: special networks that are allowed (``web.camera_networks``).
        resolver: finds the addresses of a name.

    Raises:
        UsageError: not an address of a camera, unknown host, or in a network that is not allowed.
    """
    try:
        return Reach(tuple(networks)).pinned(url, resolver)
    except UnknownHost as error:
        raise WrongUse("refused.camera_host", host=urlsplit(url).hostname) from error
    except OutOfReach as error:
        raise WrongUse("refused.camera_network", host=urlsplit(url).hostname) from error
    except ValueError as error:
        raise UsageError(str(error)) from error
