"""Classification scores: confusion, precision and recall, calibration, abstaining, intervals.

Classes are integers from 0. A class that is only ever predicted, such as "cannot tell", is a
class like any other: its row of the confusion matrix is empty, and `macro_f1` over the others
counts such predictions as misses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating]
Bools: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.integer]
Indices: TypeAlias = NDArray[np.intp]

BINS = 15
"""Of confidence, of equal width; bin ``i``, from 0 on, ends with ``(i + 1) / BINS``, and the next
begins above it."""


def confusion_matrix(truth: Ints, predicted: Ints, classes: int) -> NDArray[np.int64]:
    """Counts of each pair of true and predicted class.

    Args:
        truth: ``(N,)`` in [0, classes).
        predicted: ``(N,)`` likewise.
        classes: number of classes.

    Returns:
        ``(classes, classes)``; rows are the truth, columns the prediction.
    """
    pairs = truth.astype(np.int64) * classes + predicted
    counts = np.bincount(pairs, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


def accuracy(confusion: NDArray[np.int64]) -> float:
    """Share of right predictions; NaN without any."""
    total = int(confusion.sum())
    return float(np.trace(confusion)) / total if total else float("nan")


class ClassScores(NamedTuple):
    """Scores of each class, ``(..., C)`` each; NaN where there is nothing to divide by."""

    precision: NDArray[np.float64]
    """Of what was predicted as the class, the share that is it; NaN if it was never predicted."""
    recall: NDArray[np.float64]
    """Of what is the class, the share predicted as it; NaN if nothing is."""
    f1: NDArray[np.float64]
    """NaN only for a class that is neither there nor predicted."""
    support: NDArray[np.int64]
    """How many are the class."""


def class_scores(confusion: NDArray[np.int64]) -> ClassScores:
    """Precision, recall and F1 of each class of a confusion matrix, or of many ``(..., C, C)``."""
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    support = confusion.sum(axis=-1)
    predicted = confusion.sum(axis=-2)
    return ClassScores(
        ratio(right, predicted),
        ratio(right, support),
        ratio(2 * right, support + predicted),
        support,
    )


def macro_f1(confusion: NDArray[np.int64], classes: Sequence[int]) -> NDArray[np.float64]:
    """Unweighted mean F1 of some classes of a confusion matrix, or of many ``(..., C, C)``.

    Classes of which there is nothing are left out, so that one wrong prediction does not bring in
    another term, and every model is measured by the same classes. A prediction as such a class is
    a miss of the class that it is. A draw of a bootstrap leaves out the classes that it misses.

    Returns:
        ``(...)``; NaN where that leaves none.
    """
    scores = class_scores(confusion)
    there = scores.support[..., list(classes)] > 0
    f1 = scores.f1[..., list(classes)]
    return ratio(np.where(there, f1, 0.0).sum(axis=-1), there.sum(axis=-1))


def ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    """``part / whole``, element by element; NaN where there is no whole."""
    out = np.full(np.shape(part), np.nan)
    np.divide(part, whole, out=out, where=np.asarray(whole) > 0)
    return out


def placed_in_bins(confidence: Floats) -> Indices:
    """Index of the bin that each of ``(N,)`` confidences in [0, 1] lies in."""
    placed: Indices = np.ceil(confidence * BINS).astype(np.intp) - 1
    return np.clip(placed, 0, BINS - 1)


def expected_calibration_error(confidence: Floats, correct: Bools) -> float:
    """Mean gap between confidence and accuracy over equal-width bins, weighted by their counts.

    Guo, Pleiss, Sun, Weinberger: "On Calibration of Modern Neural Networks", ICML 2017,
    equations 1 to 3.

    Args:
        confidence: ``(N,)`` probability of the predicted class, in [0, 1].
        correct: ``(N,)`` whether the prediction is right.

    Returns:
        In [0, 1]; NaN without predictions.
    """
    if len(confidence) == 0:
        return float("nan")
    # count * |accuracy - confidence| is the gap between the two sums of the bin.
    gap = np.bincount(placed_in_bins(confidence), weights=correct - confidence, minlength=BINS)
    return float(np.abs(gap).sum()) / len(confidence)


def last_of_equals(ordered: Floats) -> Indices:
    """Of ``(N,)`` values in order, where the last of each that are equal stands, ascending."""
    return np.flatnonzero(np.append(np.diff(ordered) != 0, True)[: len(ordered)])


class RiskCoverage(NamedTuple):
    """What a threshold on confidence costs and keeps, one point per distinct confidence."""

    threshold: NDArray[np.float64]
    """``(T,)`` descending; predictions with at least this confidence are kept."""
    coverage: NDArray[np.float64]
    """``(T,)`` share of predictions that are kept, ascending to 1."""
    risk: NDArray[np.float64]
    """``(T,)`` share of wrong ones among the kept."""

    @property
    def area(self) -> float:
        """Mean risk over the coverages, each weighted by what its point adds; NaN without points.

        The discrete area of Geifman, Uziel, El-Yaniv (ICLR 2019), with ties taken together.
        """
        if not self.coverage.size:
            return float("nan")
        return float(np.sum(self.risk * np.diff(self.coverage, prepend=0.0)))


def risk_coverage(confidence: Floats, correct: Bools) -> RiskCoverage:
    """The risk-coverage curve of a classifier that may abstain (El-Yaniv, Wiener, JMLR 2010).

    Args:
        confidence: ``(N,)``; higher is surer. Equal ones are kept or dropped together.
        correct: ``(N,)``.
    """
    order = np.argsort(-confidence, kind="stable")
    ordered = confidence[order].astype(np.float64)
    last = last_of_equals(ordered)
    kept = last + 1
    wrong = np.cumsum(~correct[order])[last]
    return RiskCoverage(ordered[last], kept / max(len(confidence), 1), wrong / kept)


LEVEL = 0.95
"""Share of the draws that lie inside a confidence interval."""


def limits(values: NDArray[np.float64]) -> dict[str, float]:
    """``low`` and ``high`` of drawn values; NaN without any. Draws that are NaN are left out."""
    known = values[~np.isnan(values)]
    if not known.size:
        return {"low": float("nan"), "high": float("nan")}
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"low": float(low), "high": float(high)}


def bootstrap_interval(
    statistic: Callable[[Indices], float],
    groups: NDArray[np.str_] | Ints,
    seed: int,
    repeats: int = 1000,
) -> dict[str, float]:
    """Percentile bootstrap interval that draws whole groups (Efron, Tibshirani 1993, chapter 13).

    Faces of one photo, or near-duplicates, are no independent draws; drawing their groups keeps
    the interval honest.

    Args:
        statistic: given ``(M,)`` indices of the drawn samples, its value; draws for which it is
            NaN are left out.
        groups: ``(N,)`` group of each sample.
        seed: of the draws; the same seed gives the same interval.
        repeats: number of draws.

    Returns:
        `limits`; NaN of fewer than two groups, which do not show how groups differ.
    """
    _, member = np.unique(groups, return_inverse=True)
    order = np.argsort(member, kind="stable")
    pools = np.split(order, np.flatnonzero(np.diff(member[order])) + 1) if len(order) else []
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(repeats if len(pools) > 1 else 0):
        drawn = rng.integers(len(pools), size=len(pools))
        values.append(statistic(np.concatenate([pools[i] for i in drawn])))
    return limits(np.array(values, dtype=np.float64))
