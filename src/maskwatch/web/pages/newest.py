"""Questions that overtake each other: they are answered in several threads, in any order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class Newest:
    """Says of each question whether a newer one was asked after it: its answer is out of date."""

    def __init__(self) -> None:
        self._asked = 0

    def begin(self) -> Callable[[], bool]:
        """A question is about to be asked.

        Returns:
            What says whether it is still the newest.
        """
        self._asked += 1
        mine = self._asked
        return lambda: mine == self._asked

    async def of(self, answer: Awaitable[T | None]) -> T | None:
        """The answer to a question; None also where a newer one was asked meanwhile."""
        is_newest = self.begin()
        found = await answer
        return found if is_newest() else None
