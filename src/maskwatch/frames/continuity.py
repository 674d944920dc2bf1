"""Time stamps that go on where those of a stream begin anew."""

from __future__ import annotations

_BEGINS_ANEW_S = 1.0
"""Decoding stamps that run back by more do; by less, their writer rounds or guesses them."""


class Continuity:
    """Follows the decoding stamps of one stream, packet by packet.

    They begin anew in recordings that were joined end to end, when a camera's clock is set back,
    and when a counter of limited length has run over.

    Args:
        unit_s: seconds per unit of a stamp.
        usual_step: units from packet to packet, for those that do not say how long they last.
    """

    def __init__(self, unit_s: float, usual_step: int) -> None:
        self._unit_s = unit_s
        self._usual_step = usual_step
        self._last: int | None = None
        self._shift = 0

    def shift(self, stamp: int | None, lasts: int | None) -> int:
        """What to add to the stamps of the next packet, so that they go on.

        Args:
            stamp: when it is to be decoded, if it says so.
            lasts: units, if it says so.
        """
        if stamp is None:
            return self._shift
        if self._last is not None:
            back = self._last - (stamp + self._shift)
            if back * self._unit_s > _BEGINS_ANEW_S:
                self._shift += back + (lasts or self._usual_step)
        self._last = stamp + self._shift
        return self._shift
