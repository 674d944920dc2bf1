"""What to call a state and a fault in front of people, and what to tell the wearer."""

from __future__ import annotations

from maskwatch.types import Fault, State

_STATE_WORDS = {
    State.MASK: "mask",
    State.INCORRECT: "incorrect",
    State.NO_MASK: "no mask",
    State.UNKNOWN: "unknown",
}

_FAULT_WORDS = {
    Fault.NOSE_OUT: "nose out",
    Fault.UNDER_CHIN: "under chin",
    Fault.CHIN_OUT: "chin out",
    Fault.OTHER: "not on face",
}

_FAULT_ADVICE = {
    Fault.NOSE_OUT: "pull the mask up over your nose",
    Fault.UNDER_CHIN: "pull the mask up over your mouth and nose",
    Fault.CHIN_OUT: "pull the mask down over your chin",
    Fault.OTHER: "put the mask over your nose, mouth and chin",
}


def words_for(state: State, fault: Fault | None = None) -> str:
    """Two words at most, such as "nose out": the fault where there is one, else the state."""
    return _STATE_WORDS[state] if fault is None else _FAULT_WORDS[fault]


def advice_for(state: State, fault: Fault | None = None) -> str | None:
    """What the wearer should do, such as "put on a mask"; None unless ``state`` is a violation."""
    if fault is not None:
        return _FAULT_ADVICE[fault]
    return "put on a mask" if state is State.NO_MASK else None
