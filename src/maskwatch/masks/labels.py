"""What the classifier's outputs mean, in their order, and how they become a state and a fault."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwatch.types import Fault, State, StateProbabilities

UNREADABLE = "unreadable"
"""Back of a head, a blur, something that is no face: the network's own "cannot tell"."""

FAULTS = (Fault.NOSE_OUT, Fault.UNDER_CHIN, Fault.CHIN_OUT, Fault.OTHER)

LABELS: tuple[str, ...] = (State.MASK, *FAULTS, State.NO_MASK, UNREADABLE)
"""Output order of the network."""

FAULT_SLICE = slice(1, 1 + len(FAULTS))
NO_MASK_INDEX = LABELS.index(State.NO_MASK)
UNREADABLE_INDEX = LABELS.index(UNREADABLE)


def label_index(state: State, fault: Fault | None) -> int:
    """The output that stands for a state and fault; ``unknown`` is ``unreadable``.

    Raises:
        ValueError: ``incorrect`` without a fault.
    """
    if state is State.INCORRECT:
        if fault is None:
            raise ValueError("incorrect needs a fault to be one of the network's outputs")
        return LABELS.index(fault)
    return LABELS.index(UNREADABLE if state is State.UNKNOWN else state)


def softmax(logits: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Calibrated probabilities over the last axis (temperature scaling: Guo et al., ICML 2017)."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    out: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return out


def state_probabilities(probabilities: NDArray[np.float64]) -> StateProbabilities:
    """Sums the outputs ``(7,)`` to the three states, given that the face can be read."""
    readable = max(1.0 - float(probabilities[UNREADABLE_INDEX]), 1e-9)
    mask = float(probabilities[0]) / readable
    no_mask = float(probabilities[NO_MASK_INDEX]) / readable
    return StateProbabilities(mask, max(1.0 - mask - no_mask, 0.0), no_mask)


def likeliest_state(states: StateProbabilities) -> State:
    """Mask or violation first, whichever is likelier; then which violation.

    Three nearly equal states are so a violation, as their sum says, and not the one of three
    that happens to be ahead.
    """
    if states.mask >= 0.5:
        return State.MASK
    return State.INCORRECT if states.incorrect >= states.no_mask else State.NO_MASK


def likeliest_fault(probabilities: NDArray[np.float64]) -> Fault:
    """The fault with the highest output among ``(7,)``."""
    return FAULTS[int(np.argmax(probabilities[FAULT_SLICE]))]
