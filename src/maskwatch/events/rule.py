"""The alert rule: coverage below a limit, held for some time, is a violation.

It stands between the verdict of a track, which says how the mask is worn, and the episode::

    verdict (voted) -> rule (limit and hold) -> episode
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from maskwatch.types import Fault, State, Track, Verdict

_SLACK_S = 1e-6

_UNDECIDED = Verdict(State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """When bad wearing is a violation."""

    coverage_below: float = 80.0
    """Percent."""
    hold_s: float = 1.0
    """How long it must have lasted."""

    def __post_init__(self) -> None:
        if not 0 <= self.coverage_below <= 100:
            raise ValueError(f"coverage_below must lie in [0, 100], got {self.coverage_below}")
        if self.hold_s < 0:
            raise ValueError(f"hold_s must not be negative, got {self.hold_s}")


class AlertRule:
    """Applies the rule to the people of one camera; remembers since when they break it."""

    def __init__(self) -> None:
        self._below_since: dict[int, float] = {}

    def judge(self, t: float, track: Track, settings: RuleSettings) -> Track:
        """The track with the verdict by the rule in place of the voted one.

        ``mask`` from the limit on. Below it the violation, once it has held; until then
        ``unknown``, which neither opens nor ends an episode. What the vote cannot tell, the rule
        cannot either.

        Args:
            t: now, in seconds.
            track: as the tracker gives it.
            settings: the limit may differ from zone to zone.
        """
        verdict = track.verdict
        if verdict.state is State.UNKNOWN or verdict.coverage is None:
            return replace(track, verdict=_UNDECIDED)
        if verdict.coverage >= settings.coverage_below:
            self._below_since.pop(track.id, None)
            since_t = None if verdict.state.is_violation else verdict.since_t
            return replace(track, verdict=Verdict(State.MASK, None, verdict.coverage, since_t))
        since_t = self._since(t, track)
        if t - since_t < settings.hold_s - _SLACK_S:
            return replace(track, verdict=replace(_UNDECIDED, coverage=verdict.coverage))
        state, fault = _violation(track)
        return replace(track, verdict=Verdict(state, fault, verdict.coverage, since_t))

    def keep_only(self, tracks: Iterable[int]) -> None:
        """Forgets everybody whose track is not among these."""
        kept = set(tracks)
        self._below_since = {k: since for k, since in self._below_since.items() if k in kept}

    def _since(self, t: float, track: Track) -> float:
        """Since when the limit is undercut."""
        verdict = track.verdict
        known = self._below_since.get(track.id)
        if verdict.state.is_violation and verdict.since_t is not None:
            since_t = verdict.since_t if known is None else min(known, verdict.since_t)
        else:
            since_t = t if known is None else known
        self._below_since[track.id] = since_t
        return since_t


def _violation(track: Track) -> tuple[State, Fault | None]:
    """What to call it: the vote's word, or for a mask that covers too little the best there is."""
    for judged in (track.verdict, track.reading):
        if judged.state.is_violation:
            return judged.state, judged.fault
    # A mask of too little coverage without a visible fault: "put it over nose, mouth and chin".
    return State.INCORRECT, Fault.OTHER
