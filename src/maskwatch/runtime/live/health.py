"""What a live source reports about its connection."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Connection(StrEnum):
    """Where the connection of a live source stands."""

    CONNECTED = "connected"
    """The first frame has come."""
    LOST = "lost"
    """Another attempt follows."""
    GONE = "gone"
    """No further attempt follows."""
    ENDED = "ended"
    """A live stream that is over, as its server says; nothing is wrong."""


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """A change in the connection of a live source."""

    source: str
    """Its name, with any password masked."""
    connection: Connection
    reason: str | None = None
    """Why it was lost, or how it ended; None when connected."""
    attempt: int = 0
    """Attempts made in a row without lasting success; 0 for the first connection."""
    retry_in_s: float | None = None
    """Seconds until the next attempt; None when there is none to come."""
