import pytest

from maskwatch.advice import advice_for, words_for
from maskwatch.types import Fault, State


@pytest.mark.parametrize(
    ("state", "fault", "words", "advice"),
    [
        (State.MASK, None, "mask", None),
        (State.NO_MASK, None, "no mask", "put on a mask"),
        (State.UNKNOWN, None, "unknown", None),
        (State.INCORRECT, Fault.NOSE_OUT, "nose out", "pull the mask up over your nose"),
        (
            State.INCORRECT,
            Fault.UNDER_CHIN,
            "under chin",
            "pull the mask up over your mouth and nose",
        ),
        (State.INCORRECT, Fault.CHIN_OUT, "chin out", "pull the mask down over your chin"),
        (
            State.INCORRECT,
            Fault.OTHER,
            "not on face",
            "put the mask over your nose, mouth and chin",
        ),
    ],
)
def test_every_state_and_fault_has_words_and_only_violations_have_advice(
    state: State, fault: Fault | None, words: str, advice: str | None
) -> None:
    assert words_for(state, fault) == words
    assert advice_for(state, fault) == advice
