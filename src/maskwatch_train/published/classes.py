"""Which classes a published system told apart, and which of them a label is."""

from __future__ import annotations

from maskwatch.types import Fault, State
from maskwatch_train.data.manifest import ManifestRow

CLASS_SETS: dict[str, tuple[str, ...]] = {
    "mask": (State.MASK, State.NO_MASK),
    "states": (State.MASK, State.INCORRECT, State.NO_MASK),
    "faults": (Fault.UNDER_CHIN, Fault.NOSE_OUT, Fault.CHIN_OUT),
    "five": (State.MASK, State.NO_MASK, Fault.UNDER_CHIN, Fault.NOSE_OUT, Fault.CHIN_OUT),
}
"""Names as `maskwatch_train.evaluate.answers.CLASSES` has them, in the order of the outputs."""


def class_of(row: ManifestRow, classes: tuple[str, ...]) -> int | None:
    """Index of a label's class; None for a label that is none of them."""
    for name in (row.fault, row.label):
        if name is not None and name in classes:
            return classes.index(name)
    return None
