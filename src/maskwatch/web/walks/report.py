"""Acceptance walk: from what was seen while somebody walked through to what the camera can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any, Self

from maskwatch.types import State
from maskwatch.web.documented import AS_DOCUMENTED
from maskwatch.web.walks.values import Part, Phase


@dataclass(frozen=True, slots=True)
class DistanceResult:
    """What was made of the person at one mark."""

    __pydantic_config__ = AS_DOCUMENTED

    distance_m: float
    masked_right: bool | None
    """Whether a worn mask was seen as one; None when that walk did not pass this mark."""
    bare_right: bool | None


@dataclass(frozen=True, slots=True)
class WalkReport:
    """What the camera can do, as far as one walk shows."""

    __pydantic_config__ = AS_DOCUMENTED

    usable_m: float | None
    """The farthest mark up to which every mark was read right in all walks; None for none."""
    smallest_face_px: float | None
    """The smallest face that was read right; None when no size is known."""
    distances: tuple[DistanceResult, ...]
    """By distance, the nearest first."""
    bare_walks: int
    missed: int
    """Walks without a mask that no alarm followed."""
    quiet_hours: float
    """Time during which there was nothing to alert about."""
    false_alarms: int
    false_alarms_per_hour: float | None
    """None without quiet time."""
    seconds_to_alarm: float | None
    """Median time from the first sight of the bare face to the episode; None without one. One that
    lasted already when the part began has no time."""
    seconds_to_message: float | None
    """Median time from the first sight to the first message sent."""
    untested: int = 0
    """Parts in which no alarm could come: no mask was required of who was seen, or the camera was
    not watching any more. They are neither walks without a mask nor quiet time."""

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """Of the JSON that was stored."""
        distances = tuple(DistanceResult(**each) for each in stored["distances"])
        return cls(**{**stored, "distances": distances})


def walk_report(parts: Sequence[Part]) -> WalkReport:
    """Adds up the parts of an acceptance walk."""
    tested = [part for part in parts if _is_tested(part)]
    bare = [part for part in tested if part.phase is Phase.BARE]
    quiet = [part for part in tested if part.phase is not Phase.BARE]
    distances = _distances(parts)
    hours = sum(part.seconds for part in quiet) / 3600
    false_alarms = sum(len(part.alarms) for part in quiet)
    sizes = [
        seen.face_px
        for part in parts
        for seen in part.sightings
        if seen.face_px is not None and _is_right(part.phase, seen.state)
    ]
    to_alarm = [
        (min(a.raised_at for a in part.begun_in) - _first_seen(part)).total_seconds()
        for part in bare
        if part.begun_in
    ]
    to_message = [
        (min(sent) - _first_seen(part)).total_seconds()
        for part in bare
        if (sent := [a.alerted_at for a in part.begun_in if a.alerted_at is not None])
    ]
    return WalkReport(
        usable_m=_usable(distances),
        smallest_face_px=min(sizes, default=None),
        distances=distances,
        bare_walks=len(bare),
        missed=sum(not part.alarms for part in bare),
        quiet_hours=hours,
        false_alarms=false_alarms,
        false_alarms_per_hour=false_alarms / hours if hours > 0 else None,
        seconds_to_alarm=max(0.0, median(to_alarm)) if to_alarm else None,
        seconds_to_message=max(0.0, median(to_message)) if to_message else None,
        untested=len(parts) - len(tested),
    )


def _is_tested(part: Part) -> bool:
    """Whether an alarm could come in it."""
    if part.alarms or not part.on_duty:
        return bool(part.alarms)
    bad = [each for each in part.sightings if each.state.is_violation] or part.sightings
    return part.phase is not Phase.BARE or not bad or not all(each.is_free for each in bad)


def _is_right(phase: Phase, state: State) -> bool:
    # A bare face taken for a badly worn mask alerts just as well: right enough for distance.
    if phase is Phase.BARE:
        return state.is_violation
    return phase is Phase.MASKED and state is State.MASK


def _first_seen(part: Part) -> datetime:
    seen = [*(each.at for each in part.sightings), *(each.began_at for each in part.begun_in)]
    return min(seen, default=part.start)


def _distances(parts: Sequence[Part]) -> tuple[DistanceResult, ...]:
    right: dict[tuple[float, Phase], bool] = {}
    for part in parts:
        ends = [*(mark.at for mark in part.marks), part.end][1:]
        for mark, until in zip(part.marks, ends, strict=True):
            seen = [s.state for s in part.sightings if mark.at <= s.at < until]
            good = sum(_is_right(part.phase, state) for state in seen)
            # Most of the looks taken between this mark and the next; a miss is not right.
            is_right = bool(seen) and good * 2 > len(seen)
            key = mark.distance_m, part.phase
            right[key] = right.get(key, True) and is_right
    return tuple(
        DistanceResult(each, right.get((each, Phase.MASKED)), right.get((each, Phase.BARE)))
        for each in sorted({distance for distance, _ in right})
    )


def _usable(distances: Sequence[DistanceResult]) -> float | None:
    usable = None
    for each in distances:
        if False in (each.masked_right, each.bare_right):
            break
        usable = each.distance_m
    return usable
