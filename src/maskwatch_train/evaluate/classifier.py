"""How well a mask classifier judges labelled faces: whole sets, slices of them, both as tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from maskwatch.masks.labels import LABELS
from maskwatch.metrics.classification import class_scores
from maskwatch.types import State
from maskwatch_train.evaluate.cases import SCORED_FROM_PX
from maskwatch_train.evaluate.outcomes import (
    SCORES,
    Judged,
    Outcomes,
    label_confusion,
    outcomes,
    scores,
)
from maskwatch_train.evaluate.report import number, share, table, with_interval

DARK, BRIGHT = 80.0, 160.0
"""Limits of brightness: about the darkest tenth and the brightest tenth of street's faces."""
BLURRED, SHARP = 150.0, 600.0
"""Limits of sharpness: about the softest tenth and the sharper half of street's faces."""

Choice = Callable[[Judged], bool]


def _large(item: Judged) -> bool:
    return item.face.box.side >= SCORED_FROM_PX


POPULATIONS: Mapping[str, Choice] = {
    "all": _large,
    "without unsure": lambda j: _large(j) and j.face.certainty != "unsure",
    "unsure alone": lambda j: _large(j) and j.face.certainty == "unsure",
    "tiny alone": lambda j: j.face.certainty == "tiny",
    "any size": lambda _: True,
}
"""Faces of at least `SCORED_FROM_PX`, but for the last two."""


def _between(value: Callable[[Judged], float], low: float, high: float) -> Choice:
    return lambda item: low <= value(item) < high


def _size(item: Judged) -> float:
    return item.face.box.side


def _brightness(item: Judged) -> float:
    return item.case.looks.brightness


def _sharpness(item: Judged) -> float:
    return item.case.looks.sharpness


def _hard(name: str) -> Choice:
    return lambda item: _large(item) and item.face.slice == name


SLICES: Mapping[str, Choice] = {
    "size 16-24": _between(_size, 16, 24),
    "size 24-32": _between(_size, 24, 32),
    "size 32-64": _between(_size, 32, 64),
    "size 64-128": _between(_size, 64, 128),
    "size >=128": _between(_size, 128, math.inf),
    **{f"no mask, {name}": _hard(name) for name in ("hand", "beard", "scarf", "object")},
    "dark": lambda j: _large(j) and _brightness(j) < DARK,
    "medium light": lambda j: _large(j) and DARK <= _brightness(j) < BRIGHT,
    "bright": lambda j: _large(j) and _brightness(j) >= BRIGHT,
    "blurred": lambda j: _large(j) and _sharpness(j) < BLURRED,
    "medium sharp": lambda j: _large(j) and BLURRED <= _sharpness(j) < SHARP,
    "sharp": lambda j: _large(j) and _sharpness(j) >= SHARP,
}


def evaluate_classifier(judged: Sequence[Judged], seed: int, repeats: int = 1000) -> dict[str, Any]:
    """All numbers of a classifier on one set of labelled faces, ready for JSON.

    Args:
        judged: from `outcomes.judge`.
        seed: of the bootstrap intervals, which are given for whole populations only.
        repeats: draws of each interval.

    Returns:
        ``populations`` and ``slices`` (scores each), ``labels`` with their confusion, and
        ``unreadable``: how many of the faces that nobody could tell are read as ``unknown``.
    """
    everything = outcomes([item for item in judged if _large(item)])
    return {
        "min_face_px": SCORED_FROM_PX,
        "populations": {
            name: scores(_chosen(judged, choice), seed, repeats)
            for name, choice in POPULATIONS.items()
        },
        "slices": {name: scores(_chosen(judged, choice)) for name, choice in SLICES.items()},
        "labels": _label_scores(everything),
        "unreadable": _unreadable(judged),
    }


def _chosen(judged: Sequence[Judged], choice: Choice) -> Outcomes:
    return outcomes([item for item in judged if choice(item)])


def _label_scores(o: Outcomes) -> dict[str, Any]:
    confusion = label_confusion(o)
    each = class_scores(confusion)
    return {
        "order": list(LABELS),
        "confusion": confusion.tolist(),
        "precision": np.asarray(each.precision).tolist(),
        "recall": np.asarray(each.recall).tolist(),
        "f1": np.asarray(each.f1).tolist(),
    }


def _unreadable(judged: Sequence[Judged]) -> dict[str, Any]:
    unknown = [item for item in judged if item.face.state is State.UNKNOWN]
    caught = sum(item.reading.state is State.UNKNOWN for item in unknown)
    return {"faces": len(unknown), "unknown_rate": share(caught, len(unknown))}


def classifier_markdown(result: Mapping[str, Any], title: str) -> str:
    """The numbers of `evaluate_classifier` as tables."""
    populations = result["populations"]
    whole = [
        [name, *(with_interval(population[name]) for population in populations.values())]
        for name in SCORES
    ]
    header = ["score", *(f"{name} ({p['faces']})" for name, p in populations.items())]
    columns = ("side_accuracy", "side_accuracy_forced", "state_macro_f1", "side_ece")
    slices = [
        [
            name,
            str(entry["faces"]),
            *(number(entry[column]["value"]) for column in columns),
            number(entry["unknown_rate"]["value"]),
        ]
        for name, entry in result["slices"].items()
    ]
    labels = result["labels"]
    confusion = [
        [name, *(str(count) for count in row), number(precision), number(recall), number(f1)]
        for name, row, precision, recall, f1 in zip(
            labels["order"],
            labels["confusion"],
            labels["precision"],
            labels["recall"],
            labels["f1"],
            strict=True,
        )
    ]
    unreadable = result["unreadable"]
    return (
        f"# {title}\n\n"
        f"Faces of at least {result['min_face_px']:g} px; 95 % intervals by bootstrap over "
        "groups of pictures. Plain names count `unknown` as wrong, `decided` leaves it out, "
        "`forced` takes the likeliest state instead.\n\n"
        f"{table(header, whole)}\n"
        f"Of {unreadable['faces']} faces that nobody could tell, "
        f"{number(unreadable['unknown_rate'])} are read as `unknown`.\n\n"
        f"{table(['slice', 'faces', *columns, 'unknown_rate'], slices)}\n"
        "Label in rows, reading in columns:\n\n"
        f"{table(['', *labels['order'], 'precision', 'recall', 'F1'], confusion)}"
    )
