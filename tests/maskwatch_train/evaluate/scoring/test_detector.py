from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from maskwatch.testing import FixedDetector
from maskwatch.types import Box, Face, State
from maskwatch_train.data.labelled import LabelledImage
from maskwatch_train.errors import DataError
from maskwatch_train.evaluate.scoring.detector import (
    DetectorRun,
    Found,
    band_name,
    detector_markdown,
    evaluate_detector,
    match_run,
    run_detector,
)
from tests.maskwatch_train.evaluate.pictures import label, labelled_image


def run_of(*pictures: list[tuple[float, float, float]]) -> DetectorRun:
    """Square detections as (x, size, score), one list per picture."""
    found = []
    for squares in pictures:
        boxes = [[x, 0, x + size, size] for x, size, _ in squares]
        scores = [score for _, _, score in squares]
        found.append(Found(np.array(boxes, dtype=float).reshape(-1, 4), np.array(scores)))
    return DetectorRun("made up", tuple(found), 1.0)


@pytest.fixture
def images(tmp_path: Path) -> list[LabelledImage]:
    return [
        labelled_image(
            tmp_path,
            "a",
            label(0, 40, State.UNKNOWN),
            label(100, 40, State.MASK),
            label(200, 20, State.NO_MASK),
        ),
        labelled_image(tmp_path, "b", label(0, 100, State.INCORRECT)),
        labelled_image(tmp_path, "c"),
    ]


RUN = run_of(
    # on the face that nobody could tell, on the mask, on the small face, on nothing
    [(0, 40, 0.9), (100, 40, 0.7), (200, 20, 0.95), (300, 50, 0.6)],
    # two thirds of the large face's side: IoU 0.44
    [(0, 66.7, 0.8)],
    # too small to count as unmatched
    [(0, 30, 0.9)],
)


def test_faces_that_nobody_could_tell_are_neither_found_nor_missed(
    images: list[LabelledImage],
) -> None:
    matching = match_run(images, RUN, 0.5)
    assert matching.face_size.tolist() == [40, 20, 100]
    assert matching.face_state.tolist() == ["mask", "no_mask", "incorrect"]
    assert matching.face_score.tolist() == [0.7, 0.95, -math.inf]
    assert matching.matched.tolist() == [-2, 0, 1, -1, -1, -1]


def test_faces_and_detections_of_later_pictures_match_each_other(
    images: list[LabelledImage],
) -> None:
    assert match_run(images, RUN, 0.4).matched.tolist() == [-2, 0, 1, -1, 2, -1]


@pytest.mark.parametrize(
    ("iou", "score", "min_size", "recall", "unmatched"),
    [
        # of the two large faces one is hit; two stray detections of at least 32 px in 3 pictures
        (0.5, 0.3, 32, 1 / 2, 2 / 3),
        # a lower overlap makes the other one a hit
        (0.4, 0.3, 32, 1.0, 1 / 3),
        # over the score of the mask's detection
        (0.4, 0.75, 32, 1 / 2, 0.0),
        # with the small face and the small stray
        (0.5, 0.3, 0, 2 / 3, 1.0),
    ],
)
def test_recall_and_unmatched_detections_depend_on_overlap_score_and_size(
    images: list[LabelledImage],
    iou: float,
    score: float,
    min_size: float,
    recall: float,
    unmatched: float,
) -> None:
    matching = match_run(images, RUN, iou)
    assert matching.recall(score, min_size) == pytest.approx(recall)
    assert matching.unmatched(score, min_size) == pytest.approx(unmatched)


def test_recall_of_one_state_leaves_the_others_out(images: list[LabelledImage]) -> None:
    matching = match_run(images, RUN, 0.5)
    assert matching.recall(0.5, 32, State.MASK) == 1.0
    assert matching.recall(0.5, 32, State.INCORRECT) == 0.0
    assert math.isnan(matching.recall(0.5, 32, State.NO_MASK))


def test_average_precision_leaves_small_faces_and_small_strays_out(
    images: list[LabelledImage],
) -> None:
    # By score: the stray of 66.7 px (0.8), the mask (0.7), the stray of 50 px (0.6). So one of
    # two faces is found, at precision 1/2.
    assert match_run(images, RUN, 0.5).average_precision(32) == pytest.approx(1 / 4)


def test_the_evaluation_lists_bands_states_and_thresholds(images: list[LabelledImage]) -> None:
    result = evaluate_detector(images, RUN)
    assert (result["images"], result["faces"]) == (3, 2)
    at = result["iou"]["0.5"]["score"]["0.5"]
    assert at["recall"] == 0.5
    assert at["recall_by_state"]["incorrect"] == 0.0
    assert at["recall_by_band"]["16-24"] == {"recall": 1.0, "faces": 1}
    assert at["recall_by_band"]["64-128"] == {"recall": 0.0, "faces": 1}
    assert at["unmatched_per_image"] == pytest.approx(2 / 3)
    assert json.loads(json.dumps(result, allow_nan=True))["name"] == "made up"


def test_detectors_are_held_against_the_first_one(images: list[LabelledImage]) -> None:
    nothing = run_of([], [], [])
    results = [
        evaluate_detector(images, nothing) | {"name": "blind"},
        evaluate_detector(images, RUN),
    ]
    text = detector_markdown(results, "Two detectors")
    assert text.startswith("# Two detectors\n")
    assert "over blind" in text
    row = next(line for line in text.splitlines() if line.startswith("| made up | 0.5 |"))
    assert row == ("| made up | 0.5 | 0.500 | 1.000 | 1.000 | 1.000 | 0.000 | - | 0.667 | +0.667 |")


@pytest.mark.parametrize(
    ("low", "high", "name"), [(0, 16, "<16"), (16, 24, "16-24"), (128, math.inf, ">=128")]
)
def test_bands_have_names(low: float, high: float, name: str) -> None:
    assert band_name(low, high) == name


def test_a_detector_is_run_on_every_picture(images: list[LabelledImage]) -> None:
    run = run_detector("fixed", FixedDetector([Face(Box(1, 2, 3, 4), 0.5)]), images)
    assert [found.boxes.tolist() for found in run.found] == 3 * [[[1, 2, 3, 4]]]
    assert [found.scores.tolist() for found in run.found] == 3 * [[0.5]]


def test_a_picture_that_cannot_be_read_stops_the_evaluation(tmp_path: Path) -> None:
    image = labelled_image(tmp_path, "a")
    image.path.write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"a\.png"):
        run_detector("fixed", FixedDetector([]), [image])
