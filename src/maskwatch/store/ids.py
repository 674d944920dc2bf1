"""Names of rows: unique without a central counter, and sorting them sorts by time."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime, timedelta

_RANDOM_BITS = 80


def new_id() -> str:
    """32 hexadecimal digits: 48 bits of milliseconds since 1970, then 80 random bits.

    The order of the milliseconds is that of RFC 9562's version 7 UUIDs, without its version bits,
    which nothing here reads. Two ids of the same millisecond sort by chance.
    """
    milliseconds = time.time_ns() // 1_000_000
    return f"{(milliseconds << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS):032x}"


def made_at(made: str) -> datetime:
    """When `new_id` made an id, to the millisecond."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(made, 16) >> _RANDOM_BITS)
