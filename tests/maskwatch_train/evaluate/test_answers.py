from __future__ import annotations

import pytest

from maskwatch.types import Fault, State
from maskwatch_train.evaluate.answers import Answer, answer_from_classes


@pytest.mark.parametrize(
    ("classes", "state", "fault"),
    [
        ({"mask": 0.7, "no_mask": 0.3}, State.MASK, None),
        ({"mask": 0.4, "no_mask": 0.6}, State.NO_MASK, None),
        ({"mask": 0.2, "incorrect": 0.5, "no_mask": 0.3}, State.INCORRECT, None),
        # faults add up to incorrect, and the likeliest is named
        (
            {"mask": 0.3, "nose_out": 0.2, "chin_out": 0.3, "no_mask": 0.2},
            State.INCORRECT,
            Fault.CHIN_OUT,
        ),
        # where plain incorrect is likelier, nothing is said of the fault
        ({"incorrect": 0.9, "nose_out": 0.02, "mask": 0.08}, State.INCORRECT, None),
        # three nearly equal states are a violation
        ({"mask": 0.36, "incorrect": 0.3, "no_mask": 0.34}, State.NO_MASK, None),
        ({"mask": 0.3, "no_mask": 0.1, "unreadable": 0.6}, State.UNKNOWN, None),
    ],
)
def test_classes_become_a_state(
    classes: dict[str, float], state: State, fault: Fault | None
) -> None:
    answer = answer_from_classes(classes)
    assert (answer.state, answer.fault) == (state, fault)


def test_probabilities_are_those_of_a_readable_face() -> None:
    answer = answer_from_classes({"mask": 0.3, "no_mask": 0.1, "unreadable": 0.6})
    assert answer.probabilities == pytest.approx((0.75, 0.0, 0.25))


def test_of_a_face_that_is_surely_unreadable_nothing_is_said() -> None:
    assert answer_from_classes({"mask": 0.0, "unreadable": 1.0}) == Answer(State.UNKNOWN)


def test_an_unsure_side_is_unknown() -> None:
    assert answer_from_classes({"mask": 0.6, "no_mask": 0.4}, abstain_below=0.7).state is (
        State.UNKNOWN
    )


@pytest.mark.parametrize(
    ("classes", "told"),
    [
        ({"masked": 1.0}, "unknown class 'masked'"),
        ({"mask": -0.1, "no_mask": 1.1}, "'mask' is -0.1"),
        ({"mask": float("nan"), "no_mask": 1.0}, "'mask' is nan"),
        ({"mask": float("inf"), "no_mask": 1.0}, "sum to inf"),
        # percent
        ({"mask": 97, "no_mask": 2, "unreadable": 1}, "sum to 100, not to 1"),
        ({"mask": 0.0, "no_mask": 0.0}, "sum to 0, not to 1"),
        ({}, "sum to 0"),
    ],
)
def test_nonsense_is_refused(classes: dict[str, float], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        answer_from_classes(classes)
