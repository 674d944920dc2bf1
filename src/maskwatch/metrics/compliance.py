"""The compliance rate of counted people, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

from maskwatch.metrics.intervals import wilson_interval


@dataclass(frozen=True, slots=True)
class Compliance:
    """Share of the people who wear the mask properly among those of whom it can be told."""

    masked: int
    judged: int
    """The denominator: everybody but the unknown."""
    share: float | None
    """``masked / judged`` in [0, 1]; None when nobody could be judged."""
    low: float | None
    """95 % Wilson interval of the share; None without one."""
    high: float | None

    @classmethod
    def of(cls, masked: int, judged: int) -> Compliance:
        """The rate of ``masked`` among ``judged`` people.

        Raises:
            ValueError: more are masked than judged, or a count is below 0.
        """
        low, high = wilson_interval(masked, judged) or (None, None)
        return cls(masked, judged, masked / judged if judged else None, low, high)
