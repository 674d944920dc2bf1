"""From labelled sets to samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra [train]")

from maskwatch.masks.labels import LABELS, UNREADABLE_INDEX
from maskwatch.types import Box, Face, Fault, State
from maskwatch_train.classifier.prepare import samples_of
from maskwatch_train.classifier.samples import Source
from maskwatch_train.data.labelled import (
    LabelledFace,
    LabelledImage,
    LabelledPicture,
)
from maskwatch_train.data.sets import LabelledSet


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "a.png"
    cv2.imwrite(str(file), np.full((300, 400, 3), 90, np.uint8))
    return file


def samples(
    path: Path,
    images: tuple,
    pictures: tuple,
    backgrounds: int = 0,
    progress: Callable[[str], None] = print,
) -> list:
    sets = [LabelledSet("a", "train", images, ()), LabelledSet("b", "train", (), pictures)]
    rng = np.random.default_rng(0)
    return samples_of(sets, lambda paths: dict.fromkeys(paths, ()), backgrounds, rng, progress)


def test_faces_with_boxes_come_before_whole_pictures_and_both_keep_their_fault(path: Path) -> None:
    box = Box(20, 20, 100, 120)
    face = LabelledFace(box, State.INCORRECT, Fault.UNDER_CHIN)
    image = LabelledImage(path, "train", "g", (face,))
    portrait = LabelledPicture(path, State.INCORRECT, "train", "g", Fault.NOSE_OUT)
    made = samples(path, (image,), (portrait,))
    assert [(one.source, LABELS[one.label]) for one in made] == [
        (Source.BOX, Fault.UNDER_CHIN),
        (Source.PORTRAIT, Fault.NOSE_OUT),
    ]


def test_masks_worn_wrongly_in_an_unknown_way_are_left_out(path: Path) -> None:
    face = LabelledFace(Box(20, 20, 100, 120), State.INCORRECT, None)
    image = LabelledImage(path, "train", "g", (face,))
    assert samples(path, (image,), (LabelledPicture(path, State.INCORRECT, "train", "g"),)) == []


def test_how_many_are_left_out_and_why_is_said(path: Path) -> None:
    box = Box(20, 20, 100, 120)
    known = LabelledFace(box, State.INCORRECT, Fault.UNDER_CHIN)
    unknown = LabelledFace(box, State.INCORRECT, None)
    image = LabelledImage(path, "train", "g", (known, unknown))
    portrait = LabelledPicture(path, State.INCORRECT, "train", "g")
    heard: list[str] = []
    made = samples(path, (image,), (portrait,), progress=heard.append)
    assert len(made) == 1
    assert heard == [
        "train: faces left out, as they are labelled incorrect without a fault, and the classifier "
        "learns faults: 2"
    ]
    samples(path, (replace(image, faces=(known,)),), (), progress=heard.append)
    assert len(heard) == 1


def test_squares_beside_the_faces_are_unreadable(path: Path) -> None:
    face = LabelledFace(Box(20, 20, 60, 70), State.MASK, None)
    image = LabelledImage(path, "train", "g", (face,))
    made = samples(path, (image,), (), backgrounds=2)
    beside = [one for one in made if one.source is Source.BACKGROUND]
    assert len(beside) == 2
    assert {one.label for one in beside} == {UNREADABLE_INDEX}


def test_a_picture_without_a_face_gives_what_is_none(path: Path) -> None:
    image = LabelledImage(path, "train", "g", ())
    made = samples(path, (image,), (), backgrounds=2)
    assert [(one.source, one.label) for one in made] == 2 * [(Source.BACKGROUND, UNREADABLE_INDEX)]


def test_what_was_taken_for_a_face_and_is_none_is_learned_as_unreadable(path: Path) -> None:
    face = LabelledFace(Box(20, 20, 100, 120), State.MASK, None)
    hand = Box(200, 100, 260, 170)
    image = LabelledImage(path, "train", "g", (face,), (hand, Box(300, 10, 312, 22)))
    made = samples(path, (image,), ())
    assert [one.source for one in made] == [Source.BOX, Source.LOOK_ALIKE]
    assert made[1].label == UNREADABLE_INDEX
    assert made[1].size == hand.side  # the other one is so small that it might be a face


@pytest.mark.parametrize("backgrounds", [0, 1])
def test_in_a_picture_without_a_face_all_that_is_seen_is_a_mistake(
    path: Path, backgrounds: int
) -> None:
    seen = Face(Box(20, 20, 100, 120), 0.9), Face(Box(200, 20, 280, 120), 0.45)
    sets = [LabelledSet("a", "train", (LabelledImage(path, "train", "g", ()),), ())]
    rng = np.random.default_rng(0)
    made = samples_of(sets, lambda paths: dict.fromkeys(paths, seen), backgrounds, rng)
    assert [one.source for one in made].count(Source.LOOK_ALIKE) == 2
    assert len(made) == 2 + backgrounds
    assert {one.label for one in made} == {UNREADABLE_INDEX}
