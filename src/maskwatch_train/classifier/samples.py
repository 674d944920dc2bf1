"""One face with room around it: what training crops are cut from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from maskwatch.geometry import box_array, overlap_of_smaller
from maskwatch.masks.labels import UNREADABLE_INDEX, label_index
from maskwatch.masks.preprocess import crop_face
from maskwatch.types import Box, Face, Fault, Image, Landmarks, State
from maskwatch_train.data.faces import in_window
from maskwatch_train.synthesis import WearKind, has_room

CONTEXT_MARGIN = 0.7
"""Room kept around a face, as a fraction of its longer side, for shifts, turns and scale."""
CONTEXT_SIZE = 240
"""Side of a stored sample: a face's longer side is then 100 px, more than any input shows."""
MAX_FACE_OVERLAP = 0.1
"""A square counts as background when it shares less than this with every face."""
MIN_MISTAKEN_PX = 24
"""Smaller things that look like a face may well be one."""


class Source(Enum):
    """What a sample was cut from."""

    BOX = "box"
    """A face with a labelled box."""
    PORTRAIT = "portrait"
    """A picture that is labelled as a whole; a detector found the face."""
    BACKGROUND = "background"
    """A picture beside its faces."""
    LOOK_ALIKE = "look-alike"
    """What was taken for a face and is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A stored face.

    Attributes:
        image: ``(240, 240, 3)`` uint8 BGR; the face's longer side is 100 px, in the middle.
        face: its box and landmarks in pixels of ``image``; landmarks None where unknown.
        label: index into ``maskwatch.masks.labels.LABELS``.
        shown: what of ``image`` the picture really shows; beyond, its border is repeated.
        size: shorter side of the face in pixels of its original picture.
        source: what it was cut from.
    """

    image: Image
    face: Face
    label: int
    shown: Box
    size: float
    source: Source

    @property
    def has_labelled_box(self) -> bool:
        """True when people drew the box, and not a detector."""
        return self.source is Source.BOX and self.label != UNREADABLE_INDEX

    @property
    def is_bare(self) -> bool:
        """True when a synthetic mask can be drawn on it."""
        no_mask = label_index(State.NO_MASK, None)
        return self.label == no_mask and self.face.landmarks is not None

    def has_room(self, kind: WearKind) -> bool:
        """True when a mask drawn this way lies in what the picture shows; needs landmarks."""
        x0, y0, x1, y1 = (int(v) for v in self.shown)
        if self.face.landmarks is None:
            raise ValueError("a face without landmarks has no room for a drawn mask")
        return has_room(self.image[y0:y1, x0:x1], in_window(self.face, x0, y0), kind)


def cut_sample(
    image: Image,
    box: Box,
    state: State,
    fault: Fault | None,
    landmarks: Landmarks | None,
    source: Source,
) -> Sample:
    """Cuts a face out of its picture.

    Args:
        image: the whole picture.
        box: the face in pixels of it.
        state: how the mask is worn; ``unknown`` becomes ``unreadable``.
        fault: set when the state is ``incorrect``.
        landmarks: in pixels of it, or None where unknown.
        source: what it is cut from.
    """
    cut = crop_face(image, box, CONTEXT_MARGIN, CONTEXT_SIZE)
    longer = max(box.width, box.height)
    scale = CONTEXT_SIZE / (longer * (1 + 2 * CONTEXT_MARGIN))
    left, top = (middle - CONTEXT_SIZE / scale / 2 for middle in box.middle)
    height, width = image.shape[:2]
    shown = Box(
        *(
            float(np.clip(v * scale, 0, CONTEXT_SIZE))
            for v in (-left, -top, width - left, height - top)
        )
    )
    face = in_window(Face(box, 1.0, landmarks), left, top, scale)
    return Sample(cut, face, label_index(state, fault), shown, box.side, source)


def faceless_samples(image: Image, boxes: Iterable[Box], source: Source) -> list[Sample]:
    """What may pass for a face and is none, labelled ``unreadable``."""
    return [
        cut_sample(image, box, State.UNKNOWN, None, None, source)
        for box in boxes
        if box.side >= MIN_MISTAKEN_PX
    ]


def mistaken_samples(
    image: Image, faces: NDArray[np.float32], seen: Sequence[Face], below: float
) -> list[Sample]:
    """What a detector half takes for a face and people did not label: hands, arms, lamps.

    Args:
        image: the whole picture.
        faces: ``(G, 4)`` labelled faces.
        seen: the detector's findings.
        below: only those with a lower score; above, many are faces that nobody labelled.

    Returns:
        Samples labelled ``unreadable``.
    """
    doubtful = [face.box for face in seen if face.score < below]
    apart = (overlap_of_smaller(box_array(doubtful), faces) < MAX_FACE_OVERLAP).all(axis=1)
    boxes = (doubtful[i] for i in np.flatnonzero(apart))
    return faceless_samples(image, boxes, Source.BACKGROUND)


def background_samples(
    image: Image,
    faces: NDArray[np.float32],
    count: int,
    rng: np.random.Generator,
) -> list[Sample]:
    """Squares of a picture with no face in them, labelled ``unreadable``.

    Args:
        image: the whole picture.
        faces: ``(G, 4)`` everything that may be a face.
        count: how many are wanted; crowded pictures give fewer.
        rng: decides where.
    """
    height, width = image.shape[:2]
    samples: list[Sample] = []
    for _ in range(4 * count):
        if len(samples) == count:
            break
        side = float(np.exp(rng.uniform(np.log(24), np.log(max(min(height, width) / 2, 25)))))
        x = float(rng.uniform(0, max(width - side, 1)))
        y = float(rng.uniform(0, max(height - side, 1)))
        box = Box(x, y, x + side * 0.82, y + side)
        # Of the smaller one: a square inside a large face overlaps little of that face.
        overlap = overlap_of_smaller(np.array([box], dtype=np.float32), faces)
        if (overlap < MAX_FACE_OVERLAP).all():
            samples.append(cut_sample(image, box, State.UNKNOWN, None, None, Source.BACKGROUND))
    return samples
