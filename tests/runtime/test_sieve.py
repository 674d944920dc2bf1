from collections.abc import Sequence

import numpy as np

from maskwatch.runtime.sieve import FaceSieve, Veil
from maskwatch.testing import FixedDetector, face_at
from maskwatch.types import Box, Face, Frame, TimedBox

FRAME = Frame("x", 0, 0.0, np.zeros((480, 640, 3), np.uint8))
STRONG, WEAK, SMALL = face_at(100, 100), face_at(300, 100, score=0.3), face_at(500, 100, size=10)


def test_weak_and_small_faces_are_held_back_but_remembered() -> None:
    sieve = FaceSieve(FixedDetector([STRONG, WEAK, SMALL]), min_score=0.5, min_face_px=20)
    assert sieve(FRAME) == [STRONG]
    assert set(sieve.found) == {STRONG, WEAK, SMALL}


class Glancing(FixedDetector):
    def sweep(self, frame: Frame) -> list[Face]:
        return [face for face in self(frame) if face is not SMALL]

    def near(self, frame: Frame, expected: Sequence[Box]) -> list[Face]:
        return [face for face in self(frame) if face.box in expected]


def test_glances_are_sieved_too() -> None:
    sieve = FaceSieve(Glancing([STRONG, WEAK, SMALL]), min_score=0.5, min_face_px=20)
    assert sieve.near(FRAME, [STRONG.box, WEAK.box]) == [STRONG]
    assert set(sieve.found) == {STRONG, WEAK}


def test_sweeps_are_sieved_too() -> None:
    sieve = FaceSieve(Glancing([STRONG, WEAK, SMALL]), min_score=0.5, min_face_px=0)
    assert sieve.sweep(FRAME) == [STRONG]
    assert sieve.found == [STRONG, WEAK]


def test_a_detector_that_cannot_glance_looks_at_the_whole_picture() -> None:
    sieve = FaceSieve(FixedDetector([STRONG, WEAK]), min_score=0.2, min_face_px=20)
    assert set(sieve.near(FRAME, [])) == {STRONG, WEAK}


def test_a_face_that_is_missed_for_a_moment_stays_hidden_where_it_was() -> None:
    veil, seen = Veil(linger_s=0.5), TimedBox(0.0, STRONG.box)
    assert veil.over(0.0, [STRONG]) == [seen]
    assert veil.over(0.4, []) == [seen]
    assert veil.over(0.6, []) == []


def test_where_looks_are_rare_what_the_last_one_found_is_hidden_unless_that_was_long_ago() -> None:
    veil = Veil(linger_s=0.5)
    veil.over(0.0, [STRONG])
    assert veil.over(2.0, []) == [TimedBox(0.0, STRONG.box)]
    assert veil.over(4.0, []) == []
    veil.over(4.0, [STRONG])
    assert veil.over(9.0, []) == []


def test_a_face_that_hardly_moves_is_hidden_once() -> None:
    veil = Veil()
    veil.over(0.0, [STRONG])
    moved = face_at(102, 100)
    assert veil.over(0.1, [moved]) == [TimedBox(0.1, moved.box)]


def test_a_face_that_jumps_hides_where_it_was_too() -> None:
    veil = Veil()
    veil.over(0.0, [STRONG])
    assert veil.over(0.1, [WEAK]) == [TimedBox(0.0, STRONG.box), TimedBox(0.1, WEAK.box)]
