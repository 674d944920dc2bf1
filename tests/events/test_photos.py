"""Which pictures of violators are kept, and in how much memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from maskwatch.events.camera import Sight
from maskwatch.events.photos import Photo, PhotoBook
from maskwatch.testing import face_at, reading_of
from maskwatch.types import Face, Frame, MaskReading, State, TimedBox, TimedReading, Track, Verdict

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
            track = Track(int(number[1:]), "door", reading, verdict, 0.0, t)
            self.book.offer(sight, track)
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


def a_sight(
    readings: Sequence[MaskReading],
    found: Sequence[Face],
    hidden: Sequence[TimedBox] = (),
    *,
    t: float = 0.0,
    is_whole: bool = True,
) -> Sight:
    frame = Frame("door", round(10 * t), t, np.zeros((240, 320, 3), np.uint8))
    return Sight(frame, tuple(readings), tuple(found), tuple(hidden), is_whole)


def track_of(reading: MaskReading, verdict: State = State.NO_MASK, number: int = 1) -> Track:
    return Track(number, "door", reading, Verdict(verdict, None, 1.0, 0.0), 0.0, 0.0)


def test_bystanders_are_to_be_hidden_and_the_subject_is_not() -> None:
    subject, judged, left_out = face_at(60, 60), face_at(160, 60), face_at(260, 60)
    # The classifier moves the box of the subject a little, and so its detection has another.
    reading = reading_of(face_at(64, 62), State.NO_MASK)
    beside = reading_of(judged, State.MASK)
    sight = a_sight([beside, reading], [judged, left_out, subject])
    photo = Photo.of(sight, track_of(reading))
    assert set(photo.hidden) == {judged.box, left_out.box}
    faces = [(face.box, face.state, face.is_subject) for face in photo.faces]
    assert faces == [
        (reading.face.box, State.NO_MASK, True),
        (judged.box, State.MASK, False),
        (left_out.box, State.UNKNOWN, False),
    ]


def test_where_a_bystander_was_a_moment_ago_is_known_from_where_the_subject_was() -> None:
    reading = reading_of(face_at(60, 60), State.NO_MASK)
    # The subject came from the left; a bystander, nearer to the camera, hid a part of the face.
    before = reading_of(face_at(30, 60), State.NO_MASK)
    own_trace, other_trace = face_at(32, 62).box, face_at(90, 60, 100).box
    places = [TimedBox(0.4, reading.face.box), TimedBox(0.1, own_trace), TimedBox(0.3, other_trace)]
    sight = a_sight([reading], [reading.face], places, t=0.4)
    track = replace(track_of(reading), recent=(TimedReading(0.1, before),))
    photo = Photo.of(sight, track)
    assert (photo.hidden, photo.traces) == ((other_trace,), (own_trace,))


def test_who_comes_where_the_subject_just_was_is_hidden_there() -> None:
    walk = [reading_of(face_at(60 + 15 * step, 60), State.NO_MASK) for step in range(5)]
    recent = tuple(TimedReading(step / 10, reading) for step, reading in enumerate(walk))
    # Two steps behind somebody follows, who is missed in this picture.
    follower = TimedBox(0.3, walk[1].face.box)
    trail = [TimedBox(each.t, each.reading.face.box) for each in recent]
    sight = a_sight(walk[-1:], [walk[-1].face], [*trail, follower], t=0.4)
    photo = Photo.of(sight, replace(track_of(walk[-1]), recent=recent))
    assert photo.hidden == (follower.box,)
    assert photo.traces == tuple(place.box for place in trail[:-1])


def test_what_lies_over_the_face_of_the_subject_is_not_hidden() -> None:
    reading = reading_of(face_at(60, 60), State.NO_MASK)
    unread = TimedBox(0.1, face_at(78, 60).box)
    photo = Photo.of(a_sight([reading], [reading.face], [unread], t=0.2), track_of(reading))
    assert (photo.hidden, photo.traces) == ((), (unread.box,))


def test_a_hand_before_the_face_makes_no_better_photo_of_who_wears_no_mask() -> None:
    book = PhotoBook(Packer())
    bare = reading_of(FACE, State.NO_MASK, quality=0.6)
    book.offer(a_sight([bare], [FACE]), track_of(bare))
    hand = reading_of(FACE, State.MASK, quality=0.9)
    book.offer(a_sight([hand], [FACE], t=0.1), track_of(hand))
    kept = book.take(1)
    assert kept is not None
    assert kept.frame.t == 0.0


def test_a_bystander_whose_box_the_classifier_moved_is_one_face_of_the_photo() -> None:
    reading = reading_of(face_at(60, 60), State.NO_MASK)
    beside = reading_of(face_at(204, 62), State.MASK)
    sight = a_sight([reading, beside], [reading.face, face_at(200, 60)])
    assert [face.state for face in Photo.of(sight, track_of(reading)).faces] == [
        State.NO_MASK,
        State.MASK,
    ]


def test_a_picture_in_which_not_all_faces_were_looked_for_is_not_kept() -> None:
    book = PhotoBook(Packer())
    reading = reading_of(FACE, State.NO_MASK)
    book.offer(a_sight([reading], [FACE], is_whole=False), track_of(reading))
    assert book.take(1) is None


@pytest.mark.parametrize(
    ("read", "verdict", "stays"),
    [
        (State.MASK, State.MASK, False),
        # A hand, or a mask that is still being put on or taken off: it may not be over.
        (State.MASK, State.NO_MASK, True),
        (State.NO_MASK, State.MASK, True),
        (State.UNKNOWN, State.MASK, True),
    ],
)
def test_the_picture_of_a_violation_goes_once_a_mask_is_worn_again(
    read: State, verdict: State, stays: bool
) -> None:
    book = PhotoBook(Packer())
    clear = reading_of(FACE, State.NO_MASK)
    book.offer(a_sight([clear], [FACE]), track_of(clear))
    later = reading_of(FACE, read, quality=0.1)
    book.offer(a_sight([later], [FACE], t=0.1), track_of(later, verdict))
    kept = book.take(1)
    assert (kept is not None) is stays
    assert kept is None or kept.frame.t == 0.0


def test_of_too_many_pictures_the_oldest_goes() -> None:
    story = Story()
    for number in range(8):
        story.show(float(number), **{f"p{number}": 0.9})
    held = [number for number in range(8) if story.book.take(number) is not None]
    assert held == [2, 3, 4, 5, 6, 7]
