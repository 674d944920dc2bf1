from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwatch.geometry import (
    are_covered,
    area,
    box_array,
    clip,
    iou_matrix,
    nms,
    overlap_of_smaller,
    square_crop,
    vote,
)
from maskwatch.types import Box


def boxes(*rows: tuple[float, float, float, float]) -> NDArray[np.float64]:
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def test_area_of_a_box_turned_inside_out_is_zero() -> None:
    assert area(boxes((0, 0, 2, 3), (2, 0, 0, 3))).tolist() == [6, 0]


@pytest.mark.parametrize(
    ("a", "b", "iou", "of_smaller"),
    [
        # the same box
        ((0, 0, 10, 10), (0, 0, 10, 10), 1.0, 1.0),
        # apart, and touching only
        ((0, 0, 10, 10), (20, 0, 30, 10), 0.0, 0.0),
        ((0, 0, 10, 10), (10, 0, 20, 10), 0.0, 0.0),
        # half of each
        ((0, 0, 10, 10), (5, 0, 15, 10), 1 / 3, 0.5),
        # a small one inside
        ((0, 0, 10, 10), (2, 2, 7, 7), 0.25, 1.0),
        # both empty
        ((1, 1, 1, 1), (1, 1, 1, 1), 0.0, 0.0),
    ],
)
def test_overlap_of_two_boxes(
    a: tuple[float, float, float, float],
    b: tuple[float, float, float, float],
    iou: float,
    of_smaller: float,
) -> None:
    assert iou_matrix(boxes(a), boxes(b)).tolist() == [[pytest.approx(iou)]]
    assert iou_matrix(boxes(b), boxes(a)).tolist() == [[pytest.approx(iou)]]
    assert overlap_of_smaller(boxes(a), boxes(b)).tolist() == [[pytest.approx(of_smaller)]]


def test_overlaps_of_no_boxes_have_no_rows_or_columns() -> None:
    one = boxes((0, 0, 1, 1))
    assert iou_matrix(boxes(), one).shape == (0, 1)
    assert iou_matrix(one, boxes()).shape == (1, 0)


def test_clip_moves_corners_into_the_picture() -> None:
    assert clip(boxes((-5, 2, 30, 40)), 20, 30).tolist() == [[0, 2, 20, 30]]


LARGE, INSIDE, BESIDE = (0, 0, 10, 10), (2, 2, 7, 7), (5, 0, 15, 10)


@pytest.mark.parametrize(
    ("scores", "threshold", "kept"),
    [
        # overlaps of 1/4 and 1/3 with the best are within the limit
        ((0.9, 0.8, 0.7), 0.4, [0, 1, 2]),
        # 1/3 is over it
        ((0.9, 0.8, 0.7), 0.3, [0, 1]),
        # the best score is kept, wherever it stands
        ((0.1, 0.2, 0.9), 0.3, [2, 1]),
        # a dropped box drops no other: the third goes with the first, the second stays
        ((0.9, 0.1, 0.5), 0.26, [0, 1]),
    ],
)
def test_nms_keeps_the_better_of_two_that_overlap(
    scores: tuple[float, ...], threshold: float, kept: list[int]
) -> None:
    assert nms(boxes(LARGE, INSIDE, BESIDE), np.array(scores), threshold).tolist() == kept


def test_nms_can_measure_overlap_by_the_smaller_box() -> None:
    scores = np.array([0.9, 0.8, 0.7])
    kept = nms(boxes(LARGE, INSIDE, BESIDE), scores, 0.7, overlap_of_smaller)
    assert kept.tolist() == [0, 2]


def test_nms_of_nothing_is_empty() -> None:
    assert nms(boxes(), np.array([]), 0.5).tolist() == []


def test_square_crop_adds_the_margin_around_the_longer_side() -> None:
    assert square_crop((10, 20, 30, 60), 0.25) == (-10, 10, 60)


def test_boxes_of_one_thing_vote_on_its_place_by_their_scores() -> None:
    boxes = np.array([[0, 0, 10, 10], [2, 0, 12, 10], [50, 50, 60, 60]], float)
    scores = np.array([0.9, 0.3, 0.8])
    placed = vote(boxes[[0, 2]], boxes, scores, 0.6)
    assert placed.tolist() == [[0.5, 0, 10.5, 10], [50, 50, 60, 60]]
    assert vote(boxes[[0, 2]], boxes, scores, 1.0).tolist() == boxes[[0, 2]].tolist()
    assert vote(boxes[:0], boxes, scores, 0.6).shape == (0, 4)


def test_no_boxes_are_an_array_without_rows() -> None:
    assert box_array([]).shape == (0, 4)
    assert box_array([Box(1, 2, 3, 4)]).tolist() == [[1, 2, 3, 4]]


def test_a_box_is_covered_by_any_that_overlaps_it_enough() -> None:
    some = boxes((0, 0, 10, 10), (50, 0, 60, 10))
    others = boxes((100, 0, 110, 10), (0, 0, 10, 6))
    assert are_covered(some, others, 0.6).tolist() == [True, False]
    assert are_covered(some, others, 0.61).tolist() == [False, False]
    assert are_covered(some, boxes(), 0.1).tolist() == [False, False]
    assert are_covered(boxes(), others, 0.1).tolist() == []


def test_a_stadium_full_of_boxes_takes_little_memory() -> None:
    across, down = np.meshgrid(np.arange(60) * 40.0, np.arange(50) * 40.0)
    corner = np.repeat(np.stack([across.ravel(), down.ravel()], axis=1), 6, axis=0)
    rng = np.random.default_rng(0)
    corner += rng.uniform(0, 2, corner.shape)
    found = np.concatenate([corner, corner + 20], axis=1)
    scores = rng.uniform(0.5, 1, len(found))
    tracemalloc.start()
    try:
        kept = nms(found, scores, 0.45)
        placed = vote(found[kept], found, scores, 0.6)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(kept) == 60 * 50
    assert np.all(placed[:, :2] % 40 < 2)
    assert len(np.unique(placed[:, :2] // 40, axis=0)) == 60 * 50
    assert peak < 50e6


def test_how_many_boxes_are_kept_changes_no_vote() -> None:
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 100, (200, 2))
    found = np.concatenate([corner, corner + rng.uniform(5, 60, (200, 2))], axis=1)
    scores = rng.uniform(0.2, 1, 200)
    placed = vote(found, found, scores, 0.5)
    for i in range(200):
        assert placed[i] == pytest.approx(vote(found[i : i + 1], found, scores, 0.5)[0])
