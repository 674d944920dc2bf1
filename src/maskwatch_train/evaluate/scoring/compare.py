"""Several models on the same faces: what each scores, and whether the difference is chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from maskwatch_train.evaluate.metrics.classification import confusion_matrix, limits
from maskwatch_train.evaluate.outcomes import STATES, Judged, Outcomes, outcomes
from maskwatch_train.evaluate.scoring import resample
from maskwatch_train.evaluate.scoring.curves import curves
from maskwatch_train.evaluate.scoring.figures import Scoring, headline_scores
from maskwatch_train.evaluate.scoring.scores import OF_STATES
from maskwatch_train.evaluate.scoring.slices import slice_scores

TESTED = ("side_accuracy", "accuracy", "state_macro_f1", "called_mask", "unknown_rate")
"""Scores whose difference gets an interval and a chance."""


def compare(judged: Mapping[str, Sequence[Judged]], scoring: Scoring) -> dict[str, Any]:
    """Models side by side; each of the others is held against the first.

    Args:
        judged: by name of model, all of the same cases in the same order.
        scoring: how faces are counted.

    Returns:
        Ready for JSON: ``models`` (``headline``, ``curves``, ``slices``) and ``tests``, for each
        model but the first: `mcnemar` of the right side and of the right state, and
        `differences`. ``p_adjusted`` is Holm's, over the models, within one kind of test.
    """
    large = {
        name: outcomes([item for item in items if item.case.size >= scoring.min_face_px])
        for name, items in judged.items()
    }
    first, *others = large
    tests = {name: _tests(large[first], large[name], scoring) for name in others}
    for kind in ("right_side", "right_state"):
        adjusted = holm([test[kind]["p"] for test in tests.values()])
        for test, p in zip(tests.values(), adjusted, strict=True):
            test[kind]["p_adjusted"] = p
    return {
        "reference": first,
        "faces": len(large[first].state),
        "groups": len(set(large[first].groups.tolist())),
        "min_face_px": scoring.min_face_px,
        "models": {
            name: {
                "headline": headline_scores(o, scoring),
                "curves": curves(o, scoring.curve_repeats),
                "slices": slice_scores(judged[name], scoring.min_face_px),
            }
            for name, o in large.items()
        },
        "tests": tests,
    }


def _tests(first: Outcomes, other: Outcomes, scoring: Scoring) -> dict[str, Any]:
    return {
        "right_side": mcnemar(first.right_side, other.right_side),
        "right_state": mcnemar(first.read == first.state, other.read == other.state),
        "differences": differences(first, other, scoring),
    }


def mcnemar(first: NDArray[np.bool_], other: NDArray[np.bool_]) -> dict[str, Any]:
    """The exact test of McNemar (Psychometrika 12, 1947): are both models right equally often?

    Only faces on which exactly one of them is right tell them apart; were the models alike, each
    would be the right one of such a face by the toss of a coin.

    Args:
        first: ``(N,)`` whether the first model is right.
        other: ``(N,)`` likewise.

    Returns:
        ``only_first`` and ``only_other``, counts of faces; ``p``, two-sided.
    """
    only_first, only_other = int((first & ~other).sum()), int((~first & other).sum())
    total = only_first + only_other
    p = float(binomtest(only_other, total, 0.5).pvalue) if total else 1.0
    return {"only_first": only_first, "only_other": only_other, "p": p}


def differences(first: Outcomes, other: Outcomes, scoring: Scoring) -> dict[str, dict[str, float]]:
    """How much more the other model scores, by the paired bootstrap over groups of pictures.

    Faces of one picture are no independent draws, which McNemar's test takes them for; here the
    same groups are drawn for both models.

    Returns:
        By score ``value``, ``low``, ``high`` (95 %) and ``p``: twice the smaller share of draws on
        one side of no difference (Efron, Tibshirani 1993, chapter 15), at least 1 of the draws.
    """
    pairs = [
        [confusion_matrix(o.state, o.read, len(STATES))[None] for o in (first, other)],
        [
            resample.drawn_confusions(o.state, o.read, len(STATES), first.groups, scoring.repeats)
            for o in (first, other)
        ],
    ]
    found = {}
    for name in TESTED:
        score = OF_STATES[name]
        value, drawn = (score(after) - score(before) for before, after in pairs)
        known = drawn[~np.isnan(drawn)]
        beside = min((known <= 0).mean(), (known >= 0).mean()) if known.size else float("nan")
        p = max(min(2 * float(beside), 1.0), 1 / scoring.repeats)
        found[name] = {"value": float(value[0]), **limits(drawn), "p": p}
    return found


def holm(chances: Sequence[float]) -> list[float]:
    """P-values after Holm's correction for asking several times (Scand. J. Statist. 6, 1979)."""
    order = np.argsort(chances, kind="stable")
    adjusted = [0.0] * len(chances)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, chances[index] * (len(chances) - rank)))
        adjusted[index] = largest
    return adjusted
