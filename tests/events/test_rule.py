from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from maskwatch.events.rule import AlertRule, RuleSettings
from maskwatch.testing import face_at, reading_of
from maskwatch.types import Fault, MaskReading, State, TimedReading, Track, Verdict

FACE = face_at(100, 100)
RULE = RuleSettings(coverage_below=80, hold_s=1)
FPS = 10
Span = tuple[float, MaskReading]
"""Seconds, and the reading in each of ten pictures a second."""

BARE = reading_of(FACE, State.NO_MASK)
UNSURE = reading_of(FACE, State.UNKNOWN)


def covered(percent: float) -> MaskReading:
    return reading_of(FACE, State.MASK, confidence=percent / 100)


def tracks(*spans: Span) -> list[Track]:
    """A person in each picture of a story, with the readings of the last 1.2 s."""
    told: list[TimedReading] = []
    found = []
    for seconds, reading in spans:
        for _ in range(round(seconds * FPS)):
            t = len(told) / FPS
            told.append(TimedReading(t, reading))
            voted = Verdict(State.UNKNOWN)
            found.append(Track(1, "door", reading, voted, 0.0, t, tuple(told[-13:])))
    return found


def judge(
    story: Sequence[Track], settings: RuleSettings = RULE, *, is_open: bool = False
) -> list[tuple[float, Verdict]]:
    """The verdict by the rule in each picture."""
    rule = AlertRule()
    return [(each.last_t, rule.judge(each, settings, is_open=is_open).verdict) for each in story]


def first(heard: Sequence[tuple[float, Verdict]], state: State) -> float:
    return next(t for t, verdict in heard if verdict.state is state)


def states(heard: Sequence[tuple[float, Verdict]]) -> list[State]:
    """The states in order, repetitions left out."""
    found: list[State] = []
    for _, verdict in heard:
        if found[-1:] != [verdict.state]:
            found.append(verdict.state)
    return found


def test_a_violation_counts_from_its_first_reading_and_only_once_it_has_held() -> None:
    heard = judge(tracks((3, covered(95)), (3, BARE)))
    assert states(heard) == [State.UNKNOWN, State.MASK, State.UNKNOWN, State.NO_MASK]
    assert first(heard, State.NO_MASK) == 4.0
    assert heard[-1][1].since_t == 3.0
    assert heard[-1][1].coverage == pytest.approx(5)


def test_until_a_violation_has_held_its_coverage_is_told_already() -> None:
    heard = dict(judge(tracks((3, covered(95)), (3, BARE))))
    # Three of the thirteen readings of the last 1.2 s are still those of before.
    mean = (3 * 95 + 10 * 5) / 13
    assert heard[3.9] == Verdict(State.UNKNOWN, None, pytest.approx(mean))


def test_a_hold_is_over_in_time_though_times_are_fractions() -> None:
    heard = judge(tracks((3.1, covered(95)), (3, BARE)))
    assert 4.1 - 3.1 < 1
    assert first(heard, State.NO_MASK) == 4.1


def test_what_follows_a_short_violation_does_not_make_it_hold() -> None:
    heard = judge(tracks((3, covered(95)), (0.9, BARE), (3, covered(95))))
    assert states(heard) == [State.UNKNOWN, State.MASK, State.UNKNOWN, State.MASK]


@pytest.mark.parametrize(("hold_s", "at"), [(0, 2.6), (0.3, 2.6), (1, 3.0)])
def test_what_was_before_a_mask_was_required_does_not_count(hold_s: float, at: float) -> None:
    rule, settings = AlertRule(), RuleSettings(hold_s=hold_s)
    story = tracks((6, BARE))
    heard = [(t.last_t, rule.judge(t, settings, required_t=2.0).verdict) for t in story]
    assert first(heard, State.NO_MASK) == at
    assert heard[-1][1].since_t == 2.0


def test_an_open_episode_needs_no_hold_to_go_on() -> None:
    heard = judge(tracks((3, covered(95)), (0.9, BARE)), is_open=True)
    assert first(heard, State.NO_MASK) == pytest.approx(3.7, abs=0.11)


@pytest.mark.parametrize(
    ("coverage", "expected"),
    [(80.0, State.MASK), (79.9, State.INCORRECT), (20.0, State.INCORRECT)],
)
def test_the_limit_itself_is_enough(coverage: float, expected: State) -> None:
    assert judge(tracks((2, covered(coverage))))[-1][1].state is expected


def test_a_mask_that_covers_too_little_is_called_by_what_is_seen() -> None:
    chin = reading_of(FACE, State.INCORRECT, Fault.CHIN_OUT)
    assert judge(tracks((2, covered(60))))[-1][1].fault is Fault.OTHER
    verdict = judge(tracks((1, covered(60)), (2, chin)))[-1][1]
    assert verdict == Verdict(State.INCORRECT, Fault.CHIN_OUT, pytest.approx(5), 0.0)


def test_a_violation_above_a_low_limit_is_none() -> None:
    nose = reading_of(FACE, State.INCORRECT, confidence=0.4)
    assert states(judge(tracks((3, nose)), RuleSettings(20, 1))) == [State.UNKNOWN, State.MASK]


def test_the_limit_may_change_while_somebody_walks() -> None:
    rule, strict, lax = AlertRule(), RuleSettings(90, 1), RuleSettings(60, 1)
    story = tracks((6, covered(75)))
    heard = [(t.last_t, rule.judge(t, lax if t.last_t < 3 else strict).verdict) for t in story]
    # The readings of the window are held against the new limit at once.
    assert states(heard) == [State.UNKNOWN, State.MASK, State.INCORRECT]
    assert 3 <= first(heard, State.INCORRECT) < 3.2


def test_what_the_vote_cannot_tell_the_rule_cannot_either() -> None:
    assert states(judge(tracks((5, UNSURE)))) == [State.UNKNOWN]


def test_not_being_able_to_tell_does_not_interrupt_a_violation() -> None:
    heard = judge(tracks((0.5, BARE), (0.4, UNSURE), (0.5, BARE)))
    assert first(heard, State.NO_MASK) == 1.0


def test_readings_without_quality_say_nothing() -> None:
    worthless = reading_of(FACE, State.NO_MASK, quality=0.0)
    assert states(judge(tracks((2, worthless)))) == [State.UNKNOWN]


def test_people_who_are_gone_are_forgotten() -> None:
    rule = AlertRule()
    *_, last = tracks((3, BARE))
    later = replace(last, last_t=9.0, recent=(TimedReading(9.0, BARE),))
    rule.judge(last, RULE)
    assert rule.judge(later, RULE).verdict.state is State.NO_MASK
    rule.forget(1)
    assert rule.judge(later, RULE).verdict.state is State.UNKNOWN


def test_who_comes_back_is_judged_by_what_is_seen_then() -> None:
    rule = AlertRule()
    for each in tracks((0.9, BARE)):
        assert rule.judge(each, RULE).verdict.state is State.UNKNOWN  # it has not held yet
    back = Track(1, "door", BARE, Verdict(State.UNKNOWN), 9.0, 9.0, (TimedReading(9.0, BARE),))
    assert rule.judge(back, RULE).verdict.state is State.UNKNOWN


@pytest.mark.parametrize(("below", "hold"), [(-1, 1), (101, 1), (80, -0.1)])
def test_settings_that_make_no_sense_are_refused(below: float, hold: float) -> None:
    with pytest.raises(ValueError, match="got"):
        RuleSettings(below, hold)
