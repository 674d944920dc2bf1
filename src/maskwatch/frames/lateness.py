"""How far a reader of a live stream has fallen behind, and what it leaves out to catch up."""

from __future__ import annotations

A_WAIT_S = 5e-3
"""Handing over a packet that has already come takes less than this."""

_A_JUMP_S = 2.0
"""From one packet to the next, time stamps that differ from the clock by more have been set."""

_TOO_LATE_S = 1.0
_IN_TIME_S = 0.2

_LONGEST_SKIP_S = 10.0
"""Streams that have no key frames at all are gone on with after so long."""


class Lateness:
    """Tells for how long packets lay undecoded before they were asked for.

    Nobody knows when a packet came: it lies in the queues of the network. But the reader falls
    behind by what it works on a packet longer than the packet lasts, and catches up by what it
    works less. The time that it waits for packets counts for neither, so a camera whose clock is
    too fast or too slow, or that pauses, makes nobody late.

    Attributes:
        late_s: seconds, of the last packet.
    """

    def __init__(self) -> None:
        self.late_s = 0.0
        self._stamp_s: float | None = None
        self._came: float | None = None

    def update(self, stamp_s: float | None, asked: float, came: float) -> None:
        """Takes in a packet.

        Args:
            stamp_s: its decoding time stamp in seconds, if it has one.
            asked: when it was asked for, on a steady clock.
            came: when it was there, on the same clock.
        """
        if stamp_s is None:
            self.late_s = 0.0
        elif self._stamp_s is not None and self._came is not None:
            lasted_s = stamp_s - self._stamp_s
            elapsed_s = came - self._came
            waited_s = came - asked if came - asked > A_WAIT_S else 0.0
            if not 0 <= lasted_s <= elapsed_s + _A_JUMP_S:
                lasted_s = elapsed_s
            self.late_s = max(0.0, self.late_s + elapsed_s - waited_s - lasted_s)
        self._stamp_s, self._came = stamp_s, came


class CatchUp:
    """Chooses the packets to decode, so that pictures are at most about a second late.

    Who is too late passes over everything up to a key frame that is in time. Without time stamps
    nobody knows how late that is: too late is who never had to wait for so long, and in time is
    what one had to wait for.

    Attributes:
        is_skipping: whether the last packet was passed over.
    """

    def __init__(self) -> None:
        self.is_skipping = False
        self._lateness = Lateness()
        self._since = 0.0
        self._waited: float | None = None

    @property
    def late_s(self) -> float:
        """Seconds by which the last packet was asked for too late, as far as its stamp tells."""
        return self._lateness.late_s

    def wants(self, stamp_s: float | None, asked: float, came: float, *, is_key: bool) -> bool:
        """Whether to decode a packet; see `Lateness.update`."""
        self._lateness.update(stamp_s, asked, came)
        if self._waited is None or came - asked > A_WAIT_S:
            self._waited = came
        late_s = came - self._waited if stamp_s is None else self.late_s
        if self.is_skipping:
            in_time = late_s <= _IN_TIME_S
            tired = came - self._since > _LONGEST_SKIP_S
            self.is_skipping = not (in_time and (is_key or tired))
        elif late_s > _TOO_LATE_S:
            self.is_skipping, self._since = True, came
        return not self.is_skipping
