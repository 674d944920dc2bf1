"""All numbers of one model on labelled faces: what the report shows and the JSON holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
    limits,
    macro_f1,
)
from maskwatch_train.evaluate.outcomes import NO_FAULT, STATES, Judged, Outcomes, outcomes
from maskwatch_train.evaluate.scoring import resample
from maskwatch_train.evaluate.scoring.curves import curves
from maskwatch_train.evaluate.scoring.scores import (
    FORCED,
    NOSE_AND_CHIN,
    OF_NOSE_AND_CHIN,
    OF_PROBABILITIES,
    OF_STATES,
    Confusions,
)
from maskwatch_train.evaluate.scoring.slices import Choice, slice_scores

CURVE_REPEATS = 300
"""At most so many draws for intervals that need the whole curve anew for each."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """How faces are counted.

    Attributes:
        min_face_px: smaller ones count in the slices of size and in two populations only.
        repeats: draws of each bootstrap interval over groups of pictures; 0 leaves the limits NaN.
    """

    min_face_px: float = SCORED_FROM_PX
    repeats: int = 1000

    @property
    def curve_repeats(self) -> int:
        """Draws of the intervals that need the whole curve anew for each."""
        return min(CURVE_REPEATS, self.repeats)


def figures(judged: Sequence[Judged], scoring: Scoring) -> dict[str, Any]:
    """Every number of a classifier.

    Returns:
        Ready for JSON: ``faces``, ``pictures``, ``headline``, ``populations`` (``faces`` and
        ``headline`` of other faces than all of at least the least size; of none, or just of
        these, nothing is told), ``states`` and ``labels`` (confusion and scores by class;
        ``labels`` is None for a model that names no faults), ``curves``, ``slices``, and
        ``unreadable``: the faces that nobody could tell. Every score has ``value``, ``low`` and
        ``high``.
    """
    large = [item for item in judged if item.case.size >= scoring.min_face_px]
    o = outcomes(large)
    populations = {
        name: [item for item in judged if choice(item.case)]
        for name, choice in _populations(scoring.min_face_px).items()
    }
    unreadable = [item for item in judged if item.face.state is State.UNKNOWN]
    return {
        "faces": len(o.state),
        "pictures": len({item.case.picture for item in large}),
        "groups": len(set(o.groups.tolist())),
        "min_face_px": scoring.min_face_px,
        "headline": headline_scores(o, scoring),
        "populations": {
            name: _population(outcomes(items), scoring)
            for name, items in populations.items()
            if items and items != large
        },
        "states": _by_class(o, scoring),
        "labels": _by_label(o, scoring),
        "curves": curves(o, scoring.curve_repeats),
        "slices": slice_scores(judged, scoring.min_face_px),
        "unreadable": {
            "faces": len(unreadable),
            "called_unknown": sum(i.reading.state is State.UNKNOWN for i in unreadable),
        },
    }


def _populations(min_face_px: float) -> dict[str, Choice]:
    """Choices of faces by how sure their labels are."""

    def large(case: Case) -> bool:
        return case.size >= min_face_px

    return {
        "without unsure": lambda c: large(c) and c.face.certainty != "unsure",
        "unsure alone": lambda c: large(c) and c.face.certainty == "unsure",
        "tiny alone": lambda c: c.face.certainty == "tiny",
        "any size": lambda _: True,
    }


def _population(o: Outcomes, scoring: Scoring) -> dict[str, Any]:
    return {"faces": len(o.state), "headline": headline_scores(o, scoring)}


def headline_scores(o: Outcomes, scoring: Scoring) -> dict[str, dict[str, float]]:
    """The scores that a model is judged by first, each with ``value``, ``low`` and ``high``.

    Those of noses and chins are there only where both the model and the labels know of any.
    """
    confusion, drawn = _confusions(o.state, o.read, len(STATES), o, scoring)
    scores = {
        name: resample.with_limits(score, confusion, drawn) for name, score in OF_STATES.items()
    }
    confusion, drawn = _confusions(o.state, o.forced, len(STATES), o, scoring)
    for name in FORCED:
        scores[f"{name}_forced"] = resample.with_limits(OF_STATES[name], confusion, drawn)
    if names_faults(o) and np.isin(o.label, NOSE_AND_CHIN).any():
        for name, chosen in OF_NOSE_AND_CHIN.items():
            scores[name] = _nose_and_chin(chosen(o), scoring)
    for name, of in OF_PROBABILITIES.items():
        scores[name] = _of_probabilities(of, o, scoring)
    return scores


def _of_probabilities(
    score: Callable[[Outcomes], float], o: Outcomes, scoring: Scoring
) -> dict[str, float]:
    def on_draw(drawn: NDArray[np.intp]) -> float:
        return score(o.take(drawn))

    interval = bootstrap_interval(on_draw, o.groups, resample.INTERVAL_SEED, scoring.curve_repeats)
    return {"value": score(o), **interval}


def _nose_and_chin(o: Outcomes, scoring: Scoring) -> dict[str, float]:
    some = o.with_labels
    confusion, drawn = _confusions(some.label, some.read_label, NO_FAULT + 1, some, scoring)
    return resample.with_limits(lambda c: macro_f1(c, NOSE_AND_CHIN), confusion, drawn)


def names_faults(o: Outcomes) -> bool:
    """Whether any reading says how a mask is worn wrongly."""
    return bool(np.isin(o.read_label, range(1, 5)).any())


def _by_class(o: Outcomes, scoring: Scoring) -> dict[str, Any]:
    *classes, unknown = [state.value for state in STATES]
    return _class_table(o.state, o.read, classes, [unknown], o, scoring)


def _by_label(o: Outcomes, scoring: Scoring) -> dict[str, Any] | None:
    if not names_faults(o):
        return None
    some = o.with_labels
    *classes, _ = LABELS
    only_read = [State.UNKNOWN.value]  # unreadable is how the network says unknown
    if (some.read_label == NO_FAULT).any():
        only_read.append(State.INCORRECT.value)
    return _class_table(some.label, some.read_label, classes, only_read, some, scoring)


def _class_table(
    truth: NDArray[np.int64],
    read: NDArray[np.int64],
    classes: Sequence[str],
    only_read: Sequence[str],
    o: Outcomes,
    scoring: Scoring,
) -> dict[str, Any]:
    order = [*classes, *only_read]
    confusion, drawn = _confusions(truth, read, len(order), o, scoring)
    found, spread = class_scores(confusion), class_scores(drawn)
    return {
        "order": order,
        "confusion": confusion.tolist(),
        "scores": {
            name: {
                "faces": int(confusion[index].sum()),
                **{
                    measure: {
                        "value": float(getattr(found, measure)[index]),
                        **limits(getattr(spread, measure)[:, index]),
                    }
                    for measure in ("precision", "recall", "f1")
                },
            }
            for index, name in enumerate(classes)
        },
    }


def _confusions(
    truth: NDArray[np.int64],
    read: NDArray[np.int64],
    classes: int,
    o: Outcomes,
    scoring: Scoring,
) -> tuple[Confusions, Confusions]:
    """That of all faces, and those of all draws."""
    drawn = resample.drawn_confusions(truth, read, classes, o.groups, scoring.repeats)
    return confusion_matrix(truth, read, classes), drawn
