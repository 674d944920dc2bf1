from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwatch.testing import face_at, reading_of
from maskwatch.tracks.verdict import Voter, VoteSettings, favour
from maskwatch.types import Fault, MaskReading, State, Verdict

FACE = face_at(100, 100)
MASK = reading_of(FACE, State.MASK)
BARE = reading_of(FACE, State.NO_MASK)
NOSE = reading_of(FACE, State.INCORRECT, Fault.NOSE_OUT)
CHIN = reading_of(FACE, State.INCORRECT, Fault.UNDER_CHIN)
UNSURE = reading_of(FACE, State.UNKNOWN)
RATES = [5, 10, 25, 30]

Span = tuple[float, Sequence[MaskReading]]
"""Seconds, and the readings that alternate during them."""


def hear(fps: float, *spans: Span) -> list[tuple[float, Verdict]]:
    """The verdict after each reading of a story told in spans."""
    voter, heard, index, end = Voter(VoteSettings()), [], 0, 0.0
    for seconds, readings in spans:
        end += seconds
        while index / fps < end - 1e-9:
            reading = readings[index % len(readings)]
            heard.append((index / fps, voter.add(index / fps, reading)))
            index += 1
    return heard


def states(heard: list[tuple[float, Verdict]], since: float = 0.0) -> list[State]:
    """The states from ``since`` on, repetitions left out."""
    found: list[State] = []
    for t, verdict in heard:
        if t >= since and found[-1:] != [verdict.state]:
            found.append(verdict.state)
    return found


def first_violation(heard: list[tuple[float, Verdict]]) -> float | None:
    return next((t for t, verdict in heard if verdict.state.is_violation), None)


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize(
    "gesture",
    [[BARE], [NOSE], [CHIN], [UNSURE], [BARE, NOSE], [BARE, UNSURE], [NOSE, UNSURE, BARE]],
    ids=lambda readings: "+".join(reading.state.value for reading in readings),
)
def test_a_hand_over_the_mouth_for_half_a_second_is_no_violation(
    fps: float, gesture: list[MaskReading]
) -> None:
    heard = hear(fps, (3, [MASK]), (0.5, gesture), (3, [MASK]))
    assert states(heard) == [State.UNKNOWN, State.MASK]


@pytest.mark.parametrize("fps", RATES)
def test_a_gesture_seen_better_than_the_mask_is_no_violation_either(fps: float) -> None:
    dim = reading_of(FACE, State.MASK, quality=0.2)
    heard = hear(fps, (3, [dim]), (0.5, [BARE]), (3, [dim]))
    assert first_violation(heard) is None


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("quality", [1.0, 0.5, 0.2])
@pytest.mark.parametrize("fault", list(Fault))
def test_a_mask_pulled_down_is_a_violation_within_a_second_and_a_half(
    fps: float, quality: float, fault: Fault
) -> None:
    pulled = reading_of(FACE, State.INCORRECT, fault, quality=quality)
    heard = hear(fps, (4, [MASK]), (3, [pulled]))
    at = first_violation(heard)
    assert at is not None
    assert 4.5 < at <= 5.5
    assert heard[-1][1].fault is fault


@pytest.mark.parametrize("fps", RATES)
def test_a_mask_taken_off_with_unknown_readings_between_is_found_in_time(fps: float) -> None:
    at = first_violation(hear(fps, (4, [MASK]), (2, [BARE, UNSURE])))
    assert at is not None
    assert at <= 5.5


@pytest.mark.parametrize("fps", RATES)
def test_a_verdict_counts_from_its_first_evidence(fps: float) -> None:
    heard = hear(fps, (4, [MASK]), (4, [BARE]), (4, [MASK]))
    starts = [verdict.since_t for _, verdict in heard if verdict.state is not State.UNKNOWN]
    assert list(dict.fromkeys(starts)) == [0.0, pytest.approx(4, abs=1e-9), pytest.approx(8)]


@pytest.mark.parametrize("fps", RATES)
def test_a_verdict_needs_evidence_before_it_is_given(fps: float) -> None:
    for reading, least in ((MASK, 0.4), (BARE, 0.6)):
        heard = hear(fps, (2, [reading]))
        decided = next(t for t, verdict in heard if verdict.state is not State.UNKNOWN)
        assert least - 1e-6 <= decided <= least + 1 / fps


@pytest.mark.parametrize("fps", RATES)
def test_flickering_readings_do_not_make_a_flickering_verdict(fps: float) -> None:
    heard = hear(fps, (2, [MASK]), (10, [MASK, BARE]))
    assert states(heard) == [State.UNKNOWN, State.MASK]
    heard = hear(fps, (2, [BARE]), (10, [MASK, BARE]))
    assert states(heard) == [State.UNKNOWN, State.NO_MASK]


@pytest.mark.parametrize("fps", RATES)
def test_switching_between_violations_keeps_the_start(fps: float) -> None:
    heard = hear(fps, (3, [BARE]), (3, [NOSE]), (3, [BARE]))
    assert states(heard) == [State.UNKNOWN, State.NO_MASK, State.INCORRECT, State.NO_MASK]
    assert {verdict.since_t for _, verdict in heard[-40:]} <= {None, 0.0}


@pytest.mark.parametrize("fps", RATES)
def test_unknown_readings_decide_only_when_there_is_nothing_else(fps: float) -> None:
    heard = hear(fps, (2, [MASK]), (0.8, [UNSURE]), (2, [MASK]))
    assert states(heard) == [State.UNKNOWN, State.MASK]
    heard = hear(fps, (2, [MASK]), (3, [UNSURE]))
    assert states(heard) == [State.UNKNOWN, State.MASK, State.UNKNOWN]
    assert heard[-1][1] == Verdict(State.UNKNOWN)


def test_a_few_readings_among_many_unknown_make_no_verdict() -> None:
    heard = hear(10, (5, [UNSURE, UNSURE, UNSURE, BARE]))
    assert states(heard) == [State.UNKNOWN]


def test_readings_without_quality_do_not_vote() -> None:
    worthless = reading_of(FACE, State.NO_MASK, quality=0.0)
    assert states(hear(10, (2, [worthless]))) == [State.UNKNOWN]
    assert states(hear(10, (3, [worthless, MASK]), (1, [MASK]))) == [State.UNKNOWN, State.MASK]


def test_the_better_reading_weighs_more() -> None:
    blurred = reading_of(FACE, State.NO_MASK, quality=0.1)
    heard = hear(10, (3, [blurred, blurred, MASK]))
    assert heard[-1][1].state is State.MASK


def test_the_fault_is_the_one_that_weighs_most() -> None:
    dim = reading_of(FACE, State.INCORRECT, Fault.UNDER_CHIN, quality=0.2)
    assert hear(10, (2, [NOSE, dim]))[-1][1].fault is Fault.NOSE_OUT
    assert hear(10, (2, [NOSE, CHIN, CHIN]))[-1][1].fault is Fault.UNDER_CHIN


def test_coverage_is_the_mean_weighted_by_quality() -> None:
    sure = reading_of(FACE, State.MASK, confidence=0.9, quality=0.75)
    less = reading_of(FACE, State.MASK, confidence=0.5, quality=0.25)
    voter = Voter(VoteSettings())
    for index in range(4):
        voter.add(index * 0.2, (sure, less)[index % 2])
    assert voter.verdict.coverage == pytest.approx(80.0)


@pytest.mark.parametrize("fps", [1, 2])
def test_rare_frames_still_lead_to_verdicts(fps: float) -> None:
    heard = hear(fps, (6, [MASK]), (6, [BARE]))
    assert states(heard) == [State.UNKNOWN, State.MASK, State.NO_MASK]
    assert states(hear(fps, (6, [MASK]), (1 / fps, [BARE]), (6, [MASK])))[1:] == [State.MASK]


def test_uneven_frames_do_not_let_a_gesture_through() -> None:
    # A burst of 30 frames per second during the gesture, 5 around it.
    voter = Voter(VoteSettings())
    at = [(i / 5, MASK) for i in range(15)] + [(3 + i / 30, BARE) for i in range(15)]
    at += [(3.5 + i / 5, MASK) for i in range(10)]
    assert not any(voter.add(t, reading).state.is_violation for t, reading in at)


def test_a_rival_must_outweigh_what_holds_by_some_margin() -> None:
    assert favour({"a": 1.0, "b": 1.4}, "a", 1.5) == "a"
    assert favour({"a": 1.0, "b": 1.6}, "a", 1.5) == "b"
    assert favour({"a": 1.0, "b": 1.4}, None, 1.5) == "b"
    assert favour({"b": 1.0}, "a", 1.5) == "b"


@pytest.mark.parametrize(
    "wrong",
    [
        {"window_s": 0.5},
        {"majority": 0.4},
        {"min_decided": 1.1},
        {"min_readings": 0},
        {"min_window_readings": 2},
        {"stickiness": 0.9},
        {"min_mask_s": 0.7},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="need"):
        VoteSettings(**wrong)  # type: ignore[arg-type]


@given(st.lists(st.tuples(st.floats(0, 2), st.sampled_from([MASK, BARE, NOSE, UNSURE]))))
def test_no_story_breaks_the_vote(story: list[tuple[float, MaskReading]]) -> None:
    voter, t = Voter(VoteSettings()), 0.0
    heard = set()
    for dt, reading in story:
        t += dt
        heard.add(reading.state)
        verdict = voter.add(t, reading)
        assert verdict.state is State.UNKNOWN or verdict.state in heard
        assert verdict.coverage is None or 0 <= verdict.coverage <= 100
        assert (verdict.since_t is None) == (verdict.state is State.UNKNOWN)
        assert verdict.since_t is None or 0 <= verdict.since_t <= t
