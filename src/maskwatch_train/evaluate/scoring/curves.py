"""Curves of a classifier's probabilities: ROC, precision and recall, reliability, risk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from maskwatch_train.evaluate.metrics.classification import (
    BINS,
    bootstrap_interval,
    last_of_equals,
    placed_in_bins,
    risk_coverage,
)
from maskwatch_train.evaluate.outcomes import STATES, Outcomes, sides, top_state
from maskwatch_train.evaluate.scoring.resample import INTERVAL_SEED
from maskwatch_train.evaluate.scoring.scores import side_ece, state_ece

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]

MAX_POINTS = 300
"""A curve of more points is thinned: nobody could see the others."""


def curves(o: Outcomes, repeats: int) -> dict[str, Any] | None:
    """All curves of the faces that have probabilities, ready for JSON; None without such faces.

    Args:
        o: the faces.
        repeats: draws of the interval of each area.

    Returns:
        ``faces``; ``roc`` and ``precision_recall``, by what is looked for: ``violation`` and each
        state against the others, with ``auc``; ``reliability``; ``risk_coverage``.
    """
    given = o.with_probabilities
    if not len(given.state):
        return None
    wanted: dict[str, tuple[Bools, Floats]] = {
        "violation": (given.state != 0, 1 - given.probabilities[:, 0])
    }
    for index, state in enumerate(STATES[:3]):
        wanted[state.value] = (given.state == index, given.probabilities[:, index])
    both = {name: pair for name, pair in wanted.items() if 0 < pair[0].sum() < len(pair[0])}
    return {
        "faces": len(given.state),
        "roc": {n: _roc(*pair, given.groups, repeats) for n, pair in both.items()},
        "precision_recall": {
            n: _precision_recall(*pair, given.groups, repeats) for n, pair in both.items()
        },
        "reliability": {
            "states": {"bins": reliability(*top_state(given)), "ece": state_ece(given)},
            "sides": {"bins": reliability(*sides(given)), "ece": side_ece(given)},
        },
        "risk_coverage": _risk(o, given),
    }


def _roc(truth: Bools, score: Floats, groups: Any, repeats: int) -> dict[str, Any]:
    false_rate, true_rate, _ = roc_curve(truth, score)
    return {
        "x": thinned(false_rate),
        "y": thinned(true_rate),
        "auc": _area(roc_area, truth, score, groups, repeats),
    }


def _precision_recall(truth: Bools, score: Floats, groups: Any, repeats: int) -> dict[str, Any]:
    precision, recall, _ = precision_recall_curve(truth, score)
    return {
        "x": thinned(recall[::-1]),
        "y": thinned(precision[::-1]),
        "auc": _area(precision_recall_area, truth, score, groups, repeats),
    }


def _area(
    area: Callable[[Ints, Ints], float],
    truth: Bools,
    score: Floats,
    groups: Any,
    repeats: int,
) -> dict[str, float]:
    counts = _counts(truth, score)
    value = area(*counts(np.arange(len(score))))
    return {
        "value": value,
        **bootstrap_interval(lambda drawn: area(*counts(drawn)), groups, INTERVAL_SEED, repeats),
    }


def _counts(truth: Bools, score: Floats) -> Callable[[Ints], tuple[Ints, Ints]]:
    """Counts of drawn samples at each threshold; they are put in order once for all draws.

    Returns:
        Given the ``(M,)`` indices of the drawn samples, how many of those that are looked for, and
        how many others, have at least each of the scores, from the highest to the lowest.
    """
    order = np.argsort(-score, kind="stable")
    last_of_score = last_of_equals(score[order])
    wanted = truth[order]

    def of(drawn: Ints) -> tuple[Ints, Ints]:
        times = np.bincount(drawn, minlength=len(order))[order]
        found, strays = np.cumsum(times * wanted), np.cumsum(times * ~wanted)
        return found[last_of_score], strays[last_of_score]

    return of


def roc_area(found: Ints, strays: Ints) -> float:
    """Area under the ROC curve, as `sklearn.metrics.roc_auc_score`, many times as fast.

    Args:
        found: ``(N,)`` samples that are looked for, from each threshold on, highest first.
        strays: ``(N,)`` others.

    Returns:
        NaN without both kinds.
    """
    if not found[-1] or not strays[-1]:
        return float("nan")
    heights = found - np.diff(found, prepend=0) / 2
    return float(np.diff(strays, prepend=0) @ heights / found[-1] / strays[-1])


def precision_recall_area(found: Ints, strays: Ints) -> float:
    """Area below precision and recall, as `sklearn.metrics.average_precision_score`.

    Args:
        found: as of `roc_area`.
        strays: likewise.

    Returns:
        NaN without both kinds.
    """
    if not found[-1] or not strays[-1]:
        return float("nan")
    precision = found / np.maximum(found + strays, 1)  # nothing is drawn yet: nothing is added
    return float(np.diff(found, prepend=0) @ precision / found[-1])


def reliability(confidence: Floats, right: Bools) -> list[dict[str, float]]:
    """Mean confidence and accuracy of the equal-width bins that hold anything."""
    placed = placed_in_bins(confidence)
    return [
        {
            "low": index / BINS,
            "high": (index + 1) / BINS,
            "faces": int((placed == index).sum()),
            "confidence": float(confidence[placed == index].mean()),
            "accuracy": float(right[placed == index].mean()),
        }
        for index in range(BINS)
        if (placed == index).any()
    ]


def _risk(o: Outcomes, given: Outcomes) -> dict[str, Any]:
    curve = risk_coverage(*sides(given))
    decided = o.decided
    wrong = ((decided.read != 0) != (decided.state != 0)).sum()
    return {
        "x": thinned(curve.coverage),
        "y": thinned(curve.risk),
        "area": curve.area,
        "as_run": {
            "coverage": len(decided.state) / len(o.state),
            "risk": float(wrong / len(decided.state)) if len(decided.state) else float("nan"),
        },
    }


def thinned(values: NDArray[np.floating]) -> list[float]:
    """At most `MAX_POINTS` of the values, evenly taken, with the first and the last."""
    if len(values) > MAX_POINTS:
        kept = np.unique(np.linspace(0, len(values) - 1, MAX_POINTS).round().astype(np.intp))
        values = values[kept]
    return [round(float(value), 6) for value in values]
