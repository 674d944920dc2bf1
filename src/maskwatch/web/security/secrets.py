"""Random values that only their owner knows; the store keeps their hashes."""

from __future__ import annotations

import hashlib
import hmac
import secrets

TOKEN_PREFIX = "mwt_"  # noqa: S105 - not a secret: what tokens begin with, for secret scanners


def new_secret() -> str:
    """256 random bits as text that fits in a cookie or an address."""
    return secrets.token_urlsafe(32)


def new_api_token() -> str:
    """A token for a program."""
    return TOKEN_PREFIX + new_secret()


def hash_secret(secret: str) -> str:
    """SHA-256 in hexadecimal digits; no salt, as nobody guesses 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_token(session_secret: str) -> str:
    """What a page must send along to show that it was given to the owner of the session."""
    return hmac.new(session_secret.encode(), b"csrf", hashlib.sha256).hexdigest()


def is_same(expected: str, given: str) -> bool:
    """Compares in constant time."""
    return hmac.compare_digest(expected.encode(), given.encode())
