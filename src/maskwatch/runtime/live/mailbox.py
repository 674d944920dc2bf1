"""A place for one item between a thread that produces and one that consumes."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Holds the newest item only, so that a slow reader gets fresh news and memory stays flat.

    Attributes:
        keep_all: make the producer wait instead of replacing what has not been taken; for
            recordings, of which every item counts. To be set before the first `put`.
        dropped: items replaced before anyone took them.
    """

    def __init__(self, *, keep_all: bool = False) -> None:
        self.keep_all = keep_all
        self.dropped = 0
        self._changed = threading.Condition()
        self._items: list[T] = []
        self._closed = False

    def put(self, item: T) -> None:
        """Leave an item; after `close` it is thrown away."""
        with self._changed:
            if self.keep_all:
                self._changed.wait_for(lambda: not self._items or self._closed)
            if self._closed:
                return
            self.dropped += len(self._items)
            self._items = [item]
            self._changed.notify_all()

    def take(self, timeout_s: float) -> T | None:
        """The item, or None when there is none within the time or ever again."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, timeout_s)
            item = self._items.pop() if self._items else None
            self._changed.notify_all()
            return item

    def wait(self, timeout_s: float) -> bool:
        """Whether there is an item to take, now or within the time."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, timeout_s)
            return bool(self._items)

    def close(self) -> None:
        """No more items will come; the last one can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def is_finished(self) -> bool:
        """Closed and empty."""
        with self._changed:
            return self._closed and not self._items
