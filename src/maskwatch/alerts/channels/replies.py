"""What the other side said, fit to be part of the reason why a message was not taken."""

from __future__ import annotations

_LONGEST = 200


def shown(reply: bytes | str) -> str:
    """On one line, cut where it is long, and without what cannot be shown.

    A database need not take that either: PostgreSQL stores no NUL, and a failure that cannot be
    written down would be met again and again.
    """
    text = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
    readable = "".join(each for each in text if each.isprintable() or each.isspace())
    return " ".join(readable.split())[:_LONGEST]
