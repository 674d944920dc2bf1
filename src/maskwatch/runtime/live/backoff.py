"""When to try again."""

from __future__ import annotations

from dataclasses import dataclass

from maskwatch.delays import growing_delay_s, spread


@dataclass(frozen=True, slots=True)
class ReconnectPolicy:
    """How often and how fast a live source is tried again."""

    first_attempts: int = 1
    """Attempts to connect at all. One means that a wrong address fails at once."""
    max_attempts: int | None = 5
    """Attempts in a row after a connection was lost; None goes on for ever."""
    first_delay_s: float = 0.5
    factor: float = 2.0
    """Each delay is so many times the one before."""
    max_delay_s: float = 30.0
    jitter: float = 0.25
    """Share of the delay by which it varies, so that many cameras do not return at once."""
    stable_s: float = 10.0
    """A connection whose frames came over so long a time was a success: attempts are counted from 0
    again."""

    def __post_init__(self) -> None:
        if self.first_attempts < 1:
            raise ValueError(f"first_attempts must be at least 1, got {self.first_attempts}")
        if self.max_attempts is not None and self.max_attempts < 0:
            raise ValueError(f"max_attempts must not be negative, got {self.max_attempts}")
        if not 0.0 <= self.jitter < 1.0:
            raise ValueError(f"jitter must lie in [0, 1), got {self.jitter}")
        if self.first_delay_s <= 0 or self.factor < 1 or self.max_delay_s < self.first_delay_s:
            raise ValueError("delays must be positive and must not shrink")

    def delay_s(self, attempt: int, chance: float) -> float:
        """Seconds to wait before an attempt.

        Args:
            attempt: 1 for the first one after the loss.
            chance: where in the range of the jitter, in [0, 1].
        """
        return spread(growing_delay_s(self, attempt), self.jitter, chance)
