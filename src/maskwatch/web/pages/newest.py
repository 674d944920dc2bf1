"""Questions that overtake each other: they are answered in several threads, in any order."""

from __future__ import annotations

from collections.abc import Callable


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
