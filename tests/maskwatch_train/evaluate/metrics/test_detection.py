from __future__ import annotations

import math
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwatch_train.evaluate.metrics.detection import (
    IGNORED,
    UNMATCHED,
    BandRecall,
    average_precision,
    match,
    recall_by_band,
    unmatched_per_image,
)

FACE = (0, 0, 10, 10)
FAR_FACE = (100, 0, 110, 10)
HALF_OFF = (5, 0, 15, 10)  # IoU 1/3 with FACE
SLIGHTLY_OFF = (2, 0, 12, 10)  # IoU 2/3 with FACE


def boxes(*rows: tuple[float, ...]) -> NDArray[np.float64]:
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


@pytest.mark.parametrize(
    ("truth", "ignore", "found", "scores", "iou", "expected"),
    [
        # nothing labelled: every detection is unmatched
        ((), (), (FACE,), (0.9,), 0.5, [UNMATCHED]),
        # nothing detected
        ((FACE,), (False,), (), (), 0.5, []),
        # a detection on each face, listed the other way round
        ((FACE, FAR_FACE), (False, False), (FAR_FACE, FACE), (0.9, 0.8), 0.5, [1, 0]),
        # two detections of one face: the better score hits, the other is unmatched
        ((FACE,), (False,), (SLIGHTLY_OFF, FACE), (0.6, 0.7), 0.5, [UNMATCHED, 0]),
        # ... whichever fits better
        ((FACE,), (False,), (SLIGHTLY_OFF, FACE), (0.7, 0.6), 0.5, [0, UNMATCHED]),
        # too little overlap at 0.5, enough at 0.3
        ((FACE,), (False,), (HALF_OFF,), (0.9,), 0.5, [UNMATCHED]),
        ((FACE,), (False,), (HALF_OFF,), (0.9,), 0.3, [0]),
        # the threshold itself is enough
        ((FACE,), (False,), ((0, 0, 10, 5),), (0.9,), 0.5, [0]),
        # a detection takes the face it overlaps most, not the first one
        ((HALF_OFF, FACE), (False, False), (SLIGHTLY_OFF,), (0.9,), 0.3, [1]),
        # ... and a second one gets the neighbour if it still overlaps enough
        ((HALF_OFF, FACE), (False, False), (SLIGHTLY_OFF, SLIGHTLY_OFF), (0.9, 0.8), 0.3, [1, 0]),
        # an ignored face swallows any number of detections
        ((FACE,), (True,), (FACE, SLIGHTLY_OFF), (0.9, 0.8), 0.5, [IGNORED, IGNORED]),
        # a face to be found goes before an ignored one, even where the ignored one fits better
        ((FACE, SLIGHTLY_OFF), (True, False), (FACE,), (0.9,), 0.5, [1]),
    ],
)
def test_match_gives_each_detection_its_face(
    truth: tuple[tuple[float, ...], ...],
    ignore: tuple[bool, ...],
    found: tuple[tuple[float, ...], ...],
    scores: tuple[float, ...],
    iou: float,
    expected: list[int],
) -> None:
    matched = match(
        boxes(*truth), np.array(ignore, dtype=bool), boxes(*found), np.array(scores), iou
    )
    assert matched.tolist() == expected


def test_matching_above_a_score_does_not_depend_on_weaker_detections() -> None:
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 60, (40, 2))
    found = np.concatenate([corners, corners + rng.uniform(10, 30, (40, 2))], axis=1)
    scores = rng.uniform(0, 1, 40)
    truth, ignore = found[:12] + 2, np.arange(12) % 4 == 0
    everything = match(truth, ignore, found, scores, 0.5)
    strong = scores >= 0.5
    assert set(everything.tolist()) > {UNMATCHED, IGNORED}
    assert (
        match(truth, ignore, found[strong], scores[strong], 0.5).tolist()
        == everything[strong].tolist()
    )


def test_recall_by_band_counts_the_lower_edge_in_and_the_upper_out() -> None:
    sizes = np.array([15.9, 16, 31.9, 32, 500])
    found = np.array([False, True, False, True, True])
    low, middle, high = recall_by_band(sizes, found, (16, 32, 64, math.inf))
    assert low == BandRecall(16, 32, 1, 2)
    assert low.recall == 0.5
    assert middle == BandRecall(32, 64, 1, 1)
    assert high == BandRecall(64, math.inf, 1, 1)


def test_recall_of_an_empty_band_is_nan() -> None:
    (band,) = recall_by_band(np.array([]), np.array([], dtype=bool), (0, 10))
    assert math.isnan(band.recall)


def test_unmatched_detections_are_counted_from_the_size_and_score_asked_for() -> None:
    matched = np.array([UNMATCHED, UNMATCHED, UNMATCHED, 0, IGNORED])
    scores = np.array([0.9, 0.5, 0.4, 0.9, 0.9])
    sizes = np.array([40.0, 32.0, 40.0, 40.0, 40.0])
    assert unmatched_per_image(matched, scores, sizes, images=4, score=0.5, size=32) == 0.5
    assert unmatched_per_image(matched, scores, sizes, images=4, score=0.5, size=33) == 0.25
    assert unmatched_per_image(matched, scores, sizes, images=4, score=0.0, size=0) == 0.75


@pytest.mark.parametrize(
    ("scores", "hit", "faces", "expected"),
    [
        # every face found before anything else
        ((0.9, 0.8, 0.1), (True, True, False), 2, 1.0),
        # one of two faces is never found
        ((0.9,), (True,), 2, 0.5),
        # a false alarm first: precision is 1/2 at the first hit and 2/3 at the second, and the
        # better one counts for both halves of the recall
        ((0.9, 0.8, 0.7), (False, True, True), 2, 2 / 3),
        # detections of equal score enter together, in whatever order they are listed
        ((0.5, 0.5), (False, True), 1, 0.5),
        ((0.5, 0.5), (True, False), 1, 0.5),
        # no detections
        ((), (), 3, 0.0),
    ],
)
def test_average_precision(
    scores: tuple[float, ...], hit: tuple[bool, ...], faces: int, expected: float
) -> None:
    value = average_precision(np.array(scores), np.array(hit, dtype=bool), faces)
    assert value == pytest.approx(expected)


def test_average_precision_without_faces_is_nan() -> None:
    assert math.isnan(average_precision(np.array([0.5]), np.array([False]), 0))


@pytest.mark.parametrize("seed", range(5))
def test_average_precision_is_the_area_under_scikit_learns_curve_made_monotone(
    seed: int, sklearn_metrics: ModuleType
) -> None:
    rng = np.random.default_rng(seed)
    hit = rng.random(200) < 0.6
    scores = np.round(rng.random(200) + 0.3 * hit, 2)  # rounded, so that there are ties
    precision, recall, _ = sklearn_metrics.precision_recall_curve(hit, scores)
    envelope = np.maximum.accumulate(precision)  # recall falls along scikit-learn's curve
    expected = -np.sum(np.diff(recall) * envelope[:-1])
    assert average_precision(scores, hit, int(hit.sum())) == pytest.approx(expected)
