from __future__ import annotations

import numpy as np

from maskwatch.outputs.base import JudgedFrame
from maskwatch.runtime.runs.hindsight import Hindsight, VeiledFrame
from maskwatch.testing import face_at
from maskwatch.types import Face, Frame

HERE, THERE = face_at(100, 100), face_at(300, 100)


def frame_at(index: int) -> JudgedFrame:
    """One of ten frames a second, with a picture of 100 by 100."""
    return JudgedFrame(Frame("x", index, index / 10, np.zeros((100, 100, 3), np.uint8)), ())


def shown(hindsight: Hindsight, found: list[list[Face]]) -> list[VeiledFrame]:
    frames = [
        each for index, faces in enumerate(found) for each in hindsight.add(frame_at(index), faces)
    ]
    return [*frames, *hindsight.rest()]


def test_a_face_is_hidden_in_the_pictures_just_before_it_was_found() -> None:
    frames = shown(Hindsight(wait_s=0.25), [[], [], [], [HERE]])
    assert [each.judged.frame.index for each in frames] == [0, 1, 2, 3]
    assert [each.hidden for each in frames] == [(), (HERE.box,), (HERE.box,), (HERE.box,)]


def test_a_face_that_jumps_is_hidden_where_it_was_and_where_it_comes_to() -> None:
    frames = shown(Hindsight(wait_s=0.25), [[HERE], [], [THERE]])
    assert [set(each.hidden) for each in frames] == [{HERE.box, THERE.box}] * 3


def test_a_face_that_stays_is_hidden_once() -> None:
    frames = shown(Hindsight(), [[HERE]] * 5)
    assert [each.hidden for each in frames] == [(HERE.box,)] * 5


def test_pictures_wait_no_longer_than_they_have_to() -> None:
    hindsight = Hindsight(wait_s=0.25)
    assert [list(hindsight.add(frame_at(index), [])) for index in range(3)] == [[], [], []]
    (first,) = hindsight.add(frame_at(3), [])
    assert first.judged.frame.index == 0
    assert len(list(Hindsight(wait_s=0.0).add(frame_at(0), [HERE]))) == 1


def test_no_more_wait_than_fit_in_memory_but_always_one() -> None:
    for max_bytes, waiting in ((2 * 30_000, 2), (1, 1)):
        hindsight = Hindsight(wait_s=60, max_bytes=max_bytes)
        for index in range(5):
            list(hindsight.add(frame_at(index), []))
        assert len(list(hindsight.rest())) == waiting


def test_what_waits_is_hidden_before_the_first_picture_is_given_out() -> None:
    """Whoever is interrupted while he shows that one shows the rest as it is."""
    hindsight = Hindsight(wait_s=0.25)
    for index in range(3):
        assert list(hindsight.add(frame_at(index), [])) == []
    hindsight.add(frame_at(3), [HERE])
    rest = [(each.judged.frame.index, each.hidden) for each in hindsight.rest()]
    assert rest == [(0, ()), (1, (HERE.box,)), (2, (HERE.box,)), (3, (HERE.box,))]
