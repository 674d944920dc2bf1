"""The worst mistakes: the faces whose right state was thought least likely."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import cv2

from maskwatch.masks.preprocess import crop_face
from maskwatch.types import State
from maskwatch_train.evaluate.outcomes import Judged
from maskwatch_train.pictures import read_picture

MARGIN = 0.35
"""Room around a face in the gallery, as a fraction of its longer side: context tells more."""
SIDE_PX = 144


def worst(judged: Sequence[Judged], min_face_px: float) -> list[Judged]:
    """Faces whose state was read wrongly, worst first; ``unknown`` is no mistake of this kind."""
    wrong = [
        item
        for item in judged
        if State.UNKNOWN not in (item.face.state, item.reading.state)
        and item.reading.state is not item.face.state
        and item.case.size >= min_face_px
    ]
    return sorted(wrong, key=_chance_of_truth)


def _chance_of_truth(item: Judged) -> float:
    given = item.reading.probabilities
    return 0.0 if given is None else given.of(item.face.state)


def described(item: Judged, name: str) -> dict[str, Any]:
    """A mistake, ready for JSON.

    Args:
        item: the face.
        name: that tells its picture from all others.
    """
    label, reading = item.face, item.reading
    given = reading.probabilities
    return {
        "set": item.case.source,
        "picture": name,
        "box": [round(value, 1) for value in item.case.box],
        "label": label.fault.value if label.fault else label.state.value,
        "read": reading.fault.value if reading.fault else reading.state.value,
        "certainty": label.certainty,
        "probabilities": None
        if given is None
        else {k: float(v) for k, v in given._asdict().items()},
    }


def picture_of(item: Judged) -> str:
    """The face with room around it as a JPEG in a data URI.

    Raises:
        DataError: the picture cannot be read.
    """
    crop = crop_face(read_picture(item.case.picture), item.case.box, MARGIN, SIDE_PX)
    _, encoded = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, 80])
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode()
