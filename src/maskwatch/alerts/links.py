"""Links in messages: signed, personal, expiring; nothing about them is stored.

A link leads to ``{base_url}/a/{token}``. Programs that check mails open every link in them, so
opening one must only show a page; the act itself is a form on that page.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from maskwatch.errors import LinkError

PATH = "/a/"
_MAC_BYTES = 16  # 128 bits: RFC 2104 allows half of the hash's length
_CONTEXT = b"maskwatch-link-1\0"  # the secret may sign other things as well


class LinkAction(StrEnum):
    """What a link is for."""

    VIEW = "view"
    ACKNOWLEDGE = "acknowledge"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class LinkClaim:
    """What a link says, once its signature has been checked."""

    action: LinkAction
    episode_id: str
    recipient: str | None
    """Whom the message went to: who acts through the link, as far as can be told."""
    expires_at: datetime
    """Aware; whole seconds."""


def sign_link(claim: LinkClaim, secret: bytes) -> str:
    """The token of a link: letters, digits, ``-``, ``_`` and one ``.``."""
    values = [claim.action, claim.episode_id, claim.recipient, int(claim.expires_at.timestamp())]
    body = _encode(json.dumps(values, separators=(",", ":"), ensure_ascii=False).encode())
    return f"{body}.{_encode(_mac(body, secret))}"


def read_link(token: str, secret: bytes, now: datetime) -> LinkClaim:
    """What a link says.

    Args:
        token: as in the link.
        secret: with which links are signed.
        now: aware.

    Raises:
        LinkError: the token is not ours, was changed, or is too old.
    """
    body, _, signature = token.partition(".")
    if not hmac.compare_digest(_decode(signature), _mac(body, secret)):
        raise LinkError("this link is damaged or not ours")
    action, episode_id, recipient, expires = json.loads(_decode(body))
    if now.timestamp() > expires:
        raise LinkError("this link has expired")
    return LinkClaim(
        LinkAction(action), episode_id, recipient, datetime.fromtimestamp(expires, tz=UTC)
    )


def link_url(base_url: str, token: str) -> str:
    """The whole link."""
    return f"{base_url}{PATH}{token}"


def _mac(body: str, secret: bytes) -> bytes:
    return hmac.digest(secret, _CONTEXT + body.encode(), hashlib.sha256)[:_MAC_BYTES]


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):  # ValueError: letters outside ASCII
        return b""
