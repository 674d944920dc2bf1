"""How a detector's boxes lie on the labelled ones: two ways of drawing a box cost overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskwatch.geometry import iou_matrix
from maskwatch.metrics.detection import match
from maskwatch.types import State
from maskwatch_train.data.labelled import LabelledFace, LabelledImage
from maskwatch_train.evaluate.detector import STATES, DetectorRun, Found
from maskwatch_train.evaluate.report import number, table


class BoxStyle(NamedTuple):
    """Medians over matched boxes; edges as shares of the label's width or height."""

    faces: int
    left: float
    """Positive where the detection's edge lies further right than the label's."""
    top: float
    """Positive where the detection's edge lies further down."""
    right: float
    bottom: float
    width: float
    """Detection over label."""
    height: float
    iou: float


def box_style(
    images: Sequence[LabelledImage],
    run: DetectorRun,
    state: State | None,
    min_size: float,
    min_score: float,
    iou: float = 0.3,
) -> BoxStyle:
    """Compares a run's boxes with the labels that they match.

    Args:
        images: labelled pictures.
        run: of them.
        state: faces of this state; None for all but ``unknown``.
        min_size: least size of a face in pixels.
        min_score: least score of a detection.
        iou: least overlap of a match; low, since a difference in style is what is looked for.

    Returns:
        NaN medians when nothing matches.
    """
    rows = [
        row
        for image, found in zip(images, run.found, strict=True)
        for face, row in _compared(image, found, min_score, iou)
        if face.box.side >= min_size
        and (face.state is state if state else face.state is not State.UNKNOWN)
    ]
    if not rows:
        return BoxStyle(0, *[float("nan")] * 7)
    return BoxStyle(len(rows), *(float(value) for value in np.median(np.array(rows), axis=0)))


def _compared(
    image: LabelledImage, found: Found, min_score: float, iou: float
) -> Iterator[tuple[LabelledFace, NDArray[np.float64]]]:
    """Each matched face with what `BoxStyle` takes the medians of, ``(7,)``."""
    strong = found.scores >= min_score
    boxes = found.boxes[strong]
    truth = np.array([face.box for face in image.faces], dtype=np.float64).reshape(-1, 4)
    ignore = np.zeros(len(truth), dtype=bool)
    for box, index in zip(
        boxes, match(truth, ignore, boxes, found.scores[strong], iou), strict=True
    ):
        if index >= 0:
            label = truth[index]
            size = label[2:] - label[:2]
            edges = (box - label) / np.tile(size, 2)
            overlap = iou_matrix(label[None], box[None])[0]
            yield image.faces[index], np.concatenate([edges, (box[2:] - box[:2]) / size, overlap])


def box_style_markdown(styles: Sequence[tuple[str, BoxStyle]]) -> str:
    """A table with one row per name, such as a state."""
    return table(
        ["", *BoxStyle._fields],
        [[name, str(s.faces), *(number(value) for value in s[1:])] for name, s in styles],
    )


def styles_by_state(
    images: Sequence[LabelledImage], run: DetectorRun, min_size: float, min_score: float
) -> list[tuple[str, BoxStyle]]:
    """The style over all faces and over those of each state."""
    return [
        (state.value if state else "all", box_style(images, run, state, min_size, min_score))
        for state in (None, *STATES)
    ]
