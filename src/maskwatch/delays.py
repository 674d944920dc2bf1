"""How long to wait before trying again: the one formula for cameras, messages and records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

CLOCK_STEP = timedelta(minutes=1)
"""A moment noted in the past that lies further ahead than this was noted by a clock that has been
set back since; less is a correction as time servers make them."""


class Growth(Protocol):
    """What delays grow by; settings with these names are one."""

    @property
    def first_delay_s(self) -> float:
        """Before the first attempt after a failure."""
        ...

    @property
    def factor(self) -> float:
        """Each delay is so many times the one before."""
        ...

    @property
    def max_delay_s(self) -> float:
        """No delay is longer."""
        ...


@dataclass(frozen=True, slots=True)
class Doubling:
    """Each delay is twice the one before; see `Growth`."""

    first_delay_s: float
    max_delay_s: float
    factor: float = 2.0


def growing_delay_s(growth: Growth, attempt: int) -> float:
    """Seconds to wait before an attempt, without chance; 1 is the first one after a failure."""
    # The exponent is capped because a float overflows at around 2 ** 1024.
    grown = growth.first_delay_s * growth.factor ** min(attempt - 1, 64)
    return min(grown, growth.max_delay_s)


def spread(delay_s: float, share: float, chance: float) -> float:
    """A delay varied by up to ``share`` to either side, so that many do not come back at once.

    Args:
        delay_s: the middle.
        share: of the delay, in [0, 1).
        chance: where in that range, in [0, 1].
    """
    return delay_s * (1 + share * (2 * chance - 1))
