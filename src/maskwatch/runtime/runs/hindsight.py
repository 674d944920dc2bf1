"""Pictures that wait for what is found a moment later, so that it can be hidden in them too."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from maskwatch.outputs.base import JudgedFrame
from maskwatch.runtime.veil import Veil, without_covered
from maskwatch.types import Box, Face

WAIT_S = 0.3
"""Of who comes in at the edge, or turns round, half a face shows for some frames before it is
found."""
MAX_BYTES = 40_000_000
"""Of pictures that wait: six of 1920x1080, one of 4K."""


@dataclass(frozen=True, slots=True)
class VeiledFrame:
    """A frame whose picture may be shown once the boxes are hidden."""

    judged: JudgedFrame
    hidden: tuple[Box, ...]

    def hiding(self, boxes: Sequence[Box]) -> VeiledFrame:
        """The same with more boxes to hide."""
        return VeiledFrame(self.judged, (*self.hidden, *without_covered(boxes, self.hidden)))


class Hindsight:
    """What to hide in the pictures of one source: faces found in them, just before and just after.

    Args:
        wait_s: so long a picture waits for what is found after it; 0 for not at all.
        max_bytes: so much may wait, but always one picture.
    """

    def __init__(self, wait_s: float = WAIT_S, max_bytes: int = MAX_BYTES) -> None:
        self._wait_s = wait_s
        self._max_bytes = max_bytes
        self._veil = Veil()
        self._waiting: deque[VeiledFrame] = deque()

    def add(self, judged: JudgedFrame, found: Sequence[Face]) -> Iterator[VeiledFrame]:
        """Takes a frame and all faces that were found in it; gives those that need wait no longer.

        These are to be gone through to the end before the next call. Showing them takes long, and
        whoever is interrupted in it shows the `rest`: that has been hidden before, and begins with
        the one that was not shown to the end.
        """
        t, now = judged.frame.t, [face.box for face in found]
        due = sum(t - each.judged.frame.t > self._wait_s for each in self._waiting)
        self._waiting = deque(
            each if place < due else each.hiding(now) for place, each in enumerate(self._waiting)
        )
        hidden = tuple(place.box for place in self._veil.over(t, found))
        self._waiting.append(VeiledFrame(judged, hidden))
        fitting = max(1, self._max_bytes // judged.frame.image.nbytes) if self._wait_s else 0
        return self._first(max(due, len(self._waiting) - fitting))

    def rest(self) -> Iterator[VeiledFrame]:
        """Those that still wait, when nothing comes any more."""
        return self._first(len(self._waiting))

    def _first(self, count: int) -> Iterator[VeiledFrame]:
        for _ in range(count):
            yield self._waiting[0]
            self._waiting.popleft()
