"""Detection as COCO scores it, on pictures small enough to count by hand."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from maskwatch.types import Box, Fault, State
from maskwatch_train.data.labelled import LabelledFace, LabelledImage
from maskwatch_train.evaluate.scoring.coco import ANY_STATE, Located, evaluate_detection
from tests.maskwatch_train.evaluate.pictures import label


def image(*faces: LabelledFace) -> LabelledImage:
    return LabelledImage(Path("a.jpg"), "val", "g", faces)


def hit(face: LabelledFace, state: State | None = None, score: float = 0.9) -> Located:
    return Located(face.box, score, state or face.state)


MASK = label(0, 40, State.MASK)
BARE = label(100, 40, State.NO_MASK)
NOSE_OUT = label(200, 40, State.INCORRECT, Fault.NOSE_OUT)


def test_what_is_found_and_judged_well_is_perfect() -> None:
    one = image(MASK, BARE, NOSE_OUT)
    result = evaluate_detection([one], [[hit(face) for face in one.faces]])
    for name, faces in [("mask", 1), ("incorrect", 1), ("no_mask", 1), ("mean", 3), (ANY_STATE, 3)]:
        assert result["average_precision"][name] == pytest.approx(
            {"faces": faces, "ap": 1.0, "ap50": 1.0, "ap75": 1.0}
        )
    assert result["recall_by_size"]["32-64"] == {"faces": 3, "recall": 1.0}


def test_a_wrong_state_is_a_miss_of_one_and_a_false_alarm_of_the_other() -> None:
    one = image(MASK, BARE)
    found = [hit(MASK), hit(BARE, State.MASK, score=0.95)]
    result = evaluate_detection([one], [found])["average_precision"]
    assert result["mask"]["ap50"] == pytest.approx(0.5)  # the surer of two is wrong
    assert result["no_mask"]["ap50"] == 0.0
    assert math.isnan(result["incorrect"]["ap50"])  # there is none
    assert result["mean"]["ap50"] == pytest.approx(0.25)
    assert result[ANY_STATE]["ap50"] == pytest.approx(1.0)


def test_a_loose_box_counts_at_the_low_overlap_only() -> None:
    loose = Located(Box(0, 0, 40, 64), 0.9, State.MASK)  # IoU 0.625
    result = evaluate_detection([image(MASK)], [[loose]])["average_precision"]["mask"]
    assert result["ap50"] == pytest.approx(1.0)
    assert result["ap75"] == 0.0
    assert result["ap"] == pytest.approx(0.3)  # at 0.50, 0.55 and 0.60 of ten


def test_faces_that_nobody_could_tell_and_small_ones_neither_count_nor_cost() -> None:
    unknown, small = label(300, 40, State.UNKNOWN), label(400, 20, State.MASK)
    one = image(MASK, unknown, small)
    found = [hit(MASK), hit(unknown, State.NO_MASK, 0.99), hit(small, State.MASK, 0.98)]
    result = evaluate_detection([one], [found])
    assert result["faces"] == 1
    assert result["average_precision"]["mask"]["ap50"] == pytest.approx(1.0)
    assert result["average_precision"][ANY_STATE]["ap50"] == pytest.approx(1.0)
    missed = evaluate_detection([one], [[hit(MASK)]])
    assert missed["average_precision"]["mask"]["ap50"] == pytest.approx(1.0)


def test_recall_at_the_threshold_is_of_what_the_detector_finds_where_it_is_used() -> None:
    found = [hit(MASK, score=0.6), hit(BARE, score=0.5), hit(NOSE_OUT, score=0.1)]
    result = evaluate_detection(
        [image(MASK, BARE, NOSE_OUT)], [found], lowest_score=0.05, threshold=0.5
    )
    assert (result["lowest_score"], result["threshold"]) == (0.05, 0.5)
    assert result["recall_by_size"]["32-64"] == pytest.approx(
        {"faces": 3, "recall": 1.0, "recall_at_threshold": 2 / 3}
    )


def test_recall_by_size_counts_a_face_on_a_limit_once() -> None:
    sizes = (12, 16, 24, 32, 64, 128)
    faces = [label(150.0 * i, size, State.MASK) for i, size in enumerate(sizes)]
    found = [hit(face, State.UNKNOWN) for face in faces if face.box.side != 24]
    result = evaluate_detection([image(*faces)], [found])["recall_by_size"]
    assert {name: band["faces"] for name, band in result.items()} == {
        "<16": 1,
        "16-24": 1,
        "24-32": 1,
        "32-64": 1,
        "64-128": 1,
        ">=128": 1,
    }
    # found whatever is said of their state
    assert [band["recall"] for band in result.values()] == [1, 1, 0, 1, 1, 1]
