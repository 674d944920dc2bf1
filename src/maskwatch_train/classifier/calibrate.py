"""Makes probabilities honest and decides when to say ``unknown``. Validation data only."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from maskwatch.masks.labels import UNREADABLE_INDEX, softmax
from maskwatch_train.classifier.augment import ruin
from maskwatch_train.classifier.samples import Sample
from maskwatch_train.classifier.train import CropJudge, predict
from maskwatch_train.errors import DataError

MIN_READABLE_PX = 32
"""Calibration looks at faces from this size on, the same that the scores are stated for."""
UNKNOWN_BUDGET = 0.01
"""Share of readable validation faces that the network may call unreadable."""
TOSS_UP = 0.55
"""A side that is no likelier than this is ``unknown``.

Higher thresholds catch next to no face that people cannot read either (on validation none up to
0.75, because such faces have an output of their own), and three of four readings that they
withhold are right.
"""

SEARCH_BOUND = 2.0
"""Of the logarithm of the temperature, either way."""


@dataclass(frozen=True, slots=True)
class Abstention:
    """When the classifier says ``unknown``, beside at a toss-up.

    Attributes:
        unreadable_above: above this probability of ``unreadable`` the state is ``unknown``.
        unknown_share: share of readable validation faces that become ``unknown`` by this.
        caught_share: share of unreadable validation crops that become ``unknown``.
    """

    unreadable_above: float
    unknown_share: float
    caught_share: float


def fit_temperature(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> float | None:
    """The temperature that gives the labels the highest likelihood (Guo et al., ICML 2017).

    Args:
        logits: ``(N, 7)``.
        labels: ``(N,)`` indices into the outputs; at least one.

    Returns:
        The temperature; None where none is best within `SEARCH_BOUND`, as on a few faces that are
        all read rightly: the surer the better, then.
    """

    def surprise(log_temperature: float) -> float:
        chosen = softmax(logits, float(np.exp(log_temperature)))[np.arange(len(labels)), labels]
        return float(-np.log(np.maximum(chosen, 1e-12)).mean())

    bounds = (-SEARCH_BOUND, SEARCH_BOUND)
    found = float(minimize_scalar(surprise, bounds=bounds, method="bounded").x)
    # The search comes near a bound and never to it.
    return None if abs(found) > SEARCH_BOUND - 0.01 else round(math.exp(found), 3)


def side_certainty(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability ``(N,)`` of the likelier of mask and violation, given a readable face."""
    mask = probabilities[:, 0] / np.maximum(1 - probabilities[:, UNREADABLE_INDEX], 1e-9)
    return np.maximum(mask, 1 - mask)


def choose_abstention(
    readable: NDArray[np.float64], unreadable: NDArray[np.float64], budget: float
) -> Abstention:
    """The strictest threshold for unreadable faces that stays within a budget of readable ones.

    Never under a half, and never over 0.95, where that costs more readable ones.

    Args:
        readable: ``(N, 7)`` calibrated outputs of validation faces that people could read.
        unreadable: ``(M, 7)`` the same for crops that nobody could.
        budget: share of readable faces that may be called unreadable.
    """
    # One of the values: between two of a few, more than the budget could lie above.
    over = np.quantile(readable[:, UNREADABLE_INDEX], 1 - budget, method="inverted_cdf")
    # Under one half the network itself thinks that the face is readable. Three digits, rounded up.
    unreadable_above = math.ceil(1000 * float(np.clip(over, 0.5, 0.95))) / 1000

    def unknown(outputs: NDArray[np.float64]) -> float:
        doubtful = (outputs[:, UNREADABLE_INDEX] > unreadable_above) | (
            side_certainty(outputs) < TOSS_UP
        )
        return round(float(doubtful.mean()), 4)

    return Abstention(unreadable_above, unknown(readable), unknown(unreadable))


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the outputs of one model file are to be read.

    Attributes:
        temperature: divides the logits.
        abstention: when to say ``unknown``.
        faces: validation faces that both were fitted to.
    """

    temperature: float
    abstention: Abstention
    faces: int

    @property
    def settings(self) -> dict[str, float]:
        """What it sets in the model's card."""
        return {
            "temperature": self.temperature,
            "abstain_below": TOSS_UP,
            "unreadable_above": self.abstention.unreadable_above,
        }

    @property
    def summary(self) -> dict[str, Any]:
        """What the card tells people about it."""
        return {
            "faces": self.faces,
            "readable_called_unknown": self.abstention.unknown_share,
            "unreadable_called_unknown": self.abstention.caught_share,
        }


def calibrate(
    judge: CropJudge,
    samples: Sequence[Sample],
    size: int,
    margin: float,
    second_look_below: float,
    progress: Callable[[str], None] = lambda _line: None,
) -> Calibration:
    """Fits temperature and thresholds to what a model says of validation samples.

    Args:
        judge: the model.
        samples: validation faces, and things that are none.
        size: side of its crops in pixels.
        margin: of the crops.
        second_look_below: see ``maskwatch.masks.second_look``.
        progress: told when the faces say nothing about the temperature, which then is 1.

    Raises:
        DataError: no face is readable and large enough.
    """
    readable = [s for s in samples if s.label != UNREADABLE_INDEX and s.size >= MIN_READABLE_PX]
    if not readable:
        reason = f"no readable face of at least {MIN_READABLE_PX} px to calibrate with"
        raise DataError(Path("the validation side"), reason)
    labels = np.array([sample.label for sample in readable])
    fitted = fit_temperature(predict(judge, readable, size, margin), labels)
    temperature = fitted or 1.0
    if fitted is None:
        progress(f"the temperature stays 1: {len(readable)} validation faces do not say which fits")

    def probabilities(faces: Sequence[Sample]) -> NDArray[np.float64]:
        settled = predict(
            judge,
            faces,
            size,
            margin,
            temperature=temperature,
            second_look_below=second_look_below,
        )
        return softmax(settled, temperature)

    abstention = choose_abstention(
        probabilities(readable), probabilities(spoiled(samples)), UNKNOWN_BUDGET
    )
    return Calibration(temperature, abstention, len(readable))


def spoiled(samples: Sequence[Sample]) -> list[Sample]:
    """What should become ``unknown``: unreadable samples, and every fifth of the others ruined."""
    rng = np.random.default_rng(0)
    unreadable = [sample for sample in samples if sample.label == UNREADABLE_INDEX]
    readable = [sample for sample in samples if sample.label != UNREADABLE_INDEX]
    ruined = [replace(s, image=ruin(s.image, rng), label=UNREADABLE_INDEX) for s in readable[::5]]
    return unreadable + ruined
