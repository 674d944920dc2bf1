"""Finding and judging together as COCO scores it: AP50 and mAP of the three states, recall by size.

The counting is that of faster-coco-eval, a maintained re-implementation of the COCO programs.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster
from numpy.typing import NDArray

from maskwatch.faces.base import FaceDetector
from maskwatch.types import Box, State
from maskwatch_train.data.labelled import LabelledImage
from maskwatch_train.evaluate.cases import BANDS, SCORED_FROM_PX
from maskwatch_train.evaluate.judging.predictions import Predictions
from maskwatch_train.evaluate.outcomes import Judge, forced_state
from maskwatch_train.evaluate.scoring.detector import band_name
from maskwatch_train.pictures import frame_of

CATEGORIES = {State.MASK: 1, State.INCORRECT: 2, State.NO_MASK: 3}
ANY_STATE = "face of any state"
MAX_DETECTIONS = 100
LARGEST_PX = 1e5


@dataclass(frozen=True, slots=True)
class Located:
    """One face that was found and judged."""

    box: Box
    score: float
    """Confidence of the detector."""
    state: State
    """The `forced_state`: ``unknown`` is a decision of the product; average precision asks for the
    best guess."""


def locate(
    images: Iterable[LabelledImage], detector: FaceDetector, classifier: Judge
) -> list[list[Located]]:
    """What a detector finds in each picture, with the likeliest state of each face.

    Raises:
        DataError: a picture cannot be read.
    """
    found = []
    for image in images:
        frame = frame_of(image.path)
        faces = detector(frame)
        found.append(
            [
                Located(face.box, face.score, forced_state(reading))
                for face, reading in zip(faces, classifier(frame, faces), strict=True)
            ]
        )
    return found


def located_by(predictions: Predictions, images: Sequence[LabelledImage]) -> list[list[Located]]:
    """What a file of predictions found in each picture: its entries with a box and a score.

    Raises:
        DataError: a prediction fits several pictures.
    """
    said = predictions.about(image.path for image in images)
    return [
        [
            Located(face.box, face.score, forced_state(face.answer))
            for face in said[image.path]
            if face.box is not None and face.score is not None
        ]
        for image in images
    ]


def evaluate_detection(
    images: Sequence[LabelledImage],
    found: Sequence[Sequence[Located]],
    min_face_px: float = SCORED_FROM_PX,
    lowest_score: float | None = None,
    threshold: float | None = None,
) -> dict[str, Any]:
    """Average precision of each state and of all, and recall by size of face.

    Faces of state ``unknown`` are COCO's crowds: what hits them neither counts nor costs.

    Args:
        images: labelled pictures.
        found: what was found in each of them.
        min_face_px: smaller faces and detections count in the recall by size only.
        lowest_score: of what was looked for; None where nobody knows.
        threshold: score from which the detector finds faces where it is used; None if it has none.

    Returns:
        Ready for JSON. ``average_precision``: for each state, for their ``mean`` and for a
        ``face of any state``, ``ap`` (IoU 0.50 to 0.95), ``ap50`` and ``ap75``;
        ``recall_by_size`` at IoU 0.5, whatever the state, of all that was found, and with a
        threshold also ``recall_at_threshold``, of what the detector finds where it is used.
    """
    bands = {"counted": (min_face_px, math.inf)}
    states = _run(images, found, lambda state: CATEGORIES.get(state), bands)
    sizes = {band_name(low, high): (low, high) for low, high in itertools.pairwise(BANDS)}
    anyone = _run(images, found, lambda _: 1, bands | sizes)
    surer = [[item for item in items if item.score >= (threshold or 0)] for items in found]
    used = _run(images, surer, lambda _: 1, bands | sizes) if threshold is not None else None
    faces = [face for image in images for face in image.faces if face.state in CATEGORIES]
    large = [face for face in faces if face.box.side >= min_face_px]
    precision = {
        state.value: {"faces": sum(face.state is state for face in large)}
        | _precision(states, index)
        for index, state in enumerate(CATEGORIES)
    }
    each = list(precision.values())
    mean = {k: _mean([entry[k] for entry in each]) for k in ("ap", "ap50", "ap75")}
    return {
        "library": f"faster-coco-eval {version('faster-coco-eval')}",
        "pictures": len(images),
        "faces": len(large),
        "min_face_px": min_face_px,
        "max_detections": MAX_DETECTIONS,
        "lowest_score": lowest_score,
        "threshold": threshold,
        "average_precision": precision
        | {
            "mean": {"faces": len(large), **mean},
            ANY_STATE: {"faces": len(large), **_precision(anyone, 0)},
        },
        "recall_by_size": {
            name: {
                "faces": sum(low <= face.box.side < high for face in faces),
                "recall": _value(anyone["recall"][0, 0, 2 + index, -1]),
            }
            | ({"recall_at_threshold": _value(used["recall"][0, 0, 2 + index, -1])} if used else {})
            for index, (name, (low, high)) in enumerate(sizes.items())
        },
    }


def _run(
    images: Sequence[LabelledImage],
    found: Sequence[Sequence[Located]],
    category: Callable[[State], int | None],
    bands: dict[str, tuple[float, float]],
) -> dict[str, NDArray[np.float64]]:
    """Precision ``(IoU, recall, category, 1 + band, limit)`` and recall without the second axis."""
    categories = sorted({category(state) for state in CATEGORIES} - {None})  # type: ignore[type-var]
    truth = [
        _entry(number, face.box, one, crowd=face.state is State.UNKNOWN)
        for number, image in enumerate(images)
        for face in image.faces
        for one in (categories if face.state is State.UNKNOWN else [category(face.state)])
    ]
    detections = [
        _entry(number, item.box, category(item.state)) | {"score": item.score}
        for number, items in enumerate(found)
        for item in items
        if item.state in CATEGORIES or len(categories) == 1
    ]
    wanted = _coco(len(images), categories, truth)
    # An area is the square of a face's size here, so that COCO's limits of area are ours of size.
    # COCO's limits belong to both sides; ours only to the upper one.
    ranges = {
        name: [low**2, (min(high, LARGEST_PX) - 1e-6) ** 2] for name, (low, high) in bands.items()
    }
    ranges["everything"] = [0, LARGEST_PX**2]
    found_as_coco = _coco(len(images), categories, detections)
    scored = COCOeval_faster(wanted, found_as_coco, "bbox", ranges)
    scored.params.maxDets = [MAX_DETECTIONS]
    scored.evaluate()
    scored.accumulate()
    return {key: np.asarray(scored.eval[key]) for key in ("precision", "recall")}


def _coco(images: int, categories: Sequence[Any], entries: list[dict[str, Any]]) -> COCO:
    return COCO(
        {
            "info": {},
            "images": [{"id": 1 + number, "width": 1, "height": 1} for number in range(images)],
            "categories": [{"id": number, "name": str(number)} for number in categories],
            "annotations": [{"id": 1 + i, **entry} for i, entry in enumerate(entries)],
        }
    )


def _entry(picture: int, box: Box, category: int | None, crowd: bool = False) -> dict[str, Any]:
    return {
        "image_id": 1 + picture,
        "category_id": category,
        "bbox": [box.x0, box.y0, box.width, box.height],
        "area": box.side**2,
        "iscrowd": int(crowd),
    }


def _precision(result: dict[str, NDArray[np.float64]], index: int) -> dict[str, Any]:
    table = result["precision"][:, :, index, 1, -1]  # IoU 0.50, 0.55 .. 0.95 in rows
    return {"ap": _value(table), "ap50": _value(table[0]), "ap75": _value(table[5])}


def _value(values: NDArray[np.float64]) -> float:
    """COCO's mean, in which -1 stands for what has no faces."""
    known = np.asarray(values)[np.asarray(values) > -1]
    return float(known.mean()) if known.size else float("nan")


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else float("nan")
