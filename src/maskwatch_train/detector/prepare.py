"""From the data sets to the detector's training scenes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from maskwatch.faces.yunet import Detections
from maskwatch.geometry import are_covered
from maskwatch.types import State
from maskwatch_train.data.faces import MIN_IOU
from maskwatch_train.data.labelled import LabelledImage, LabelledPicture
from maskwatch_train.data.sets import LabelledSet, read_set
from maskwatch_train.detector.dataset import Scene, label_scene, resize_scene
from maskwatch_train.detector.teacher import detect_all
from maskwatch_train.errors import DataError
from maskwatch_train.pictures import read_picture

PORTRAIT_SCORE = 0.75
"""A portrait without boxes is used only if the teacher finds a face with at least this score."""

MAX_BACKGROUND_PX = 1024
"""Larger pictures without a face are scaled down to this side: wallpapers have 20 MB and more."""


def read_faceless(places: Sequence[Path]) -> list[LabelledSet]:
    """The training pictures of sets in which no picture shows a face.

    Raises:
        DataError: a set cannot be read, has nothing to train on, or shows a face.
    """
    sets = [read_set(place, "train") for place in places]
    for place, one in zip(places, sets, strict=True):
        if one.has_faces:
            raise DataError(place, "has faces among its training pictures; backgrounds have none")
    return sets


def street_scene(image: LabelledImage, seen: Detections) -> Scene:
    """The scene of a picture with labelled boxes.

    Where somebody saw that there is no face, the teacher has no say.
    """
    nothing = np.array(image.look_alikes, dtype=np.float32).reshape(-1, 4)
    known = [face for face in image.faces if face.state is not State.UNKNOWN]
    unknown = [face.box for face in image.faces if face.state is State.UNKNOWN]
    return label_scene(
        read_picture(image.path),
        np.array([face.box for face in known], dtype=np.float32).reshape(-1, 4),
        np.array([face.state is State.NO_MASK for face in known], dtype=bool),
        np.array(unknown, dtype=np.float32).reshape(-1, 4),
        seen.chosen(~are_covered(seen.boxes, nothing, MIN_IOU)),
    )


def portrait_scene(picture: LabelledPicture, seen: Detections) -> Scene:
    """The scene of a picture without boxes: the teacher's sure faces are its truth."""
    nothing = np.zeros((0, 4), dtype=np.float32)
    return label_scene(read_picture(picture.path), nothing, np.zeros(0, dtype=bool), nothing, seen)


def background_scene(picture: LabelledImage) -> Scene:
    """The scene of a picture without a face."""
    scene = street_scene(picture, Detections.none())
    scale = MAX_BACKGROUND_PX / max(scene.image.shape[:2])
    return resize_scene(scene, scale) if scale < 1 else scene


def build_scenes(
    street: Sequence[LabelledImage],
    portraits: Sequence[LabelledPicture],
    backgrounds: Sequence[LabelledImage],
    portrait_count: int,
    teacher_weights: Path,
    cache: Path,
    seed: int,
    progress: Callable[[str], None] = lambda _line: None,
) -> list[Scene]:
    """All training scenes, in memory (about 2 MB each).

    Args:
        street: pictures with labelled boxes.
        portraits: pictures of one face without boxes.
        backgrounds: pictures without a face.
        portrait_count: how many of them are used, chosen by ``seed``.
        teacher_weights: safetensors file of the YuNet_n that sees what has no label.
        cache: where the teacher's detections are kept.
        seed: decides which portraits.
        progress: told how it goes.
    """
    order = np.random.default_rng(seed).permutation(len(portraits))
    # Some portraits drop out because the teacher is not sure of them; look at a few more.
    pool = [portraits[i] for i in order[: portrait_count * 5 // 4]]
    paths = [image.path for image in street] + [picture.path for picture in pool]
    seen = detect_all(teacher_weights, paths, cache, progress)
    scenes = [street_scene(image, seen[image.path]) for image in street]
    usable = [p for p in pool if (seen[p.path].scores >= PORTRAIT_SCORE).any()]
    scenes += [portrait_scene(p, seen[p.path]) for p in usable[:portrait_count]]
    return scenes + [background_scene(picture) for picture in backgrounds]
