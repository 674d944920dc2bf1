"""The scores of a classifier: of confusion matrices, many at once, or of probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskwatch.masks.labels import LABELS
from maskwatch.types import Fault
from maskwatch_train.evaluate.metrics.classification import (
    expected_calibration_error,
    macro_f1,
    ratio,
    risk_coverage,
)
from maskwatch_train.evaluate.outcomes import UNKNOWN_INDEX, Outcomes, sides, top_state

Confusions: TypeAlias = NDArray[np.int64]
Values: TypeAlias = NDArray[np.float64]

NOSE_AND_CHIN = (LABELS.index(Fault.NOSE_OUT), LABELS.index(Fault.UNDER_CHIN))

OF_STATES: Mapping[str, Callable[[Confusions], Values]] = {
    "side_accuracy": lambda c: ratio(
        c[:, 0, 0] + c[:, 1:3, 1:3].sum(axis=(1, 2)), c.sum(axis=(1, 2))
    ),
    "side_accuracy_decided": lambda c: OF_STATES["side_accuracy"](_decided(c)),
    "accuracy": lambda c: ratio(np.trace(c, axis1=1, axis2=2), c.sum(axis=(1, 2))),
    "state_macro_f1": lambda c: macro_f1(c, (0, 1, 2)),
    "state_macro_f1_decided": lambda c: OF_STATES["state_macro_f1"](_decided(c)),
    "called_mask": lambda c: ratio(c[:, 1:3, 0].sum(axis=1), c[:, 1:3, :].sum(axis=(1, 2))),
    "unknown_rate": lambda c: ratio(c[:, :, UNKNOWN_INDEX].sum(axis=1), c.sum(axis=(1, 2))),
}
"""Scores ``(R,)`` of confusion matrices ``(R, 4, 4)`` in the order of `STATES`. Plain names count
``unknown`` as wrong, ``decided`` leaves it out; sides are mask and violation."""
FORCED = ("side_accuracy", "state_macro_f1")
"""Of `OF_STATES`, those that are also told of the `forced_state`, as ``NAME_forced``."""


def _decided(confusions: Confusions) -> Confusions:
    kept = confusions.copy()
    kept[:, :, UNKNOWN_INDEX] = 0
    return kept


def state_ece(o: Outcomes) -> float:
    """Calibration of the likeliest of the three states, also where the reading is ``unknown``."""
    return expected_calibration_error(*top_state(o))


def side_ece(o: Outcomes) -> float:
    """Calibration of the likelier side, also where the reading is ``unknown``."""
    return expected_calibration_error(*sides(o))


def risk_coverage_area(o: Outcomes) -> float:
    """Mean share of wrong sides over all shares of faces that could be answered."""
    return risk_coverage(*sides(o)).area


OF_PROBABILITIES: Mapping[str, Callable[[Outcomes], float]] = {
    "state_ece": state_ece,
    "side_ece": side_ece,
    "risk_coverage_area": risk_coverage_area,
}
"""Said or not: they are those of the probabilities."""
OF_NOSE_AND_CHIN: Mapping[str, Callable[[Outcomes], Outcomes]] = {
    "nose_chin_macro_f1": lambda o: o,
    "nose_chin_macro_f1_decided": lambda o: o.decided,
}
"""Of which faces the macro-F1 of `NOSE_AND_CHIN` is told."""
LOWER_IS_BETTER = frozenset({"called_mask", "unknown_rate", *OF_PROBABILITIES})
