"""How well a mask classifier judges labelled faces: whole sets, slices of them, both as tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwatch.masks.labels import LABELS
from maskwatch.types import State
from maskwatch_train.evaluate.cases import SCORED_FROM_PX, Case
from maskwatch_train.evaluate.metrics.classification import (
    bootstrap_interval,
    class_scores,
    confusion_matrix,
    macro_f1,
)
from maskwatch_train.evaluate.outcomes import STATES, Judged, Outcomes, outcomes
from maskwatch_train.evaluate.scoring.report import number, share, table, with_interval
from maskwatch_train.evaluate.scoring.scores import NOSE_AND_CHIN, OF_PROBABILITIES, OF_STATES
from maskwatch_train.evaluate.scoring.slices import HARD_NEGATIVES, NAMES, Choice, choices


def _large(case: Case) -> bool:
    return case.size >= SCORED_FROM_PX


POPULATIONS: Mapping[str, Choice] = {
    "all": _large,
    "without unsure": lambda c: _large(c) and c.face.certainty != "unsure",
    "unsure alone": lambda c: _large(c) and c.face.certainty == "unsure",
    "tiny alone": lambda c: c.face.certainty == "tiny",
    "any size": lambda _: True,
}
"""Faces of at least `SCORED_FROM_PX`, but for the last two."""
_HARD = {f"hard/{name}" for name in (*HARD_NEGATIVES, "object")}
SLICES = tuple(
    name for name in NAMES if name.startswith(("size/", "light/", "blur/")) or name in _HARD
)


def _of_states(name: str, o: Outcomes, read: NDArray[np.int64]) -> float:
    return float(OF_STATES[name](confusion_matrix(o.state, read, len(STATES))[None])[0])


def _of_faults(o: Outcomes, faults: tuple[int, ...]) -> float:
    return float(macro_f1(_label_confusion(o), faults))


Score = Callable[[Outcomes], float]

SCORES: Mapping[str, Score] = {
    "side_accuracy": lambda o: _of_states("side_accuracy", o, o.read),
    "side_accuracy_decided": lambda o: _of_states("side_accuracy_decided", o, o.read),
    "side_accuracy_forced": lambda o: _of_states("side_accuracy", o, o.forced),
    "state_macro_f1": lambda o: _of_states("state_macro_f1", o, o.read),
    "state_macro_f1_decided": lambda o: _of_states("state_macro_f1_decided", o, o.read),
    "state_macro_f1_forced": lambda o: _of_states("state_macro_f1", o, o.forced),
    "nose_chin_macro_f1": lambda o: _of_faults(o, NOSE_AND_CHIN),
    "nose_chin_macro_f1_decided": lambda o: _of_faults(o.decided, NOSE_AND_CHIN),
    "nose_out_f1": lambda o: _of_faults(o, NOSE_AND_CHIN[:1]),
    "under_chin_f1": lambda o: _of_faults(o, NOSE_AND_CHIN[1:]),
    **OF_PROBABILITIES,
    "unknown_rate": lambda o: _of_states("unknown_rate", o, o.read),
}
"""Plain names count ``unknown`` as wrong; ``decided`` leaves it out; ``forced`` takes the likeliest
state instead. Calibration and risk are those of the probabilities, said or not."""


def scores(o: Outcomes, seed: int | None = None, repeats: int = 1000) -> dict[str, object]:
    """All `SCORES` of some faces, ready for JSON.

    Args:
        o: the faces.
        seed: of bootstrap intervals over groups; None gives none.
        repeats: draws of each interval.

    Returns:
        ``faces`` and, for each score, ``{"value": ..}`` with ``low`` and ``high`` (95 %) when
        there is a seed.
    """
    result: dict[str, object] = {"faces": len(o.state)}
    for name, score in SCORES.items():
        entry = {"value": score(o)}
        if seed is not None:
            entry |= bootstrap_interval(_on_draw(score, o), o.groups, seed, repeats)._asdict()
        result[name] = entry
    return result


def _on_draw(score: Score, o: Outcomes) -> Callable[[NDArray[np.intp]], float]:
    return lambda drawn: score(o.take(drawn))


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
    slices = choices((), SCORED_FROM_PX)
    return {
        "min_face_px": SCORED_FROM_PX,
        "populations": {
            name: scores(_chosen(judged, choice), seed, repeats)
            for name, choice in POPULATIONS.items()
        },
        "slices": {name: scores(_chosen(judged, slices[name])) for name in SLICES},
        "labels": _label_scores(_chosen(judged, _large)),
        "unreadable": _unreadable(judged),
    }


def _chosen(judged: Sequence[Judged], choice: Choice) -> Outcomes:
    return outcomes([item for item in judged if choice(item.case)])


def _label_confusion(o: Outcomes) -> NDArray[np.int64]:
    """``(7, 7)`` in the order of ``LABELS``; where a fault is not known or not said, left out."""
    some = o.with_labels
    return confusion_matrix(some.label, some.read_label, len(LABELS))


def _label_scores(o: Outcomes) -> dict[str, Any]:
    confusion = _label_confusion(o)
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
