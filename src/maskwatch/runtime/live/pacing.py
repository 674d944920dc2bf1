"""Spreads pictures that arrive in bursts over the time that they show."""

from __future__ import annotations

# A gap longer than this is a jump in the stream's time stamps, not something to sit out.
_LONGEST_WAIT_S = 5.0


class Pacer:
    """Tells how long to hold a picture back so that the stream runs at its own speed."""

    def __init__(self) -> None:
        self._offset_s: float | None = None

    def wait_s(self, t: float, now: float) -> float:
        """Seconds until the picture of time ``t`` is due.

        Args:
            t: the picture's time in the stream.
            now: seconds on any steady clock.
        """
        if self._offset_s is None:
            self._offset_s = now - t
        wait = t + self._offset_s - now
        if not -_LONGEST_WAIT_S <= wait <= _LONGEST_WAIT_S:
            self._offset_s = now - t
            return 0.0
        return max(0.0, wait)
