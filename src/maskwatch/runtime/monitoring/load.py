"""Whether the box keeps up with its cameras, and how it says so."""

from __future__ import annotations

from dataclasses import dataclass

_TOO_SLOW = 0.15
"""Share of pictures that are not looked at from which on the box counts as too slow."""

_FAST_ENOUGH = 0.05
_AFTER_S = 10.0
_BACK_AFTER_S = 30.0


@dataclass(frozen=True, slots=True)
class Load:
    """What was asked for and what was done, a second."""

    offered_fps: float
    looked_fps: float
    cameras: int

    @property
    def dropped(self) -> float:
        """Share of the pictures that were not looked at, in [0, 1]."""
        if self.offered_fps <= 0:
            return 0.0
        return max(0.0, 1 - self.looked_fps / self.offered_fps)

    @property
    def words(self) -> str:
        """For people."""
        return (
            f"{self.looked_fps:.1f} of {self.offered_fps:.1f} pictures a second are looked at, "
            f"the same share for each of {self.cameras} cameras"
        )


class LoadWatch:
    """Tells when the box becomes too slow, and when it no longer is; never for a mere moment."""

    def __init__(self) -> None:
        self.overloaded = False
        self._since_t: float | None = None

    def update(self, t: float, load: Load) -> bool:
        """Takes in a measurement made at ``t`` seconds; whether ``overloaded`` has changed."""
        limit, lasting_s = (
            (_FAST_ENOUGH, _BACK_AFTER_S) if self.overloaded else (_TOO_SLOW, _AFTER_S)
        )
        turning = load.dropped < limit if self.overloaded else load.dropped > limit
        if not turning:
            self._since_t = None
            return False
        if self._since_t is None:
            self._since_t = t
        if t - self._since_t < lasting_s:
            return False
        self.overloaded, self._since_t = not self.overloaded, None
        return True
