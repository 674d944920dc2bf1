"""The few figures of a report that belong on a model card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CARD_IOU = "0.5"
CARD_THRESHOLD = "0.5"
"""Score from which the detections count whose recall is told by the size of faces."""
CARD_SCORES = (
    "side_accuracy_decided",
    "state_macro_f1_decided",
    "nose_chin_macro_f1_decided",
    "state_ece",
    "unknown_rate",
)


def headline(report: Mapping[str, Any], detector: str) -> dict[str, Any]:
    """Figures of a report of ``evaluate`` or those beside it, rounded to three digits.

    Args:
        report: as the verb wrote it.
        detector: name of the detector whose figures are wanted, where several are compared.

    Raises:
        ValueError: it is none of these reports, or the detector is not in it.
    """
    try:
        if "detectors" in report:
            return _of_detector(report, detector)
        if "classification" in report:
            told = report["classification"]
            return _of_classifier(told["faces"], told["headline"], told["slices"])
        if "shares" in report:
            shares = report["shares"].items()
            return {name: _rounded(entry["value"]) for name, entry in shares}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a report as the verbs write it: {error!r}") from error
    raise ValueError("not a report of a detector, a classifier, or both together")


def _of_detector(report: Mapping[str, Any], name: str) -> dict[str, Any]:
    ours = next((entry for entry in report["detectors"] if entry["name"] == name), None)
    if ours is None:
        raise ValueError(f"the detector {name!r} is not in it")
    at = ours["iou"][CARD_IOU]
    figures: dict[str, Any] = {"average precision": _rounded(at["average_precision"])}
    for threshold, entry in at["score"].items():
        figures[f"recall at score {threshold}"] = _rounded(entry["recall"])
        figures[f"unmatched per picture at {threshold}"] = _rounded(entry["unmatched_per_image"])
    bands = at["score"][CARD_THRESHOLD]["recall_by_band"]
    return {**figures, **{f"recall {band} px": _rounded(b["recall"]) for band, b in bands.items()}}


def _of_classifier(
    faces: int, scores: Mapping[str, Any], slices: Mapping[str, Any]
) -> dict[str, Any]:
    # A model that names no faults has no score of them.
    figures = {name: _rounded(scores[name]["value"]) for name in CARD_SCORES if name in scores}
    # A slice that holds every face says nothing of its own.
    by_slice = {
        f"{name} ({entry['faces']} faces)": _rounded(entry["side_accuracy"]["value"])
        for name, entry in slices.items()
        if entry["faces"] < faces
    }
    return {"faces": faces, **figures, "side accuracy by slice": by_slice}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
