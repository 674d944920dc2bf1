"""What any model says of a face, also one that knows no faults or gives no probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from maskwatch.masks.labels import FAULTS, UNREADABLE, likeliest_state
from maskwatch.types import Fault, State, StateProbabilities

CLASSES = frozenset({*FAULTS, State.MASK, State.INCORRECT, State.NO_MASK, UNREADABLE})
"""Names that a model's outputs may have."""
SUM_TOLERANCE = 0.05
"""Probabilities may sum to so much less or more than 1: those of eight bits are coarse."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of one face."""

    state: State
    fault: Fault | None = None
    """None also where the state is ``incorrect`` and the model does not say how."""
    probabilities: StateProbabilities | None = None
    """None where the model gave none."""


NOTHING_SAID = Answer(State.UNKNOWN)
"""Of a face that a file of predictions leaves out, or of which a model sees nothing."""


def answer_from_classes(
    classes: Mapping[str, float], unreadable_above: float = 0.5, abstain_below: float = 0.0
) -> Answer:
    """Turns the probabilities of a model's own classes into an answer.

    Args:
        classes: by names among `CLASSES`; they sum to 1. Faults count as ``incorrect``; one is
            named where it is likelier than ``incorrect`` as such.
        unreadable_above: above this probability of ``unreadable`` the state is ``unknown``.
        abstain_below: the likelier side, mask or violation, must have at least this probability.

    Returns:
        An answer without probabilities where all of them is ``unreadable``.

    Raises:
        ValueError: an unknown name, a negative value, or a sum that differs from 1 by more than
            `SUM_TOLERANCE`.
    """
    if strangers := sorted(classes.keys() - CLASSES):
        raise ValueError(f"unknown class {strangers[0]!r}, expected some of {sorted(CLASSES)}")
    if negative := [name for name, value in classes.items() if not value >= 0]:
        raise ValueError(f"probability of {negative[0]!r} is {classes[negative[0]]}")
    if not abs(sum(classes.values()) - 1) <= SUM_TOLERANCE:
        raise ValueError(f"probabilities sum to {sum(classes.values()):g}, not to 1")
    faults = {fault: classes.get(fault, 0.0) for fault in FAULTS}
    incorrect = classes.get(State.INCORRECT, 0.0) + sum(faults.values())
    mask, no_mask = classes.get(State.MASK, 0.0), classes.get(State.NO_MASK, 0.0)
    readable = mask + incorrect + no_mask
    if readable <= 0:
        return NOTHING_SAID
    states = StateProbabilities(mask / readable, incorrect / readable, no_mask / readable)
    doubtful = max(states.mask, 1 - states.mask) < abstain_below
    if doubtful or classes.get(UNREADABLE, 0.0) > unreadable_above:
        return Answer(State.UNKNOWN, None, states)
    state = likeliest_state(states)
    likeliest = max(FAULTS, key=lambda f: faults[f])
    named = state is State.INCORRECT and faults[likeliest] > classes.get(State.INCORRECT, 0.0)
    return Answer(state, likeliest if named else None, states)
