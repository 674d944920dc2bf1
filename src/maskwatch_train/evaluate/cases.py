"""The labelled faces that models are asked about, with what makes each of them easy or hard."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from maskwatch.faces.base import FaceDetector
from maskwatch.masks.preprocess import crop_face
from maskwatch.masks.quality import nose_offset
from maskwatch.types import Box, Face, Frame, Image
from maskwatch_train.data.faces import face_at, face_of
from maskwatch_train.data.labelled import LabelledFace, LabelledImage, LabelledPicture
from maskwatch_train.data.manifest import global_group
from maskwatch_train.data.sets import LabelledSet
from maskwatch_train.pictures import frame_of, whole_of

SCORED_FROM_PX = 32.0
"""Least size of the faces that scores are of, unless somebody asks for another: labels of smaller
ones are guesses too often."""
BANDS = (0.0, 16.0, 24.0, 32.0, 64.0, 128.0, math.inf)
"""Limits of the face sizes in pixels that scores are listed for."""
APPEARANCE_SIZE = 64
"""Side in pixels that a face is scaled to before its light and sharpness are measured."""
LOWER_FACE = (slice(40, 60), slice(16, 48))
"""Rows and columns of a face at `APPEARANCE_SIZE` that a worn mask covers."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """What can be measured of a face without asking a model about its mask."""

    brightness: float
    """Mean grey value of the box, 0 to 255."""
    sharpness: float
    """Variance of the Laplacian of the grey box at `APPEARANCE_SIZE`; low for blurred faces."""
    lower_brightness: float = float("nan")
    """Mean grey value where a mask would be, 0 to 255."""
    turn: float = float("nan")
    """`maskwatch.masks.quality.nose_offset`: 0 from the front, 1 and more in profile. NaN where
    no detector found the face."""


@dataclass(frozen=True, slots=True)
class Case:
    """One labelled face of a set."""

    source: str
    """Name of the set."""
    picture: Path
    index: int
    """Place among the labelled faces of the picture."""
    group: str
    """Near-duplicates share a `global_group`, so that two sets that number theirs share none."""
    face: LabelledFace
    box: Box
    """Where to look: the label's box, or that of the face that a portrait is about; where none was
    found in a portrait, all of it."""
    appearance: Appearance

    @property
    def size(self) -> float:
        """Shorter side of `box` in pixels."""
        return self.box.side


def cases_of(chosen: LabelledSet, detector: FaceDetector) -> tuple[Case, ...]:
    """All labelled faces of a set; the detector finds those of whole pictures, and every pose.

    Raises:
        DataError: a picture cannot be read.
    """
    boxed = cases_of_images(chosen.images, chosen.name, detector)
    return boxed + cases_of_pictures(chosen.pictures, chosen.name, detector)


def cases_of_images(
    images: Iterable[LabelledImage], source: str, detector: FaceDetector | None = None
) -> tuple[Case, ...]:
    """Every labelled face of pictures with boxes.

    Args:
        images: labelled pictures.
        source: name of the set.
        detector: tells which way faces are turned; without one that stays unknown.

    Raises:
        DataError: a picture cannot be read.
    """
    cases: list[Case] = []
    for image in images:
        frame = frame_of(image.path)
        seen = detector(frame) if detector else []
        cases += [
            Case(
                source,
                image.path,
                index,
                global_group(source, image.group),
                face,
                face.box,
                appearance_of(frame.image, face.box, turn_of(face.box, seen)),
            )
            for index, face in enumerate(image.faces)
        ]
    return tuple(cases)


def cases_of_pictures(
    pictures: Iterable[LabelledPicture], source: str, detector: FaceDetector
) -> tuple[Case, ...]:
    """The face that each picture is about.

    That is the one that `face_of` chooses, as in training; where nothing is found, the
    whole picture is taken for a face, since many of these pictures are cut that tightly.

    Raises:
        DataError: a picture cannot be read.
    """
    cases = []
    for picture in pictures:
        frame = frame_of(picture.path)
        label = picture_label(frame, picture)
        found = face_of(None, detector(frame), frame.image)
        box = found.box if found else label.box
        appearance = appearance_of(frame.image, box, turn_of(box, [found] if found else []))
        group = global_group(source, picture.group)
        cases.append(Case(source, picture.path, 0, group, label, box, appearance))
    return tuple(cases)


def picture_label(frame: Frame, picture: LabelledPicture) -> LabelledFace:
    """The label of a picture as a whole, as that of a face that fills it."""
    return LabelledFace(whole_of(frame.image), picture.label, picture.fault)


def appearance_of(pixels: Image, box: Box, turn: float = float("nan")) -> Appearance:
    """Measures a face."""
    grey = cv2.cvtColor(crop_face(pixels, box, 0.0, APPEARANCE_SIZE), cv2.COLOR_BGR2GRAY)
    return Appearance(
        brightness=float(grey.mean()),
        sharpness=float(cv2.Laplacian(grey, cv2.CV_64F).var()),
        lower_brightness=float(grey[LOWER_FACE].mean()),
        turn=turn,
    )


def turn_of(box: Box, seen: Sequence[Face]) -> float:
    """How far the face in a box is turned, by the landmarks of the detection that hits it."""
    found = face_at(box, seen)
    if found is None or found.landmarks is None:
        return float("nan")
    return nose_offset(found.landmarks)
