"""Which face lies before whom in review, so that two people at it get two faces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

_HELD_FOR = timedelta(minutes=2)
"""A face that somebody got but never judged is for everybody again after this."""


@dataclass(frozen=True, slots=True)
class _Offer:
    item_id: str
    at: datetime


class Offers:
    """The latest face of each person, in memory. It keeps nobody from judging: the first wins."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._latest: dict[str, _Offer] = {}

    def choose(self, user_id: str, waiting: Sequence[str], now: datetime) -> str | None:
        """A face for somebody.

        Args:
            user_id: for whom.
            waiting: ids of the faces, in the order in which they should be judged.
            now: aware, UTC.

        Returns:
            The first one that lies before nobody else, or the very first; None when none waits.
        """
        with self._lock:
            elsewhere = {
                offer.item_id
                for holder, offer in self._latest.items()
                if holder != user_id and abs(now - offer.at) < _HELD_FOR
            }
            free = [each for each in waiting if each not in elsewhere]
            chosen = next(iter(free or waiting), None)
            if chosen is not None:
                self._latest[user_id] = _Offer(chosen, now)
            return chosen
