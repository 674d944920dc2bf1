"""Which of the faces in a picture its label is about."""

from __future__ import annotations

import numpy as np

from maskwatch.types import Box, Face
from maskwatch_train.data.faces import face_of

BOXES = (Box(0, 0, 40, 40), Box(120, 60, 280, 250), Box(350, 250, 390, 290))
FACES = [Face(box, 0.9) for box in BOXES]
IMAGE = np.zeros((300, 400, 3), np.uint8)


def test_a_portrait_is_about_the_large_face_in_the_middle() -> None:
    assert face_of(None, FACES, IMAGE) is FACES[1]
    assert face_of(None, [], IMAGE) is None


def test_a_label_with_a_box_is_about_the_face_that_lies_there() -> None:
    assert face_of(Box(345, 250, 385, 285), FACES, IMAGE) is FACES[2]
    assert face_of(Box(300, 0, 340, 40), FACES, IMAGE) is None
    assert face_of(BOXES[0], [], IMAGE) is None
