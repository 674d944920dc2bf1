from __future__ import annotations

import numpy as np
import pytest

from maskwatch.testing import reading_of
from maskwatch.types import Face, Fault, State
from maskwatch_train.evaluate.answers import NOTHING_SAID, Answer
from maskwatch_train.evaluate.outcomes import Judged
from maskwatch_train.release.parity import (
    ParityError,
    ParityLimits,
    compare_files,
    require,
    require_alike,
)
from tests.maskwatch_train.evaluate.pictures import case, label

LIMITS = ParityLimits()
FACES = [
    *[label(0, 40, State.MASK)] * 300,
    *[label(0, 40, State.NO_MASK)] * 300,
    *[label(0, 40, State.INCORRECT, Fault.NOSE_OUT)] * 10,
]


def judged(confidence: float = 0.9, changed: dict[int, State] | None = None) -> list[Judged]:
    """Everything is read rightly but for the faces in ``changed``."""
    items = []
    for i, face in enumerate(FACES):
        state = (changed or {}).get(i, face.state)
        reading = reading_of(Face(face.box, 1.0), state, confidence=confidence)
        items.append(Judged(case(face), reading))
    return items


def test_the_same_answers_pass() -> None:
    found = compare_files(judged(), judged(0.895), LIMITS)
    assert found.problems == ()
    assert found.changed == 0
    assert found.recall["nose_out"] == (10, 1.0, 1.0)
    require(found, "copy")


def test_a_class_may_not_lose_more_than_half_a_point() -> None:
    one = compare_files(judged(), judged(changed={0: State.NO_MASK}), LIMITS)
    assert one.problems == ()  # one of 300 is a third of a point
    two = compare_files(judged(), judged(changed=dict.fromkeys([0, 1], State.NO_MASK)), LIMITS)
    assert two.problems == ("recall of mask falls from 100.0% to 99.3% (of 300 faces)",)
    # of ten, one is ten points; nothing is said of the other classes
    rare = compare_files(judged(), judged(changed={605: State.MASK}), LIMITS)
    assert rare.problems == (
        "recall of incorrect falls from 100.0% to 90.0% (of 10 faces)",
        "recall of nose_out falls from 100.0% to 90.0% (of 10 faces)",
    )
    with pytest.raises(ParityError, match=r"(?s)half is refused, on 610 faces:.*nose_out"):
        require(rare, "half")


def test_another_fault_is_a_miss_and_none_at_all_is_not() -> None:
    """A model that names no faults has told all that it can by the state."""

    def with_fault(fault: Fault | None) -> list[Judged]:
        items = judged()
        for i in range(600, 610):
            states = items[i].reading.probabilities
            items[i] = Judged(items[i].case, Answer(State.INCORRECT, fault, states))
        return items

    wrong = compare_files(judged(), with_fault(Fault.UNDER_CHIN), LIMITS)
    # What was read as worn wrongly, if in another way, may not become a mask worn well.
    unseen = judged(changed=dict.fromkeys(range(600, 610), State.MASK))
    lost = compare_files(with_fault(Fault.UNDER_CHIN), unseen, LIMITS)
    assert lost.problems[0] == "recall of incorrect falls from 100.0% to 0.0% (of 10 faces)"
    assert wrong.problems == ("recall of nose_out falls from 100.0% to 0.0% (of 10 faces)",)
    assert compare_files(with_fault(None), with_fault(None), LIMITS).recall["nose_out"] == (
        10,
        1,
        1,
    )


def test_getting_better_is_no_problem() -> None:
    found = compare_files(judged(changed={605: State.MASK}), judged(), LIMITS)
    assert found.problems == ()
    assert found.changed == 1


def test_drifting_probabilities_are_refused_though_every_answer_stays() -> None:
    found = compare_files(judged(0.9), judged(0.8), LIMITS)
    assert found.changed == 0
    (problem,) = found.problems
    # 0.1 off one state, 0.05 on each of the others
    assert problem == "probabilities drift by 0.0667 on average, over 0.01"


def test_a_few_faces_that_differ_much_are_refused() -> None:
    before = judged()
    after = [*judged(0.6)[:7], *before[7:]]
    found = compare_files(before, after, LIMITS)
    assert found.mean_drift < LIMITS.mean_drift
    assert found.max_drift == pytest.approx(0.3)
    assert found.problems == (
        "1.1% of the faces have a probability that differs by more than 0.2, over 1.0%",
    )


def too_small(count: int) -> list[Judged]:
    return [Judged(case(label(0, 10, State.MASK)), NOTHING_SAID)] * count


def test_faces_that_were_not_judged_do_not_hide_how_far_the_others_moved() -> None:
    found = compare_files(
        [*judged(0.9), *too_small(9000)], [*judged(0.8), *too_small(9000)], LIMITS
    )
    assert found.mean_drift == compare_files(judged(0.9), judged(0.8), LIMITS).mean_drift
    assert (found.faces, found.judged) == (9610, 610)


def test_faces_that_only_one_of_the_files_judges_count_as_moved() -> None:
    (one, *_) = judged(0.9)
    silent = Judged(one.case, NOTHING_SAID)
    for before, after in ((silent, one), (one, silent)):
        found = compare_files([before], [after], LIMITS)
        assert found.judged == 1
        assert found.max_drift == pytest.approx(0.9)


def test_files_that_judge_none_of_the_faces_are_not_taken_for_the_same() -> None:
    found = compare_files(too_small(3), too_small(3), LIMITS)
    assert found.problems == ("none of them is large enough to be judged",)


def test_other_faces_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="same faces"):
        compare_files(judged(), judged()[1:], LIMITS)


def test_boxes_that_move_are_refused_though_every_answer_stays() -> None:
    before = np.tile([0.2, 0.1, 0.8, 0.9], (len(FACES), 1))
    near = compare_files(judged(), judged(), LIMITS, (before, before + 0.005))
    assert near.box_drift == pytest.approx(0.005)
    assert near.problems == ()
    far = compare_files(judged(), judged(), LIMITS, (before, before + np.array([0.08, 0, 0, 0])))
    assert far.problems == ("the edges of boxes move by 0.0200 of the crop on average, over 0.01",)


def test_a_file_that_lost_its_boxes_is_refused() -> None:
    before = np.tile([0.2, 0.1, 0.8, 0.9], (len(FACES), 1))
    found = compare_files(judged(), judged(), LIMITS, (before, None))
    assert found.problems == ("it says no more where faces lie",)


def test_files_that_never_had_boxes_need_none() -> None:
    assert compare_files(judged(), judged(), LIMITS).box_drift is None


def test_probabilities_of_a_network_and_of_its_file_are_held_against_each_other() -> None:
    before = np.tile([0.9, 0.1], (200, 1))
    require_alike(before, before + np.array([0.005, -0.005]), LIMITS, "near")
    with pytest.raises(ParityError, match=r"far is refused, on 200 faces:\n  probabilities drift"):
        require_alike(before, before + np.array([0.02, -0.02]), LIMITS, "far")
    odd = before.copy()
    odd[:3] = [0.6, 0.4]
    with pytest.raises(ParityError, match=r"1\.5% of the faces"):
        require_alike(before, odd, LIMITS, "odd")
    with pytest.raises(ParityError, match="drift by nan"):
        require_alike(before, np.full((200, 2), np.nan), LIMITS, "broken")
