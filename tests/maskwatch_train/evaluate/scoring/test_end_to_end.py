from __future__ import annotations

from pathlib import Path

import pytest

from maskwatch.testing import FixedClassifier, FixedDetector, ScriptedClassifier, reading_of
from maskwatch.types import Box, Face, Fault, Frame, MaskReading, State
from maskwatch_train.data.labelled import LabelledImage
from maskwatch_train.evaluate.scoring.end_to_end import (
    SeenSet,
    end_to_end_markdown,
    evaluate_end_to_end,
    see_images,
)
from tests.maskwatch_train.evaluate.pictures import label, labelled_image


def square(x: float, size: float = 40) -> Face:
    return Face(Box(x, 0, x + size, size), 0.9)


def shares(seen: SeenSet) -> dict[str, tuple[int, float]]:
    result = evaluate_end_to_end(seen, repeats=10)
    return {name: (entry["faces"], entry["value"]) for name, entry in result["shares"].items()}


@pytest.fixture
def image(tmp_path: Path) -> LabelledImage:
    return labelled_image(
        tmp_path,
        "a",
        label(0, 40, State.MASK),
        label(60, 40, State.NO_MASK),
        label(120, 40, State.INCORRECT, Fault.NOSE_OUT),
        label(180, 40, State.INCORRECT, Fault.UNDER_CHIN),
        label(240, 40, State.UNKNOWN),
        label(300, 20, State.MASK),  # too small to count
    )


def test_a_face_counts_when_it_is_found_and_put_on_the_right_side(image: LabelledImage) -> None:
    # found: mask, nose out, the unknown one, and one that nobody labelled
    detector = FixedDetector([square(0), square(120), square(240), square(350)])

    def judge(frame: Frame, face: Face) -> MaskReading:
        state = State.MASK if face.box.x0 == 0 else State.NO_MASK
        return reading_of(face, state)

    seen = see_images(detector, ScriptedClassifier(judge), [image])
    assert shares(seen) == {
        "found": (4, 0.5),
        "found and right side": (4, 0.5),
        "found, but unknown": (4, 0.0),
        "mask: right side": (1, 1.0),
        "no mask: right side": (1, 0.0),  # not found
        "worn wrongly: found": (2, 0.5),
        "worn wrongly: comes out as violation": (2, 0.5),
        "worn wrongly: comes out as incorrect": (2, 0.0),
        "worn wrongly in a known way: right fault": (2, 0.0),
    }
    # the one that nobody labelled; the unknown one is ignored
    assert evaluate_end_to_end(seen, 10)["stray_violations_per_image"] == 1.0


def test_unknown_is_found_but_not_right(image: LabelledImage) -> None:
    detector = FixedDetector([square(x) for x in (0, 60, 120, 180)])
    found = shares(see_images(detector, FixedClassifier(State.UNKNOWN), [image]))
    assert found["found"] == (4, 1.0)
    assert found["found, but unknown"] == (4, 1.0)
    assert found["found and right side"] == (4, 0.0)
    assert found["worn wrongly: comes out as violation"] == (2, 0.0)


def test_the_right_fault_is_counted(image: LabelledImage) -> None:
    detector = FixedDetector([square(120), square(180)])
    classifier = FixedClassifier(State.INCORRECT, Fault.NOSE_OUT)
    found = shares(see_images(detector, classifier, [image]))
    assert found["worn wrongly: comes out as incorrect"] == (2, 1.0)
    assert found["worn wrongly in a known way: right fault"] == (2, 0.5)


def test_a_box_that_overlaps_too_little_finds_nothing(image: LabelledImage) -> None:
    detector = FixedDetector([square(0, 27)])  # IoU 0.46
    found = shares(see_images(detector, FixedClassifier(State.MASK), [image]))
    assert found["found"] == (4, 0.0)


def test_results_stand_side_by_side(image: LabelledImage) -> None:
    detector = FixedDetector([square(0)])
    results = {
        name: evaluate_end_to_end(see_images(detector, FixedClassifier(state), [image]), 10)
        for name, state in (("good", State.MASK), ("bad", State.NO_MASK))
    }
    text = end_to_end_markdown(results, "Two classifiers")
    assert "| share (of faces) | good | bad |" in text
    assert "| mask: right side (1) | 1.000 | 0.000 |" in text
