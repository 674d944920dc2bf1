from __future__ import annotations

import pytest

from maskwatch.events.people import PeopleLog, Person, person_state
from maskwatch.types import Episode, Fault, State
from tests.events.stories import BARE, MASK, NOSE, UNSURE, Span, log_of, tell


def episode(
    state: State, fault: Fault | None = None, seconds: float = 2.0, track: int = 1
) -> Episode:
    return Episode("door", track, state, fault, 1.0, 1.0 + seconds, 10)


def person_of(*spans: Span) -> Person:
    frames = tell(10, *spans)
    log = PeopleLog("door")
    for tracks in frames:
        log.update(tracks)
    log.add(log_of(frames, 10))
    (person,) = log.people()
    return person


@pytest.mark.parametrize(
    ("episodes", "verdicts", "expected"),
    [
        ([], [], (State.UNKNOWN, None)),
        ([], [State.UNKNOWN], (State.UNKNOWN, None)),
        ([], [State.UNKNOWN, State.MASK], (State.MASK, None)),
        # Corrected, but it happened.
        ([episode(State.NO_MASK)], [State.MASK], (State.NO_MASK, None)),
        # The worse one counts, however short.
        (
            [episode(State.INCORRECT, Fault.NOSE_OUT, 60), episode(State.NO_MASK, None, 2)],
            [],
            (State.NO_MASK, None),
        ),
        # Of two alike the longer one.
        (
            [
                episode(State.INCORRECT, Fault.NOSE_OUT, 5),
                episode(State.INCORRECT, Fault.UNDER_CHIN, 9),
            ],
            [],
            (State.INCORRECT, Fault.UNDER_CHIN),
        ),
    ],
)
def test_the_final_word_is_the_worst_that_held(
    episodes: list[Episode], verdicts: list[State], expected: tuple[State, Fault | None]
) -> None:
    assert person_state(episodes, verdicts) == expected


def test_a_person_is_told_with_the_worst_verdict_and_the_time_there() -> None:
    person = person_of((5, MASK), (5, NOSE))
    assert (person.state, person.fault) == (State.INCORRECT, Fault.NOSE_OUT)
    assert (person.first_t, person.last_t) == pytest.approx((0, 9.9))


@pytest.mark.parametrize(
    ("span", "state"),
    [((3.0, MASK), State.MASK), ((3.0, BARE), State.NO_MASK), ((3.0, UNSURE), State.UNKNOWN)],
)
def test_each_state_can_be_the_outcome(span: Span, state: State) -> None:
    assert person_of(span).state is state


def test_a_verdict_in_the_very_last_frame_counts() -> None:
    assert person_of((0.5, MASK)).state is State.MASK


def test_one_seen_once_is_unknown() -> None:
    assert person_of((0.1, MASK)).state is State.UNKNOWN


def test_people_are_listed_by_track_with_their_own_episodes() -> None:
    one, two = tell(10, (3, BARE), number=1), tell(10, (3, MASK), number=2)
    frames = [b + a for a, b in zip(one, two, strict=True)]
    log = PeopleLog("door")
    for tracks in frames:
        log.update(tracks)
    log.add(log_of(frames, 10))
    people = log.people()
    assert [(each.track, each.state) for each in people] == [(1, State.NO_MASK), (2, State.MASK)]
    assert PeopleLog("door").people() == []


def test_nobody_has_left_after_a_single_look_without_them_however_rare_looks_are() -> None:
    log, there = PeopleLog("door"), tell(0.2, (15, MASK))
    for tracks in there:
        log.update(tracks)
    log.update([])
    assert log.departed(15.0, 2.0) == []
    log.update([])
    assert [each.track for each in log.departed(20.0, 2.0)] == [1]
    assert log.people() == []


def test_who_is_to_stay_is_not_forgotten_however_long_out_of_sight() -> None:
    log = PeopleLog("door")
    for one, two in zip(tell(10, (3, BARE), number=1), tell(10, (3, MASK), number=2), strict=True):
        log.update([*one, *two])
    log.update([])
    log.update([])
    assert [each.track for each in log.departed(20.0, 2.0, staying={2})] == [1]
    assert [each.track for each in log.departed(20.0, 2.0)] == [2]
