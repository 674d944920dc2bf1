"""Taking turns at what takes much of the box."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock

from maskwatch.errors import Throttled

_RETRY_S = 10.0


class Turns:
    """One thread at a time; a few more wait for it, the others are sent away.

    Args:
        what: everybody wants, for those who are sent away.
        waiting: how many may wait. They keep their threads, of which the others need some too.
    """

    def __init__(self, what: str, waiting: int) -> None:
        self._what = what
        self._places = BoundedSemaphore(1 + waiting)
        self._turn = Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """One's turn, as soon as it comes.

        Raises:
            Throttled: too many are waiting already.
        """
        if not self._places.acquire(blocking=False):
            raise Throttled(_RETRY_S, self._what)
        try:
            with self._turn:
                yield
        finally:
            self._places.release()
