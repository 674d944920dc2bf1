"""The verdict on a person: a vote over recent readings that is slow to change its mind.

Readings vote with their quality for one of two sides, violation or mask; unknown ones do not
vote. A side wins only with a clear majority of a sliding window *and* with evidence that has
lasted for some time, so a hand over the mouth or a flicker changes nothing. All limits are in
seconds, so the outcome does not depend on the frame rate.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate
from typing import TypeVar

from maskwatch.types import TIME_SLACK_S, MaskReading, State, TimedReading, Verdict

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class VoteSettings:
    """How readings become a verdict."""

    window_s: float = 1.2
    """Readings older than this do not vote. Also the longest that a change can go unnoticed."""
    min_readings: int = 3
    """A side needs this many readings in the window to win."""
    min_window_readings: int = 5
    """The window reaches back further where frames are so rare that it would hold fewer."""
    majority: float = 0.6
    """Share of the votes that a side needs to win; between 0.5 and this, nothing changes."""
    min_mask_s: float = 0.4
    """How long the evidence must have lasted for a first verdict ``mask``."""
    min_change_s: float = 0.6
    """How long it must have lasted for a violation, or to change sides: longer than a gesture."""
    min_decided: float = 1 / 3
    """Share of the readings in the window, unknown ones included, that must be the winner's."""
    stickiness: float = 1.5
    """How far another state or fault of the same side must outweigh the present one."""

    def __post_init__(self) -> None:
        if not self.window_s > self.min_change_s >= self.min_mask_s >= 0:
            raise ValueError("need window_s > min_change_s >= min_mask_s >= 0")
        if not 0.5 <= self.majority <= 1 or not 0 <= self.min_decided <= 1:
            raise ValueError("need 0.5 <= majority <= 1 and 0 <= min_decided <= 1")
        if not self.min_window_readings >= self.min_readings >= 1 or self.stickiness < 1:
            raise ValueError("need min_window_readings >= min_readings >= 1 and stickiness >= 1")


class _Side(Enum):
    VIOLATION = "violation"
    MASK = "mask"


UNDECIDED = Verdict(State.UNKNOWN)


class Voter:
    """Keeps the recent readings of one person and the verdict on them."""

    def __init__(self, settings: VoteSettings) -> None:
        self._settings = settings
        self._recent: deque[TimedReading] = deque()
        self._verdict = UNDECIDED
        self.is_unanimous = False
        """True when there is a verdict and every reading of the window is on its side."""

    @property
    def verdict(self) -> Verdict:
        """The verdict after the last reading; ``unknown`` before the first."""
        return self._verdict

    @property
    def recent(self) -> tuple[TimedReading, ...]:
        """The readings of the window, oldest first."""
        return tuple(self._recent)

    def add(self, t: float, reading: MaskReading) -> Verdict:
        """Hears one more reading, made at ``t`` seconds (never before the last), and votes."""
        self._recent.append(TimedReading(t, reading))
        self._forget(t)
        self._verdict = vote(self._recent, self._verdict, self._settings)
        side = _side(self._verdict.state)
        sides = {_side(each.reading.state) for each in self._recent}
        self.is_unanimous = side is not None and sides == {side}
        return self._verdict

    def _forget(self, now: float) -> None:
        oldest = now - self._settings.window_s - TIME_SLACK_S
        while len(self._recent) > self._settings.min_window_readings and self._recent[0].t < oldest:
            self._recent.popleft()


def vote(recent: Iterable[TimedReading], previous: Verdict, settings: VoteSettings) -> Verdict:
    """The verdict on the readings of one window.

    Args:
        recent: readings in order of time.
        previous: the verdict before the last of them; it stays unless there is reason enough.
        settings: the rules.

    Returns:
        ``unknown`` when no reading votes or a first verdict has too little evidence.
    """
    readings = list(recent)
    voters = [each for each in readings if votes(each.reading)]
    if not voters:
        return UNDECIDED
    kind = previous.state, previous.fault
    if all((each.reading.state, each.reading.fault) == kind for each in voters):
        # Nobody objects, as most of the time: only the coverage is to be worked out.
        coverage = _mean_coverage([each.reading for each in voters])
        return Verdict(previous.state, previous.fault, coverage, previous.since_t)
    side = _winning_side(voters, len(readings), previous, settings) or _side(previous.state)
    if side is None:
        return UNDECIDED
    if side is not _side(previous.state):
        previous = UNDECIDED
        since_t: float | None = _evidence_start(voters, side)
    else:
        since_t = previous.since_t
    return _describe(voters, side, previous, since_t, settings)


def favour(weights: Mapping[K, float], present: K | None, stickiness: float) -> K:
    """The heaviest key, unless it outweighs the present one by no more than ``stickiness``."""
    heaviest = max(weights, key=lambda key: weights[key])
    for key in weights:
        if key == present and weights[heaviest] <= stickiness * weights[key]:
            return key
    return heaviest


def weigh(pairs: Iterable[tuple[K, float]]) -> dict[K, float]:
    """Sums of the weights per key, keys in order of appearance."""
    totals: dict[K, float] = {}
    for key, weight in pairs:
        totals[key] = totals.get(key, 0.0) + weight
    return totals


def votes(reading: MaskReading) -> bool:
    """Whether a reading says anything about which side is right."""
    return reading.state is not State.UNKNOWN and reading.quality > 0


def _side(state: State) -> _Side | None:
    if state is State.UNKNOWN:
        return None
    return _Side.MASK if state is State.MASK else _Side.VIOLATION


def _winning_side(
    voters: Sequence[TimedReading], heard: int, previous: Verdict, settings: VoteSettings
) -> _Side | None:
    """The side with majority and lasting evidence, or None.

    ``heard`` is the number of readings in the window, unknown ones included.
    """
    totals = weigh((_side(each.reading.state), each.reading.quality) for each in voters)
    side = max(totals, key=lambda key: totals[key])
    if side is None or totals[side] < settings.majority * sum(totals.values()):
        return None
    first_mask = side is _Side.MASK and previous.state is State.UNKNOWN
    needed_s = settings.min_mask_s if first_mask else settings.min_change_s
    mine = [each for each in voters if _side(each.reading.state) is side]
    # To its own last reading, not to now: a short gesture does not grow older by what follows it.
    lasted_s = mine[-1].t - _evidence_start(voters, side)
    enough = len(mine) >= max(settings.min_readings, settings.min_decided * heard)
    return side if enough and lasted_s >= needed_s - TIME_SLACK_S else None


def _evidence_start(voters: Sequence[TimedReading], side: _Side) -> float:
    """When the run began from which on ``side`` outweighs the other by most."""
    signed = [
        each.reading.quality if _side(each.reading.state) is side else -each.reading.quality
        for each in voters
    ]
    margins = list(accumulate(reversed(signed)))
    return voters[len(voters) - 1 - margins.index(max(margins))].t


def _describe(
    voters: Sequence[TimedReading],
    side: _Side,
    previous: Verdict,
    since_t: float | None,
    settings: VoteSettings,
) -> Verdict:
    """The verdict for a side: which state of it, which fault, what coverage."""
    coverage = _mean_coverage([each.reading for each in voters])
    mine = [each.reading for each in voters if _side(each.reading.state) is side]
    if not mine:
        return Verdict(previous.state, previous.fault, coverage, since_t)
    states = weigh((reading.state, reading.quality) for reading in mine)
    state = favour(states, previous.state, settings.stickiness)
    faults = weigh((r.fault, r.quality) for r in mine if r.state is state)
    return Verdict(state, favour(faults, previous.fault, settings.stickiness), coverage, since_t)


def _mean_coverage(readings: Iterable[MaskReading]) -> float | None:
    known = [(r.coverage, r.quality) for r in readings if r.coverage is not None]
    total = sum(quality for _, quality in known)
    return sum(coverage * quality for coverage, quality in known) / total if total else None
