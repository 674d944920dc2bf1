"""Intervals of everything that a confusion matrix tells, by drawing groups of pictures at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from maskwatch_train.evaluate.metrics.classification import limits

INTERVAL_SEED = 1
"""Of the bootstrap intervals, so that the same answers have the same."""
AT_ONCE = 64
"""Draws that are held in memory together: of 100,000 groups they take 100 MB."""


def drawn_confusions(
    truth: NDArray[np.int64],
    read: NDArray[np.int64],
    classes: int,
    groups: NDArray[np.str_],
    repeats: int,
) -> NDArray[np.int64]:
    """Confusion matrices ``(R, C, C)`` of what is drawn when groups are drawn with replacement.

    Args:
        truth: ``(N,)`` in [0, C); the rows.
        read: ``(N,)`` likewise.
        classes: C.
        groups: ``(N,)`` group of each sample.
        repeats: R, number of draws; may be 0.

    Returns:
        Of the same groups each time, whatever was read; ``(0, C, C)`` of fewer than two groups,
        which do not show how groups differ.
    """
    names, member = np.unique(groups, return_inverse=True)
    cells = classes * classes
    if len(names) < 2 or not repeats:
        return np.zeros((0, classes, classes), dtype=np.int64)
    counts = np.bincount(
        member * cells + truth * classes + read, minlength=len(names) * cells
    ).reshape(len(names), cells)
    # NumPy has no fast product of matrices of whole numbers; these are exact as floating point.
    of_group = counts.astype(np.float64)
    rng = np.random.default_rng(INTERVAL_SEED)
    even = np.full(len(names), 1 / len(names))
    parts = [
        rng.multinomial(len(names), even, size=min(AT_ONCE, repeats - start)) @ of_group
        for start in range(0, repeats, AT_ONCE)
    ]
    return np.concatenate(parts).astype(np.int64).reshape(repeats, classes, classes)


def with_limits(
    statistic: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    confusion: NDArray[np.int64],
    drawn: NDArray[np.int64],
) -> dict[str, float]:
    """A number with its 95 % percentile interval.

    Args:
        statistic: of confusion matrices ``(..., C, C)``, over their last two axes.
        confusion: ``(C, C)`` of all samples.
        drawn: ``(R, C, C)`` from `drawn_confusions`.

    Returns:
        ``value``, ``low`` and ``high``; NaN where there is nothing to divide by.
    """
    value = float(statistic(confusion[None])[0])
    values = statistic(drawn)
    return {"value": value, **limits(values)}
