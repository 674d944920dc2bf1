"""What an acceptance walk says about a camera, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from maskwatch.types import State
from maskwatch.web.walks.report import DistanceResult, walk_report
from maskwatch.web.walks.values import Alarm, Mark, Part, Phase, Sighting
from tests.web.world import NOW


def at(seconds: float):  # type: ignore[no-untyped-def]
    return NOW + timedelta(seconds=seconds)


def part(
    phase: Phase, seen: dict[float, State], *, alarms: tuple[Alarm, ...] = (), px: float = 40
) -> Part:
    """Marks at 4, 3 and 2 m, passed at 0, 10 and 20 s; the part ends at 30 s."""
    marks = (Mark(at(0), 4), Mark(at(10), 3), Mark(at(20), 2))
    sightings = tuple(Sighting(at(t), 1, state, px + t) for t, state in seen.items())
    return Part(phase, at(0), at(30), marks, sightings, alarms)


def test_the_usable_distance_ends_before_the_first_mark_that_was_read_wrong() -> None:
    masked = part(Phase.MASKED, {5: State.MASK, 12: State.MASK, 25: State.MASK})
    bare = part(Phase.BARE, {5: State.UNKNOWN, 12: State.INCORRECT, 25: State.NO_MASK})
    report = walk_report([masked, bare])
    assert report.distances == (
        DistanceResult(2, True, True),
        DistanceResult(3, True, True),
        DistanceResult(4, True, False),
    )
    assert report.usable_m == 3


def test_a_mark_at_which_nobody_was_seen_is_not_right() -> None:
    report = walk_report([part(Phase.MASKED, {5: State.MASK, 25: State.MASK})])
    assert report.usable_m == 2


def test_only_faces_that_were_read_right_count_for_the_smallest() -> None:
    report = walk_report([part(Phase.MASKED, {1: State.NO_MASK, 9: State.MASK, 20: State.MASK})])
    assert report.smallest_face_px == 49


def test_misses_false_alarms_and_times() -> None:
    heard = part(
        Phase.BARE,
        {4: State.NO_MASK},
        alarms=(Alarm(at(5), at(6), "a", at(7.5)), Alarm(at(8), at(9), "b", None)),
    )
    missed = part(Phase.BARE, {4: State.NO_MASK})
    quiet = Part(Phase.EMPTY, at(0), at(1770), alarms=(Alarm(at(5), at(6), "c", None),))
    masked = part(Phase.MASKED, {5: State.MASK})
    report = walk_report([heard, missed, quiet, masked])
    assert (report.bare_walks, report.missed) == (2, 1)
    assert report.quiet_hours == 0.5
    assert (report.false_alarms, report.false_alarms_per_hour) == (1, 2.0)
    assert (report.seconds_to_alarm, report.seconds_to_message) == (2.0, 3.5)


def test_a_face_is_first_seen_with_the_picture_that_its_alarm_began_with() -> None:
    # It becomes a person, and is shown, only when it was found again and again.
    heard = part(Phase.BARE, {4: State.NO_MASK}, alarms=(Alarm(at(3.5), at(5), "a", at(5.5)),))
    report = walk_report([heard])
    assert (report.seconds_to_alarm, report.seconds_to_message) == (1.5, 2.0)


def free(*sightings: Sighting) -> tuple[Sighting, ...]:
    """The same people where they need not wear a mask."""
    return tuple(replace(each, is_free=True) for each in sightings)


def test_a_walk_in_which_no_alarm_could_come_was_not_missed() -> None:
    exempt = part(Phase.BARE, {4: State.NO_MASK, 5: State.NO_MASK})
    exempt = replace(exempt, sightings=free(*exempt.sightings))
    too_late = replace(part(Phase.BARE, {4: State.NO_MASK}), on_duty=False)
    report = walk_report([exempt, too_late])
    assert (report.untested, report.bare_walks, report.missed) == (2, 0, 0)


def test_time_in_which_no_alarm_could_come_is_no_quiet_time() -> None:
    report = walk_report([Part(Phase.EMPTY, at(0), at(3600), on_duty=False)])
    assert (report.untested, report.quiet_hours, report.false_alarms_per_hour) == (1, 0, None)
    passing = replace(part(Phase.EMPTY, {4: State.MASK}), end=at(3600))
    passing = replace(passing, sightings=free(*passing.sightings))
    report = walk_report([passing])  # something else may still be taken for a face
    assert (report.untested, report.quiet_hours) == (0, 1)


@pytest.mark.parametrize("on_duty", [True, False])
def test_an_alarm_counts_whatever_should_have_kept_it_away(on_duty: bool) -> None:
    heard = part(Phase.BARE, {4: State.NO_MASK}, alarms=(Alarm(at(5), at(6), "a", None),))
    heard = replace(heard, sightings=free(*heard.sightings), on_duty=on_duty)
    report = walk_report([heard, replace(heard, phase=Phase.EMPTY)])
    assert (report.untested, report.bare_walks, report.missed) == (0, 1, 0)
    assert report.false_alarms == 1


def test_who_had_to_wear_a_mask_for_some_of_the_walk_was_missed() -> None:
    walk = part(Phase.BARE, {4: State.NO_MASK, 12: State.NO_MASK})
    walk = replace(walk, sightings=(walk.sightings[0], *free(walk.sightings[1])))
    # So was who was not seen at all, and who was only seen to wear one.
    masked = part(Phase.BARE, {4: State.MASK})
    report = walk_report([walk, masked, part(Phase.BARE, {})])
    assert (report.untested, report.bare_walks, report.missed) == (0, 3, 3)
    # A masked person elsewhere says nothing of somebody bare who is free.
    beside = replace(masked, sightings=(*masked.sightings, *free(walk.sightings[0])))
    assert walk_report([beside]).untested == 1


def test_an_alarm_that_lasted_already_has_no_time() -> None:
    before = Alarm(at(-3), at(-2), "a", at(-1))
    report = walk_report([part(Phase.BARE, {4: State.NO_MASK}, alarms=(before,))])
    assert (report.missed, report.seconds_to_alarm, report.seconds_to_message) == (0, None, None)
    both = part(Phase.BARE, {4: State.NO_MASK}, alarms=(before, Alarm(at(5), at(6), "b", at(7))))
    report = walk_report([both])
    assert (report.seconds_to_alarm, report.seconds_to_message) == (2, 3)


def test_no_walk_says_nothing() -> None:
    report = walk_report([])
    assert (report.usable_m, report.smallest_face_px, report.false_alarms_per_hour) == (None,) * 3
