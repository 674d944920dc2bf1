"""From the data sets to the classifier's samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from maskwatch.faces.yunet import Detections
from maskwatch.types import Box, State
from maskwatch_train.classifier.samples import (
    Sample,
    background_samples,
    central_face,
    cut_sample,
    match_landmarks,
    mistaken_samples,
)
from maskwatch_train.data import bala as bala_set
from maskwatch_train.data.bala import read_bala
from maskwatch_train.data.corrections import DROP, read_corrections
from maskwatch_train.data.labelled import LabelledImage, LabelledPicture
from maskwatch_train.detector.teacher import DOUBT_SCORE
from maskwatch_train.pictures import read_picture

HELD_OUT_ONE_IN = 20
"""One group in so many of bala's training side is kept for validation."""
MIN_SIDE_PX = 12
"""Smaller labelled faces are left out: nobody could have labelled them."""
MIN_PORTRAIT_PX = 20
"""What is found smaller in a portrait is seldom the face that its label is about."""
CORRECTIONS = Path(bala_set.__file__).with_name("bala_corrections.jsonl")
"""Pictures of bala's training side whose label is wrong in our words, found by looking at those
that the classifier doubted most. Left out and not relabelled: bala's test side is likely to have
such pictures too, and its two labels cannot say how a mask is worn."""


def street_samples(
    image: LabelledImage, seen: Detections, backgrounds: int, rng: np.random.Generator
) -> list[Sample]:
    """The labelled faces of a picture, and squares of it without a face, some much like one.

    Faces that are worn incorrectly in an unknown way are left out: they fit no output.
    """
    pixels = read_picture(image.path)
    samples = [
        cut_sample(
            pixels,
            face.box,
            face.state,
            face.fault,
            match_landmarks(face.box, seen) if face.box.side >= 24 else None,
            "street",
        )
        for face in image.faces
        if face.box.side >= MIN_SIDE_PX
        and (face.fault is not None or face.state is not State.INCORRECT)
    ]
    if backgrounds:
        labelled = np.array([face.box for face in image.faces], dtype=np.float32).reshape(-1, 4)
        samples += mistaken_samples(pixels, labelled, seen, DOUBT_SCORE)
        faces = np.concatenate([labelled, seen.boxes])
        samples += background_samples(pixels, faces, backgrounds, rng)
    return samples


def portrait_samples(
    portraits: Sequence[LabelledPicture], seen: Mapping[Path, Detections]
) -> list[Sample]:
    """The faces that portraits are about, but those too small to be sure of."""
    samples = (portrait_sample(picture, seen[picture.path]) for picture in portraits)
    return [sample for sample in samples if sample.size >= MIN_PORTRAIT_PX]


def portrait_sample(picture: LabelledPicture, seen: Detections) -> Sample:
    """The face that a portrait is about; the whole picture where the teacher finds none."""
    pixels = read_picture(picture.path)
    height, width = pixels.shape[:2]
    found = central_face(width, height, seen)
    if found is None:
        whole = Box(0.0, 0.0, float(width), float(height))
        return cut_sample(pixels, whole, picture.label, None, None, "bala")
    box = Box(*(float(v) for v in seen.boxes[found]))
    return cut_sample(pixels, box, picture.label, None, seen.landmarks[found], "bala")


def training_portraits(bala: Path) -> tuple[list[LabelledPicture], list[LabelledPicture]]:
    """Bala's training side: what is trained on, and what is held out for validation.

    Raises:
        DataError: the set or the corrections cannot be read.
    """
    dropped = {bala / each.path for each in read_corrections(CORRECTIONS) if each.now == DROP}
    kept, held = hold_out(read_bala(bala, "train", "80_20"), HELD_OUT_ONE_IN)
    return (
        [picture for picture in kept if picture.path not in dropped],
        [picture for picture in held if picture.path not in dropped],
    )


def hold_out(
    pictures: Sequence[LabelledPicture], one_in: int
) -> tuple[list[LabelledPicture], list[LabelledPicture]]:
    """Splits by group: about one group in ``one_in`` is held out, always the same ones.

    Returns:
        What is kept for training, and what is held out for validation.
    """
    kept: list[LabelledPicture] = []
    held: list[LabelledPicture] = []
    groups = sorted({picture.group for picture in pictures})
    chosen = set(groups[::one_in])
    for picture in pictures:
        (held if picture.group in chosen else kept).append(picture)
    return kept, held
