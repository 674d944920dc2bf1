"""Which pictures of violators are kept, and in how much memory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from maskwatch.events.camera import Sight
from maskwatch.events.photos import PhotoBook
from maskwatch.testing import face_at, reading_of
from maskwatch.types import Frame, State, Track, Verdict

FACE = face_at(20, 20, 10)


class Packer:
    """Notes which frames it packed."""

    def __init__(self) -> None:
        self.indices: list[int] = []

    def __call__(self, frame: Frame) -> Frame:
        self.indices.append(frame.index)
        return replace(frame, image=frame.image[::8, ::8])


class Story:
    """Shows a photo book one frame after the other, and who is how clear in it."""

    def __init__(self) -> None:
        self.packer = Packer()
        self.book = PhotoBook(self.packer)
        self.index = 0

    def show(self, t: float, **clarity: float) -> None:
        frame = Frame("door", self.index, t, np.zeros((40, 80, 3), np.uint8))
        self.index += 1
        for number, quality in clarity.items():
            reading = replace(reading_of(FACE, State.NO_MASK), quality=quality)
            sight = Sight(frame, (reading,), (FACE,), ())
            verdict = Verdict(State.NO_MASK, None, 1.0, 0.0)
            self.book.offer(sight, Track(int(number[1:]), "door", reading, verdict, 0.0, t))
        self.book.settle(t)

    def index_of(self, person: int) -> int:
        photo = self.book.take(person)
        assert photo is not None
        return photo.frame.index


def test_the_clearest_picture_is_kept() -> None:
    story = Story()
    for t, quality in enumerate([0.5, 0.9, 0.7]):
        story.show(t / 10, p1=quality)
    assert story.index_of(1) == 1
    assert story.packer.indices == []


def test_what_has_been_the_best_for_a_while_is_packed_once_and_stays_the_best() -> None:
    story = Story()
    story.show(0.0, p1=0.9, p2=0.9)
    for tenths in range(1, 30):
        story.show(tenths / 10, p1=0.5, p2=0.5)
    assert story.packer.indices == [0]
    assert story.index_of(1) == story.index_of(2) == 0


def test_of_many_pictures_only_the_newest_two_are_not_packed() -> None:
    story = Story()
    for number in range(1, 6):
        story.show(number / 100, **{f"p{number}": 0.5})
    assert story.packer.indices == [0, 1, 2]
    assert [story.index_of(number) for number in range(1, 6)] == [0, 1, 2, 3, 4]


def test_nothing_is_packed_for_nobody() -> None:
    story = Story()
    story.show(0.0, p1=0.5)
    story.book.drop(1)
    story.show(9.0)
    assert story.packer.indices == []
