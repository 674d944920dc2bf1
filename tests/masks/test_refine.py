import numpy as np
import pytest

from maskwatch.masks.refine import refine, without_repeats
from maskwatch.testing import face_at, reading_of
from maskwatch.types import Box, Face, State


def test_the_box_is_the_mean_of_what_both_see() -> None:
    # A face of 100 px with 20 % margin is seen in a crop of 140 px from (130, 80).
    face = Face(Box(150, 100, 250, 200), 0.9)
    closer = refine(face, np.array([0.25, 0.25, 0.75, 0.75]), 0.2, 640, 480)
    # It is seen at (165, 115, 235, 185).
    assert closer.box == pytest.approx((157.5, 107.5, 242.5, 192.5))
    assert closer.score == face.score


def test_a_refined_box_stays_in_the_picture() -> None:
    face = Face(Box(0, 0, 100, 100), 0.9)
    closer = refine(face, np.array([-0.1, 0.0, 0.8, 1.4]), 0.0, 90, 120)
    assert closer.box == pytest.approx((0, 0, 90, 110))


@pytest.mark.parametrize(
    "elsewhere", [(0.0, 0.0, 0.2, 0.2), (0.8, 0.8, 0.2, 0.2), (2.0, 2.0, 3.0, 3.0)]
)
def test_a_box_that_hardly_overlaps_is_not_taken(
    elsewhere: tuple[float, float, float, float],
) -> None:
    face = Face(Box(150, 100, 250, 200), 0.9)
    assert refine(face, np.array(elsewhere), 0.2, 640, 480) is face


def test_one_face_found_twice_is_one_reading() -> None:
    strong = reading_of(face_at(100, 100, score=0.9), State.MASK)
    again = reading_of(face_at(104, 100, score=0.6), State.NO_MASK)
    other = reading_of(face_at(300, 100, score=0.7), State.MASK)
    assert without_repeats([again, strong, other]) == [strong, other]
    assert without_repeats([]) == []
