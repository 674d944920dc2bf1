"""Seconds of frames from the time stamps that a container gives."""

from __future__ import annotations

from fractions import Fraction


class Timeline:
    """Turns presentation time stamps into seconds since the first frame, never running back.

    Stamps are followed as they are, which is what makes variable frame rates right. A frame
    without a stamp, or with one that is not later than the last (files joined end to end, a
    camera that sets its clock), is put one nominal frame after the one before, and the stamps
    that follow are counted from there.

    Args:
        time_base: seconds per unit of a stamp.
        nominal_step_s: seconds from frame to frame when the stamps do not say.
    """

    def __init__(self, time_base: Fraction, nominal_step_s: float) -> None:
        # Whole numbers: a fraction's own arithmetic takes ten times as long for the same result.
        self._units, self._per_s = time_base.numerator, time_base.denominator
        self._step_s = nominal_step_s
        self._origin: float | None = None
        self._t: float | None = None

    def place(self, pts: int | None) -> float:
        """Seconds of the next frame, whose time stamp is ``pts``; 0 for the first."""
        stamp = None if pts is None else pts * self._units / self._per_s
        if self._t is None:
            self._t, self._origin = 0.0, stamp
            return self._t
        if stamp is not None and self._origin is not None and stamp - self._origin > self._t:
            self._t = stamp - self._origin
        else:
            self._t += self._step_s
            self._origin = None if stamp is None else stamp - self._t
        return self._t
