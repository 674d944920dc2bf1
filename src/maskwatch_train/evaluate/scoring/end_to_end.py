"""Detector and classifier together: is each person found and put on the right side?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwatch.faces.base import FaceDetector
from maskwatch.geometry import box_array
from maskwatch.masks.base import MaskClassifier
from maskwatch.pipeline import read_faces
from maskwatch.types import MaskReading, State
from maskwatch_train.data.labelled import LabelledFace, LabelledImage
from maskwatch_train.evaluate.cases import SCORED_FROM_PX
from maskwatch_train.evaluate.metrics.classification import bootstrap_interval
from maskwatch_train.evaluate.metrics.detection import UNMATCHED, match
from maskwatch_train.evaluate.outcomes import is_right_side
from maskwatch_train.evaluate.scoring.report import number, share, table, with_interval
from maskwatch_train.evaluate.scoring.resample import INTERVAL_SEED
from maskwatch_train.pictures import frame_of

IOU = 0.5


@dataclass(frozen=True, slots=True)
class Seen:
    """One labelled face and what the two stages made of it."""

    group: str
    face: LabelledFace
    reading: MaskReading | None
    """None where the face was not found."""


@dataclass(frozen=True, slots=True)
class SeenSet:
    """All labelled faces of a set, and the readings that belong to none of them."""

    images: int
    faces: tuple[Seen, ...]
    strays: tuple[MaskReading, ...]
    """Readings of detections that hit nothing labelled."""


def see_images(
    detector: FaceDetector, classifier: MaskClassifier, images: Iterable[LabelledImage]
) -> SeenSet:
    """Runs both stages over pictures with labelled boxes; matches the readings at `IOU`.

    Faces that nobody could tell (``unknown``) are ignored: neither found nor missed.

    Raises:
        DataError: a picture cannot be read.
    """
    seen: list[Seen] = []
    strays: list[MaskReading] = []
    count = 0
    for image in images:
        count += 1
        frame = frame_of(image.path)
        readings = read_faces(frame, detector(frame), classifier)
        faces = [reading.face for reading in readings]
        truth = box_array(face.box for face in image.faces)
        unknown = np.array([face.state is State.UNKNOWN for face in image.faces], dtype=bool)
        boxes = box_array(face.box for face in faces)
        scores = np.array([face.score for face in faces], dtype=np.float64)
        matched = match(truth, unknown, boxes, scores, IOU).tolist()
        of_face = dict(zip(matched, readings, strict=True))
        seen += [
            Seen(image.group, face, of_face.get(index))
            for index, face in enumerate(image.faces)
            if face.state is not State.UNKNOWN
        ]
        strays += [r for index, r in zip(matched, readings, strict=True) if index == UNMATCHED]
    return SeenSet(count, tuple(seen), tuple(strays))


Choice = Callable[[Seen], bool]


def _found(item: Seen) -> bool:
    return item.reading is not None


def _is_right(item: Seen) -> bool:
    return item.reading is not None and is_right_side(item.reading.state, item.face.state)


def _is_violation(item: Seen) -> bool:
    return item.reading is not None and item.reading.state.is_violation


def _is_incorrect(item: Seen) -> bool:
    return item.reading is not None and item.reading.state is State.INCORRECT


def _has_right_fault(item: Seen) -> bool:
    return item.reading is not None and item.reading.fault is item.face.fault


def _is_unknown(item: Seen) -> bool:
    return item.reading is not None and item.reading.state is State.UNKNOWN


def _everything(_: Seen) -> bool:
    return True


def _of_state(state: State) -> Choice:
    return lambda item: item.face.state is state


SHARES: Mapping[str, tuple[Choice, Choice]] = {
    "found": (_everything, _found),
    "found and right side": (_everything, _is_right),
    "found, but unknown": (_everything, _is_unknown),
    "mask: right side": (_of_state(State.MASK), _is_right),
    "no mask: right side": (_of_state(State.NO_MASK), _is_right),
    "worn wrongly: found": (_of_state(State.INCORRECT), _found),
    "worn wrongly: comes out as violation": (_of_state(State.INCORRECT), _is_violation),
    "worn wrongly: comes out as incorrect": (_of_state(State.INCORRECT), _is_incorrect),
    "worn wrongly in a known way: right fault": (
        lambda item: item.face.fault is not None,
        _has_right_fault,
    ),
}
"""Of which labelled faces, which share. A face that is not found is never right."""


def evaluate_end_to_end(seen: SeenSet, repeats: int = 1000) -> dict[str, Any]:
    """All numbers of a detector with a classifier on one set, ready for JSON.

    Args:
        seen: from `see_images`.
        repeats: draws of each bootstrap interval over groups of pictures.

    Returns:
        ``shares`` of the faces of at least `SCORED_FROM_PX`, each with ``faces``, ``value``,
        ``low``, ``high`` (95 %); and ``stray_violations_per_image``: detections of that size that
        hit nothing labelled and are read as violations.
    """
    large = [item for item in seen.faces if item.face.box.side >= SCORED_FROM_PX]
    strays = sum(
        reading.state.is_violation and reading.face.box.side >= SCORED_FROM_PX
        for reading in seen.strays
    )
    return {
        "images": seen.images,
        "min_face_px": SCORED_FROM_PX,
        "iou": IOU,
        "shares": {
            name: _share([item for item in large if of(item)], which, repeats)
            for name, (of, which) in SHARES.items()
        },
        "stray_violations_per_image": share(strays, seen.images),
    }


def _share(items: Sequence[Seen], which: Choice, repeats: int) -> dict[str, Any]:
    chosen = np.array([which(item) for item in items], dtype=bool)
    groups = np.array([item.group for item in items], dtype=np.str_)
    interval = bootstrap_interval(
        lambda drawn: share(int(chosen[drawn].sum()), len(drawn)), groups, INTERVAL_SEED, repeats
    )
    value = share(int(chosen.sum()), len(items))
    return {"faces": len(items), "value": value, **interval}


def end_to_end_markdown(results: Mapping[str, Mapping[str, Any]], title: str) -> str:
    """Several results of `evaluate_end_to_end` side by side, by name."""
    first = next(iter(results.values()))
    rows = [
        [
            f"{name} ({entry['faces']})",
            *(with_interval(result["shares"][name]) for result in results.values()),
        ]
        for name, entry in first["shares"].items()
    ]
    strays = [number(result["stray_violations_per_image"]) for result in results.values()]
    rows.append(["unlabelled, read as violation, per picture", *strays])
    return (
        f"# {title}\n\n{first['images']} pictures, faces of at least {first['min_face_px']:g} px, "
        f"found at IoU {first['iou']:g}; 95 % intervals by bootstrap over groups of pictures. "
        "`unknown` counts as not right.\n\n" + table(["share (of faces)", *results], rows)
    )
