"""What a run of the classifier begins with: samples of the data sets, and a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from maskwatch.errors import UsageError
from maskwatch.types import Face, Fault, State
from maskwatch_train.classifier.network import MaskNetwork, blank, create, start_from
from maskwatch_train.classifier.samples import (
    Sample,
    Source,
    background_samples,
    cut_sample,
    faceless_samples,
    mistaken_samples,
)
from maskwatch_train.classifier.train import ClassifierRecipe, load_run
from maskwatch_train.data.faces import face_at, face_of
from maskwatch_train.data.labelled import LabelledImage, LabelledPicture
from maskwatch_train.data.sets import LabelledSet
from maskwatch_train.detector.teacher import (
    DOUBT_SCORE,
    PACKAGE_CACHE,
    TEACHER_CACHE,
    TEACHER_WEIGHTS,
    detect_all,
)
from maskwatch_train.pictures import read_picture, whole_of

Look = Callable[[list[Path]], Mapping[Path, Sequence[Face]]]
"""What a detector sees in pictures."""
Progress = Callable[[str], None]

MIN_SIDE_PX = 12
"""Smaller labelled faces are left out: nobody could have labelled them."""
MIN_PORTRAIT_PX = 20
"""What is found smaller in a portrait is seldom the face that its label is about."""


def boxed_samples(
    image: LabelledImage, seen: Sequence[Face], backgrounds: int, rng: np.random.Generator
) -> list[Sample]:
    """The labelled faces of a picture, and squares of it without a face, some much like one.

    Of a picture without any face, all that the detector sees is a mistake.
    """
    pixels = read_picture(image.path)
    samples = []
    for face in image.faces:
        if face.box.side >= MIN_SIDE_PX and _fits_an_output(face.state, face.fault):
            found = face_at(face.box, seen) if face.box.side >= 24 else None
            marks = found.landmarks if found else None
            samples.append(cut_sample(pixels, face.box, face.state, face.fault, marks, Source.BOX))
    mistaken = image.look_alikes
    if not image.faces:
        mistaken += tuple(face.box for face in seen)
    samples += faceless_samples(pixels, mistaken, Source.LOOK_ALIKE)
    if backgrounds:
        labelled = np.array([face.box for face in image.faces], dtype=np.float32).reshape(-1, 4)
        if image.faces:
            samples += mistaken_samples(pixels, labelled, seen, DOUBT_SCORE)
        detected = np.array([face.box for face in seen], dtype=np.float32).reshape(-1, 4)
        faces = np.concatenate([labelled, detected])
        samples += background_samples(pixels, faces, backgrounds, rng)
    return samples


def portrait_samples(
    portraits: Sequence[LabelledPicture], seen: Mapping[Path, Sequence[Face]]
) -> list[Sample]:
    """The faces that portraits are about, but those too small to be sure of."""
    samples = (
        portrait_sample(picture, seen[picture.path])
        for picture in portraits
        if _fits_an_output(picture.label, picture.fault)
    )
    return [sample for sample in samples if sample.size >= MIN_PORTRAIT_PX]


def portrait_sample(picture: LabelledPicture, seen: Sequence[Face]) -> Sample:
    """The face that a portrait is about; the whole picture where the teacher finds none."""
    pixels = read_picture(picture.path)
    found = face_of(None, seen, pixels)
    box, marks = (found.box, found.landmarks) if found else (whole_of(pixels), None)
    return cut_sample(pixels, box, picture.label, picture.fault, marks, Source.PORTRAIT)


def _fits_an_output(state: State, fault: Fault | None) -> bool:
    """False for a mask that is worn incorrectly in an unknown way."""
    return fault is not None or state is not State.INCORRECT


def faultless_in(one: LabelledSet) -> int:
    """Faces of a set whose label fits no output."""
    labels = [(face.state, face.fault) for image in one.images for face in image.faces]
    labels += [(picture.label, picture.fault) for picture in one.pictures]
    return sum(not _fits_an_output(state, fault) for state, fault in labels)


def samples_of(
    sets: Sequence[LabelledSet],
    look: Look,
    backgrounds: int,
    rng: np.random.Generator,
    progress: Progress = lambda _line: None,
) -> list[Sample]:
    """All samples of some sets: labelled faces, portraits, and squares without a face.

    Args:
        sets: what to learn from.
        look: what a detector sees in pictures.
        backgrounds: squares without a face from each picture whose faces have boxes.
        rng: decides where.
        progress: told what is left out.

    Raises:
        DataError: a picture cannot be read.
    """
    if left_out := sum(faultless_in(one) for one in sets):
        progress(
            f"{sets[0].split}: faces left out, as they are labelled incorrect without a fault, and "
            f"the classifier learns faults: {left_out}"
        )
    images = [image for one in sets for image in one.images]
    portraits = [picture for one in sets for picture in one.pictures]
    seen = look([image.path for image in images] + [picture.path for picture in portraits])
    boxed = [
        sample
        for image in images
        for sample in boxed_samples(image, seen[image.path], backgrounds, rng)
    ]
    return boxed + portrait_samples(portraits, seen)


def training_samples(
    recipe: ClassifierRecipe,
    sets: Sequence[LabelledSet],
    weights: Path | None,
    run: Path,
    progress: Progress = lambda _line: None,
) -> list[Sample]:
    """The training faces of all sets, and what only looks like one.

    Args:
        recipe: says how many squares without a face are cut, and its seed where.
        sets: their training side.
        weights: folder with the third-party weights; None for the detector of the package.
        run: folder that keeps what the detector sees.
        progress: told how it goes.

    Raises:
        DataError: a picture cannot be read.
        OutputError: what the detector sees cannot be written.
    """
    rng = np.random.default_rng(recipe.seed)
    look = _looking(weights, run, progress)
    return samples_of(sets, look, recipe.background_per_picture, rng, progress)


def validation_samples(
    sets: Sequence[LabelledSet],
    weights: Path | None,
    run: Path,
    progress: Progress = lambda _line: None,
) -> list[Sample]:
    """The validation faces of all sets, and what only looks like one.

    Arguments and errors are those of `training_samples`.
    """
    rng = np.random.default_rng(0)
    return samples_of(sets, _looking(weights, run, progress), 1, rng, progress)


def teacher_in(weights: Path | None) -> Path | None:
    """The detector that looks for faces in training pictures; None for that of the package."""
    return weights / TEACHER_WEIGHTS if weights else None


def _looking(weights: Path | None, run: Path, progress: Progress) -> Look:
    cache = run / (TEACHER_CACHE if weights else PACKAGE_CACHE)

    def look(pictures: list[Path]) -> dict[Path, list[Face]]:
        seen = detect_all(teacher_in(weights), pictures, cache, progress)
        return {path: found.faces() for path, found in seen.items()}

    return look


def starting_network(
    recipe: ClassifierRecipe, weights: Path | None, start: Path | None
) -> MaskNetwork:
    """A network with fresh heads, or with the weights of the run to start from.

    Raises:
        DataError: the weights cannot be read.
        UsageError: the run to start from has another backbone, or the weights are nowhere.
    """
    torch.manual_seed(recipe.seed)  # of the fresh heads
    if start is None:
        return create(recipe.backbone, weights, recipe.size)
    network = blank(recipe.backbone, recipe.size)
    before, trained = load_run(start)
    if before.backbone != recipe.backbone:
        raise UsageError(
            f"--from {start}: its backbone is {before.backbone}, and the recipe's {recipe.backbone}"
        )
    start_from(network, trained)
    return network
