from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from maskwatch.frames.images import read_image
from maskwatch.masks.memory import (
    MemorySettings,
    RememberingClassifier,
    difference,
    face_picture,
)
from maskwatch.testing import face_at, reading_of
from maskwatch.types import Box, Face, Frame, Image, MaskReading, State


def painted(seed: int = 0) -> Image:
    """Blotches as large as features of a face."""
    rng = np.random.default_rng(seed)
    return np.kron(rng.integers(0, 255, (30, 40, 3)), np.ones((10, 10, 1))).astype(np.uint8)


class Counting:
    """Says what it is told to, and remembers when it was asked about how many faces."""

    def __init__(self, state: State = State.MASK, confidence: float = 0.97) -> None:
        self.state, self.confidence = state, confidence
        self.asked: list[tuple[float, int]] = []

    def __call__(self, frame: Frame, faces: Sequence[Face]) -> list[MaskReading]:
        self.asked.append((round(frame.t, 2), len(faces)))
        return [reading_of(face, self.state, confidence=self.confidence) for face in faces]


def frame_at(t: float, image: Image) -> Frame:
    return Frame("door", round(t * 10), t, image)


FACE = face_at(100, 100, size=80)


def watch(inner: Counting, until: float, image: Image | None = None) -> RememberingClassifier:
    judge = RememberingClassifier(inner)
    picture = painted() if image is None else image
    for i in range(round(until * 10)):
        judge(frame_at(i / 10, picture), [FACE])
    return judge


def test_a_new_face_is_judged_every_time_and_a_known_one_now_and_then() -> None:
    inner = Counting()
    watch(inner, 4.0)
    times = [t for t, _ in inner.asked]
    assert times == [*np.arange(0, 0.65, 0.1).round(2), 1.4, 2.2, 3.0, 3.8]


@pytest.mark.parametrize(
    ("confidence", "state"), [(0.8, State.MASK), (0.7, State.NO_MASK)], ids=["mask", "bare"]
)
def test_a_doubtful_face_is_judged_every_time(confidence: float, state: State) -> None:
    inner = Counting(state, confidence)
    watch(inner, 2.0)
    assert len(inner.asked) == 20


def test_a_face_that_looks_different_is_judged_at_once() -> None:
    inner = Counting()
    judge = watch(inner, 1.0)
    inner.asked.clear()
    judge(frame_at(1.0, painted()), [FACE])
    assert inner.asked == []
    inner.state = State.NO_MASK
    (reading,) = judge(frame_at(1.1, painted(7)), [FACE])
    assert reading.state is State.NO_MASK
    for i in range(12, 20):  # until it has been so for a while
        judge(frame_at(i / 10, painted(7)), [FACE])
    assert len(inner.asked) == 7


def test_a_box_that_is_set_a_little_differently_is_the_same_face() -> None:
    inner = Counting()
    judge = watch(inner, 2.0)
    asked = len(inner.asked)
    image = painted()
    shifted = face_at(112, 108, size=80)
    assert difference(face_picture(image, shifted.box), face_picture(image, FACE.box)) > 0.5
    judge(frame_at(2.0, image), [shifted])
    assert len(inner.asked) == asked
    image[60:140, 60:140] = painted(7)[60:140, 60:140]
    judge(frame_at(2.1, image), [shifted])
    assert len(inner.asked) == asked + 1


def test_a_face_that_came_closer_is_judged_at_once() -> None:
    inner = Counting()
    grey = np.full((300, 400, 3), 90, dtype=np.uint8)
    judge = watch(inner, 1.0, grey)
    inner.asked.clear()
    judge(frame_at(1.0, grey), [face_at(100, 100, size=95)])
    assert inner.asked == []
    judge(frame_at(1.1, grey), [face_at(100, 100, size=105)])
    assert inner.asked == [(1.1, 1)]


def test_only_the_new_one_of_two_faces_is_judged_and_the_order_is_kept() -> None:
    inner = Counting()
    judge = watch(inner, 1.0)
    inner.asked.clear()
    inner.state = State.NO_MASK
    new = face_at(300, 100, size=80)
    readings = judge(frame_at(1.0, painted()), [new, FACE])
    assert inner.asked == [(1.0, 1)]
    assert [(each.face, each.state) for each in readings] == [
        (new, State.NO_MASK),
        (FACE, State.MASK),
    ]


def test_a_remembered_reading_lies_where_the_face_is_now() -> None:
    class Refining(Counting):
        def __call__(self, frame: Frame, faces: Sequence[Face]) -> list[MaskReading]:
            super().__call__(frame, faces)
            return [reading_of(Face(Box(64, 60, 144, 144), 0.9), State.MASK, confidence=0.97)]

    grey = np.full((300, 400, 3), 90, dtype=np.uint8)
    judge = RememberingClassifier(Refining())
    for i in range(10):
        judge(frame_at(i / 10, grey), [FACE])
    moved = Face(Box(70, 60, 150, 140), 0.8)
    (reading,) = judge(frame_at(1.0, grey), [moved])
    assert reading.face.score == 0.8
    assert reading.face.box == pytest.approx((74, 60, 154, 144))


def test_who_walks_on_between_two_judgements_stays_the_same_face() -> None:
    inner, picture = Counting(), painted()
    judge = RememberingClassifier(inner, MemorySettings(changed=9.0))
    faces = [face_at(100 + 8 * i, 100, size=80) for i in range(14)]
    for i, face in enumerate(faces):
        judge(frame_at(i / 10, picture), [face])
    # In the 0.7 s that the last reading stands in, the face moves by more than half of its size.
    assert [t for t, _ in inner.asked] == [*np.arange(0, 0.65, 0.1).round(2)]


def test_after_a_clock_that_ran_backwards_everything_is_judged() -> None:
    inner = Counting()
    judge = watch(inner, 2.0)
    inner.asked.clear()
    judge(frame_at(0.5, painted()), [FACE])
    assert inner.asked == [(0.5, 1)]


def test_no_faces_are_no_readings() -> None:
    assert RememberingClassifier(Counting())(frame_at(0, painted()), []) == []


@pytest.mark.parametrize("worn", ["under_chin", "chin_out", "hand", "bare"])
def test_a_mask_that_is_gone_is_seen_at_once(checkout: Path, worn: str) -> None:
    before, after = (
        read_image(checkout / f"samples/portrait_{name}.jpg") for name in ("mask", worn)
    )
    face = Face(Box(180.0, 72.0, 270.0, 177.0), 0.9)
    inner = Counting()
    judge = RememberingClassifier(inner)
    for i in range(10):
        judge(frame_at(i / 10, before), [face])
    inner.asked.clear()
    judge(frame_at(1.0, before), [face])
    assert inner.asked == []
    judge(frame_at(1.1, after), [face])
    assert inner.asked == [(1.1, 1)]


def test_a_face_picture_does_not_depend_on_brightness() -> None:
    image = painted() // 2
    box = Box(40, 40, 120, 120)
    a, b = face_picture(image, box), face_picture(image + 60, box)
    assert difference(a, b) < 0.05
    assert difference(a, face_picture(painted(5), box)) > 0.8
    assert face_picture(image, Box(-50, -50, -10, 900)).shape == (16, 16)


@pytest.mark.parametrize("wrong", [{"keep_s": -1.0}, {"grown": 0.5}, {"sure": 1.5}])
def test_settings_are_checked(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"must|need"):
        MemorySettings(**wrong)
