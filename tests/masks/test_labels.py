import numpy as np
import pytest

from maskwatch.masks.labels import (
    LABELS,
    label_index,
    likeliest_fault,
    likeliest_state,
    softmax,
    state_probabilities,
)
from maskwatch.types import Fault, State, StateProbabilities


def outputs(**values: float) -> np.ndarray:
    return np.array([values.get(label, 0.0) for label in LABELS])


def test_every_state_and_fault_has_its_own_output() -> None:
    wanted = [(State.MASK, None), *((State.INCORRECT, fault) for fault in Fault)]
    wanted += [(State.NO_MASK, None), (State.UNKNOWN, None)]
    assert sorted(label_index(*one) for one in wanted) == list(range(len(LABELS)))


def test_incorrect_without_a_fault_has_no_output() -> None:
    with pytest.raises(ValueError, match="needs a fault"):
        label_index(State.INCORRECT, None)


def test_the_faults_sum_to_incorrect() -> None:
    states = state_probabilities(outputs(mask=0.5, nose_out=0.1, under_chin=0.2, no_mask=0.2))
    assert states == pytest.approx((0.5, 0.3, 0.2))


def test_unreadable_is_taken_out_of_the_states() -> None:
    states = state_probabilities(outputs(mask=0.3, no_mask=0.1, unreadable=0.6))
    assert states == pytest.approx((0.75, 0.0, 0.25))


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        # The likelier violation, though mask is the likeliest of the three.
        ((0.4, 0.35, 0.25), State.INCORRECT),
        ((0.4, 0.25, 0.35), State.NO_MASK),
        ((0.5, 0.5, 0.0), State.MASK),
    ],
)
def test_the_side_is_decided_before_the_state(
    states: tuple[float, float, float], expected: State
) -> None:
    assert likeliest_state(StateProbabilities(*states)) is expected


def test_the_likeliest_fault_ignores_other_outputs() -> None:
    assert likeliest_fault(outputs(mask=0.9, chin_out=0.06, other=0.04)) is Fault.CHIN_OUT


def test_a_higher_temperature_makes_less_certain() -> None:
    logits = np.array([[2.0, 0.0, 0.0]])
    sure, unsure = softmax(logits, 1.0), softmax(logits, 2.0)
    assert sure[0, 0] == pytest.approx(np.exp(2) / (np.exp(2) + 2))
    assert unsure[0, 0] == pytest.approx(np.exp(1) / (np.exp(1) + 2))


def test_huge_logits_do_not_overflow() -> None:
    assert softmax(np.array([1e4, 0.0]), 1.0) == pytest.approx([1.0, 0.0])
