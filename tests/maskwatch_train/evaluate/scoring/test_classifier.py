from __future__ import annotations

import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwatch.masks.labels import LABELS
from maskwatch.testing import FixedDetector, ScriptedClassifier, reading_of
from maskwatch.types import (
    Box,
    Face,
    Fault,
    Frame,
    MaskReading,
    State,
    StateProbabilities,
)
from maskwatch_train.data.labelled import LabelledFace, LabelledPicture
from maskwatch_train.evaluate.cases import Appearance, cases_of_images, cases_of_pictures
from maskwatch_train.evaluate.outcomes import NO_LABEL, Judged, judge, outcomes
from maskwatch_train.evaluate.scoring.classifier import (
    classifier_markdown,
    evaluate_classifier,
    scores,
)
from maskwatch_train.evaluate.scoring.report import write_report
from tests.maskwatch_train.evaluate.pictures import case, label, labelled_image


def judged(
    face: LabelledFace,
    state: State,
    fault: Fault | None = None,
    confidence: float = 0.9,
    group: str = "g",
    brightness: float = 128,
    sharpness: float = 400,
) -> Judged:
    reading = reading_of(Face(face.box, 1.0), state, fault, confidence=confidence)
    return Judged(case(face, group, Appearance(brightness, sharpness)), reading)


def unsure_reading(face: LabelledFace, probabilities: StateProbabilities) -> Judged:
    reading = MaskReading(
        Face(face.box, 1.0), State.UNKNOWN, None, probabilities, reason="not certain enough"
    )
    return Judged(case(face), reading)


MASK = label(0, 40, State.MASK)
NO_MASK = label(0, 40, State.NO_MASK)
NOSE_OUT = label(0, 40, State.INCORRECT, Fault.NOSE_OUT)
UNDER_CHIN = label(0, 40, State.INCORRECT, Fault.UNDER_CHIN)
SOMEHOW_WRONG = label(0, 40, State.INCORRECT)
UNREADABLE = label(0, 40, State.UNKNOWN)


def value(items: list[Judged], name: str) -> float:
    entry = scores(outcomes(items))[name]
    assert isinstance(entry, dict)
    return float(entry["value"])


def test_the_wrong_violation_is_still_the_right_side() -> None:
    items = [judged(NOSE_OUT, State.NO_MASK), judged(MASK, State.MASK)]
    assert value(items, "side_accuracy") == 1.0
    # F1 1 for mask, 0 for incorrect; of no_mask there is nothing
    assert value(items, "state_macro_f1") == pytest.approx(1 / 2)


def test_unknown_is_wrong_left_out_or_replaced_by_the_likeliest_state() -> None:
    items = [
        judged(MASK, State.MASK),
        unsure_reading(MASK, StateProbabilities(0.6, 0.2, 0.2)),
        unsure_reading(NO_MASK, StateProbabilities(0.6, 0.2, 0.2)),
        judged(NO_MASK, State.MASK),
    ]
    assert value(items, "side_accuracy") == 1 / 4
    assert value(items, "side_accuracy_decided") == 1 / 2
    assert value(items, "side_accuracy_forced") == 2 / 4
    assert value(items, "unknown_rate") == 2 / 4


def test_faults_are_scored_among_all_readings() -> None:
    items = [
        judged(NOSE_OUT, State.INCORRECT, Fault.NOSE_OUT),
        judged(NOSE_OUT, State.MASK),
        judged(UNDER_CHIN, State.INCORRECT, Fault.UNDER_CHIN),
        judged(NO_MASK, State.INCORRECT, Fault.UNDER_CHIN),
        # its fault is not known, so no fault read of it is right or wrong
        judged(SOMEHOW_WRONG, State.INCORRECT, Fault.NOSE_OUT),
    ]
    assert value(items, "nose_out_f1") == pytest.approx(2 / 3)  # precision 1, recall 1/2
    assert value(items, "under_chin_f1") == pytest.approx(2 / 3)  # precision 1/2, recall 1
    assert value(items, "nose_chin_macro_f1") == pytest.approx(2 / 3)
    # but its state counts
    assert outcomes(items).label.tolist().count(NO_LABEL) == 1
    assert value(items, "side_accuracy") == pytest.approx(4 / 5)


def test_calibration_is_that_of_the_probabilities_even_where_they_are_not_spoken() -> None:
    items = [
        judged(MASK, State.MASK, confidence=0.9),
        unsure_reading(MASK, StateProbabilities(0.7, 0.2, 0.1)),
    ]
    # both right: gaps of 0.1 and 0.3
    assert value(items, "state_ece") == pytest.approx(0.2)
    assert value(items, "side_ece") == pytest.approx(0.2)


def test_a_face_that_was_not_given_to_the_model_is_wrong_and_has_no_calibration() -> None:
    reading = MaskReading(Face(MASK.box, 1.0), State.UNKNOWN, reason="face too small")
    items = [Judged(case(MASK), reading)]
    assert value(items, "side_accuracy_forced") == 0.0
    assert math.isnan(value(items, "state_ece"))
    assert math.isnan(value(items, "risk_coverage_area"))


def test_no_faces_give_nan() -> None:
    result = scores(outcomes([]), seed=0)
    assert result["faces"] == 0
    assert math.isnan(value([], "side_accuracy"))


def test_intervals_draw_groups() -> None:
    right = [judged(MASK, State.MASK, group="a") for _ in range(9)]
    wrong = [judged(MASK, State.NO_MASK, group="b") for _ in range(9)]
    entry = scores(outcomes(right + wrong), seed=0, repeats=100)["side_accuracy"]
    assert entry == {"value": 0.5, "low": 0.0, "high": 1.0}


def test_populations_and_slices_hold_the_right_faces() -> None:
    items = [
        judged(MASK, State.MASK, brightness=20, sharpness=1000),
        judged(label(0, 70, State.MASK, certainty="unsure"), State.NO_MASK, sharpness=20),
        judged(label(0, 20, State.MASK, certainty="tiny"), State.MASK),
        judged(label(0, 200, State.NO_MASK, kind="beard"), State.NO_MASK, brightness=200),
        judged(UNREADABLE, State.UNKNOWN),
        judged(UNREADABLE, State.MASK),
    ]
    result = evaluate_classifier(items, seed=0, repeats=10)
    faces = {name: entry["faces"] for name, entry in result["populations"].items()}
    assert faces == {
        "all": 3,
        "without unsure": 2,
        "unsure alone": 1,
        "tiny alone": 1,
        "any size": 4,
    }
    faces = {name: entry["faces"] for name, entry in result["slices"].items() if entry["faces"]}
    assert faces == {
        "size/16-24": 1,
        "size/32-64": 1,
        "size/64-128": 1,
        "size/128 and more": 1,
        "hard/beard": 1,
        "light/dark": 1,
        "light/medium": 1,
        "light/bright": 1,
        "blur/blurred": 1,
        "blur/medium": 1,
        "blur/sharp": 1,
    }
    assert result["populations"]["without unsure"]["side_accuracy"]["value"] == 1.0
    assert result["populations"]["unsure alone"]["side_accuracy"]["value"] == 0.0
    assert result["unreadable"] == {"faces": 2, "unknown_rate": 0.5}


def test_the_report_is_written(tmp_path: Path) -> None:
    result = evaluate_classifier([judged(NOSE_OUT, State.MASK)], seed=0, repeats=10)
    write_report(tmp_path, "classifier", result, classifier_markdown(result, "A classifier"))
    assert json.loads((tmp_path / "classifier.json").read_text())["labels"]["order"] == list(LABELS)
    text = (tmp_path / "classifier.md").read_text()
    assert "| side_accuracy | 0.000 |" in text
    assert "| nose_out | 1 | 0 | 0 | 0 | 0 | 0 | 0 | - | 0.000 | 0.000 |" in text


def test_labelled_boxes_are_judged_in_their_picture(tmp_path: Path) -> None:
    dark = labelled_image(tmp_path, "a", MASK, label(100, 60, State.NO_MASK), grey=10)
    bright = labelled_image(tmp_path, "b", UNREADABLE, group="c", grey=250)

    def by_light(frame: Frame, face: Face) -> MaskReading:
        return reading_of(face, State.MASK if frame.image.mean() > 100 else State.NO_MASK)

    items = judge(ScriptedClassifier(by_light), cases_of_images([dark, bright], "made"))
    assert [item.group for item in items] == ["made/a", "made/a", "made/c"]
    assert [item.face for item in items] == [*dark.faces, *bright.faces]
    assert [item.case.box for item in items] == [item.face.box for item in items]
    assert [item.reading.state for item in items] == [State.NO_MASK, State.NO_MASK, State.MASK]
    assert [item.case.appearance.brightness for item in items] == [10, 10, 250]
    assert [item.case.appearance.sharpness for item in items] == [0, 0, 0]


def test_a_picture_is_judged_by_its_central_face(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    cv2.imwrite(str(path), np.zeros((100, 100, 3), dtype=np.uint8))
    picture = LabelledPicture(path, State.MASK, "test", "g")
    central = Face(Box(30, 30, 70, 70), 0.8)
    corner = Face(Box(0, 0, 40, 40), 0.9)
    (found,) = cases_of_pictures([picture], "made", FixedDetector([corner, central]))
    assert found.box == central.box
    assert found.face.state is State.MASK
    (none,) = cases_of_pictures([picture], "made", FixedDetector([]))
    assert none.box == Box(0, 0, 100, 100)
