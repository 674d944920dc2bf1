from __future__ import annotations

import pytest

from maskwatch.events.rule import AlertRule, RuleSettings
from maskwatch.testing import face_at, reading_of
from maskwatch.types import Fault, MaskReading, State, Track, Verdict

FACE = face_at(100, 100)
RULE = RuleSettings(coverage_below=80, hold_s=1)


def track(
    state: State,
    coverage: float | None,
    since_t: float | None = 0.0,
    fault: Fault | None = None,
    reading: MaskReading | None = None,
) -> Track:
    fault = Fault.NOSE_OUT if state is State.INCORRECT and fault is None else fault
    verdict = Verdict(state, fault, coverage, since_t)
    return Track(1, "door", reading or reading_of(FACE, State.MASK), verdict, 0.0, 0.0)


def states(rule: AlertRule, *looks: tuple[float, Track]) -> list[State]:
    return [rule.judge(t, each, RULE).verdict.state for t, each in looks]


def test_a_violation_counts_from_its_first_evidence_and_only_once_it_has_held() -> None:
    bare = track(State.NO_MASK, 5.0, since_t=3.0)
    rule = AlertRule()
    assert states(rule, (3.6, bare), (3.9, bare), (4.0, bare), (9.0, bare)) == [
        State.UNKNOWN,
        State.UNKNOWN,
        State.NO_MASK,
        State.NO_MASK,
    ]
    judged = rule.judge(9.5, bare, RULE)
    assert judged.verdict == Verdict(State.NO_MASK, None, 5.0, 3.0)


@pytest.mark.parametrize(
    ("coverage", "expected"),
    [(80.0, State.MASK), (79.9, State.INCORRECT), (20.0, State.INCORRECT)],
)
def test_the_limit_itself_is_enough(coverage: float, expected: State) -> None:
    rule = AlertRule()
    weak = track(State.MASK, coverage)
    rule.judge(0.0, weak, RULE)
    judged = rule.judge(2.0, weak, RULE)
    assert judged.verdict.state is expected


def test_a_mask_that_covers_too_little_is_called_by_what_is_seen() -> None:
    rule = AlertRule()
    chin = reading_of(FACE, State.INCORRECT, Fault.CHIN_OUT)
    weak = track(State.MASK, 60.0, reading=chin)
    rule.judge(0.0, weak, RULE)
    judged = rule.judge(1.0, weak, RULE)
    assert (judged.verdict.state, judged.verdict.fault) == (State.INCORRECT, Fault.CHIN_OUT)
    assert judged.verdict.since_t == 0.0


def test_a_higher_coverage_starts_the_hold_anew() -> None:
    rule = AlertRule()
    weak, good = track(State.MASK, 60.0), track(State.MASK, 95.0)
    assert states(rule, (0.0, weak), (0.9, good), (1.2, weak), (2.1, weak), (2.2, weak)) == [
        State.UNKNOWN,
        State.MASK,
        State.UNKNOWN,
        State.UNKNOWN,
        State.INCORRECT,
    ]


def test_a_violation_above_a_low_limit_is_none() -> None:
    judged = AlertRule().judge(9.0, track(State.INCORRECT, 30.0), RuleSettings(20, 1))
    assert judged.verdict == Verdict(State.MASK, None, 30.0, None)


def test_what_the_vote_cannot_tell_the_rule_cannot_either() -> None:
    rule = AlertRule()
    unknown = Track(1, "door", reading_of(FACE, State.UNKNOWN), Verdict(State.UNKNOWN), 0.0, 0.0)
    assert rule.judge(50.0, unknown, RULE).verdict == Verdict(State.UNKNOWN)


def test_not_being_able_to_tell_does_not_interrupt_a_violation() -> None:
    rule = AlertRule()
    weak = track(State.MASK, 60.0)
    unknown = Track(1, "door", weak.reading, Verdict(State.UNKNOWN), 0.0, 0.0)
    assert states(rule, (0.0, weak), (0.5, unknown), (1.0, weak))[-1] is State.INCORRECT


def test_people_who_are_gone_are_forgotten() -> None:
    rule = AlertRule()
    weak = track(State.MASK, 60.0)
    rule.judge(0.0, weak, RULE)
    rule.keep_only([])
    assert rule.judge(5.0, weak, RULE).verdict.state is State.UNKNOWN


@pytest.mark.parametrize(("below", "hold"), [(-1, 1), (101, 1), (80, -0.1)])
def test_settings_that_make_no_sense_are_refused(below: float, hold: float) -> None:
    with pytest.raises(ValueError, match="got"):
        RuleSettings(below, hold)
