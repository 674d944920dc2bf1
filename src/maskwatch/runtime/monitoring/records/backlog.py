"""What waits to be written down, and what of it is given up when too much does."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from maskwatch.runtime.monitoring.records.chronicle import (
    Entry,
    EpisodeOpened,
    EpisodeUpdated,
    UncertainFace,
)
from maskwatch.store.records import MinuteReadings

MOST_WAITING = 2000
MOST_PHOTOS = 200
_MORE_PHOTOS = 50
"""So many more may wait until the oldest are looked for, and given up."""
_GROWN = 1.1
"""And so many times the entries of the last time: each time all of them are looked through."""


class Backlog:
    """Entries in order; for one thread at a time."""

    def __init__(self) -> None:
        self.given_up = 0
        """Entries and photos that were given up because too much waited."""
        self._entries: deque[Entry] = deque()
        self._thinned_to = 0
        """Entries that were left when some were given up last, less those that are done since."""
        self._new_photos = 0
        """That have come since then."""

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entries: Sequence[Entry]) -> None:
        """Puts entries at the end; gives up what matters least when too much waits."""
        self._entries.extend(entries)
        self._new_photos += sum(map(_has_photo, entries))
        if self._is_too_much():
            first, *rest = self._entries  # the first one is being written
            kept, given_up = thinned_out(rest)
            self._entries = deque([first, *kept])
            self.given_up += given_up
            self._thinned_to, self._new_photos = len(self), 0

    def head(self) -> Entry | None:
        """The first entry; None without any."""
        return self._entries[0] if self._entries else None

    def done(self) -> None:
        """The first entry need not wait any longer."""
        self._entries.popleft()
        self._thinned_to = min(self._thinned_to, len(self))

    def _is_too_much(self) -> bool:
        """Whether so much more waits than the last time that something may have to be given up."""
        if len(self) > MOST_PHOTOS and self._new_photos >= _MORE_PHOTOS:
            return True
        return len(self) > max(MOST_WAITING, _GROWN * self._thinned_to)


def thinned_out(entries: Sequence[Entry]) -> tuple[list[Entry], int]:
    """What is kept of too many entries, and how many of them or of their photos are given up.

    First sums and timelines go and then the oldest photos, but never an episode.
    """
    kept = list(entries)
    if len(kept) > MOST_WAITING:
        kept = [each for each in kept if _must_stay(each)]
    with_photo = [
        (at, each)
        for at, each in enumerate(kept)
        if isinstance(each, EpisodeOpened) and each.photo is not None
    ]
    oldest = with_photo[:-MOST_PHOTOS]
    for at, each in oldest:
        kept[at] = replace(each, photo=None)
    return kept, len(entries) - len(kept) + len(oldest)


def _must_stay(entry: Entry) -> bool:
    """Whether leaving it out would lose more than detail."""
    if isinstance(entry, EpisodeUpdated):
        return entry.ended_at is not None
    return not isinstance(entry, MinuteReadings | UncertainFace)


def _has_photo(entry: Entry) -> bool:
    return isinstance(entry, EpisodeOpened | UncertainFace) and entry.photo is not None
