"""The alert rule: coverage below a limit, held for some time, is a violation.

It stands between the readings of a track, which say how the mask is worn, and the episode::

    readings -> rule (limit, vote and hold) -> episode
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from maskwatch.tracks.verdict import UNDECIDED, VoteSettings, vote, votes
from maskwatch.types import TIME_SLACK_S, Fault, MaskReading, State, TimedReading, Track, Verdict


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """When bad wearing is a violation."""

    coverage_below: float = 80.0
    """Percent."""
    hold_s: float = 1.0
    """How long it must have lasted, in seconds; the vote asks for `VoteSettings.min_change_s` in
    any case."""

    def __post_init__(self) -> None:
        if not 0 <= self.coverage_below <= 100:
            raise ValueError(f"coverage_below must lie in [0, 100], got {self.coverage_below}")
        if self.hold_s < 0:
            raise ValueError(f"hold_s must not be negative, got {self.hold_s}")


class AlertRule:
    """Applies the rule to the people of one camera.

    The readings vote as they do for a track (`maskwatch.tracks.verdict`), but on which side of
    the limit they are. How long a violation has held is measured between readings, from the first
    below the limit to the last: what follows a short gesture makes it no longer.

    Args:
        votes: how readings become a verdict.
    """

    def __init__(self, votes: VoteSettings | None = None) -> None:
        self._votes = votes or VoteSettings()
        self._verdicts: dict[int, tuple[float, Verdict]] = {}
        """By person: when their present track began, and the verdict on it."""

    def judge(
        self,
        track: Track,
        settings: RuleSettings,
        *,
        required_t: float = float("-inf"),
        is_open: bool = False,
    ) -> Track:
        """The track with the verdict by the rule in place of the voted one.

        ``mask`` from the limit on. Below it the violation, once it has held; until then
        ``unknown``, which neither opens nor ends an episode. What cannot be read is on neither
        side. Who comes back is judged by what is seen then: a new track begins undecided.

        Args:
            track: as the tracker gives it, the id that of the person.
            settings: the limit may differ from zone to zone.
            required_t: since when the person has had to wear a mask, in seconds: a violation counts
                from then on, and must hold from then on.
            is_open: whether the person has an open episode: then nothing has to hold any more.
        """
        readings = [
            TimedReading(t, by_limit(reading, settings.coverage_below))
            for t, reading in track.recent
        ]
        began, previous = self._verdicts.get(track.id, (track.first_t, UNDECIDED))
        verdict = vote(readings, previous if began == track.first_t else UNDECIDED, self._votes)
        self._verdicts[track.id] = track.first_t, verdict
        if verdict.state.is_violation and verdict.since_t is not None:
            since_t = max(verdict.since_t, required_t)
            verdict = replace(verdict, since_t=since_t)
            hold_s = max(settings.hold_s, self._votes.min_change_s)
            if not is_open and not _has_held(since_t, readings, hold_s):
                verdict = replace(UNDECIDED, coverage=verdict.coverage)
        return replace(track, verdict=verdict)

    def began(self, track: Track) -> float:
        """Since when what is seen belongs to the violation that ``track``, judged last, may be.

        In seconds; without one so far, since the oldest reading that still has a vote.
        """
        verdict, oldest = self._verdicts[track.id][1], track.recent[0].t
        if not verdict.state.is_violation or verdict.since_t is None:
            return oldest
        return min(oldest, verdict.since_t)

    def forget(self, person: int) -> None:
        """Somebody is gone."""
        self._verdicts.pop(person, None)


def by_limit(reading: MaskReading, coverage_below: float) -> MaskReading:
    """The reading with a state that says on which side of the limit its coverage is."""
    if not votes(reading) or reading.coverage is None:
        return reading
    is_violation = reading.coverage < coverage_below
    if is_violation is reading.state.is_violation:
        return reading
    if is_violation:
        # A mask of too little coverage without a visible fault: "put it over nose, mouth and chin".
        return replace(reading, state=State.INCORRECT, fault=Fault.OTHER)
    return replace(reading, state=State.MASK, fault=None)


def _has_held(since_t: float, readings: Sequence[TimedReading], hold_s: float) -> bool:
    below = [each.t for each in readings if votes(each.reading) and each.reading.state.is_violation]
    return bool(below) and below[-1] - since_t >= hold_s - TIME_SLACK_S
