"""The default classifier around its network, for which a double stands in here."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwatch.errors import CardError, ChecksumMismatch
from maskwatch.masks.labels import LABELS, UNREADABLE
from maskwatch.masks.onnx import MAX_BATCH, MAX_CROPS, ClassifierSettings, OnnxMaskClassifier
from maskwatch.models import DEFAULT_CLASSIFIER
from maskwatch.types import Box, Face, Fault, Frame, State

SETTINGS = ClassifierSettings(
    size=16,
    margin=0.0,
    temperature=1.0,
    abstain_below=0.7,
    unreadable_above=0.5,
    min_face_px=10,
)
SURE = 9.0
SIDE = 20


class GreyNetwork:
    """A session whose network takes the grey of a face for the number of its label.

    A face of 100 is as likely with a mask as without one. Each face is seen in the left half.
    """

    def __init__(self) -> None:
        self.batches: list[int] = []

    def get_inputs(self) -> list[Any]:
        return [SimpleNamespace(name="images")]

    def get_outputs(self) -> list[Any]:
        return [SimpleNamespace(name="logits"), SimpleNamespace(name="boxes")]

    def run(self, outputs: Sequence[str], feed: dict[str, NDArray[np.uint8]]) -> list[Any]:
        greys = feed["images"][:, 8, 8, 0]
        self.batches.append(len(greys))
        logits = np.zeros((len(greys), len(LABELS)), np.float32)
        for row, grey in zip(logits, greys, strict=True):
            row[[0, LABELS.index(State.NO_MASK)] if grey == 100 else [grey]] = SURE
        given = {"logits": logits, "boxes": np.tile([[0.0, 0.0, 0.5, 1.0]], (len(greys), 1))}
        return [given[name] for name in outputs]


def classifier(network: GreyNetwork) -> OnnxMaskClassifier:
    return OnnxMaskClassifier(network, SETTINGS)  # type: ignore[arg-type]


def row_of(greys: Sequence[int]) -> tuple[Frame, list[Face]]:
    """A picture with faces side by side, each in its grey."""
    image = np.zeros((SIDE, SIDE * len(greys), 3), np.uint8)
    faces = []
    for i, grey in enumerate(greys):
        image[:, i * SIDE : (i + 1) * SIDE] = grey
        faces.append(Face(Box(i * SIDE, 0, (i + 1) * SIDE, SIDE), 0.9))
    return Frame("row", 0, 0.0, image), faces


@pytest.mark.parametrize(
    ("label", "state", "fault"),
    [
        (State.MASK, State.MASK, None),
        *((fault, State.INCORRECT, fault) for fault in Fault),
        (State.NO_MASK, State.NO_MASK, None),
        (UNREADABLE, State.UNKNOWN, None),
    ],
)
def test_each_output_of_the_network_becomes_its_state_and_fault(
    label: str, state: State, fault: Fault | None
) -> None:
    (reading,) = classifier(GreyNetwork())(*row_of([LABELS.index(label)]))
    assert (reading.state, reading.fault) == (state, fault)


def test_a_face_that_is_too_small_is_unknown_in_its_place_and_the_network_is_not_asked() -> None:
    frame, (left, right) = row_of([0, 5])
    small = Face(Box(15, 0, 24.9, 20), 0.99)
    network = GreyNetwork()
    readings = classifier(network)(frame, [left, small, right])
    assert [each.state for each in readings] == [State.MASK, State.UNKNOWN, State.NO_MASK]
    assert (readings[1].face, readings[1].reason) == (small, "face too small")
    assert readings[1].probabilities is None
    assert network.batches == [2]


def test_without_faces_the_network_is_not_asked() -> None:
    network = GreyNetwork()
    frame, _ = row_of([0])
    assert classifier(network)(frame, []) == []
    assert network.batches == []


def test_a_toss_up_is_unknown_and_says_how_likely_each_state_is() -> None:
    (reading,) = classifier(GreyNetwork())(*row_of([100]))
    assert (reading.state, reading.reason) == (State.UNKNOWN, "not certain enough")
    assert reading.probabilities is not None
    assert reading.probabilities.mask == pytest.approx(reading.probabilities.no_mask, abs=1e-3)


def test_a_face_lies_between_where_detector_and_network_see_it_unless_it_cannot_be_read() -> None:
    readings = classifier(GreyNetwork())(*row_of([0, LABELS.index(UNREADABLE)]))
    assert readings[0].face.box == pytest.approx((0, 0, 0.75 * SIDE, SIDE))
    assert readings[1].face.box == (SIDE, 0, 2 * SIDE, SIDE)
    assert readings[1].reason == "face not readable"


def test_faces_of_several_frames_are_judged_together_as_they_would_be_one_by_one() -> None:
    looks = [row_of([0, 1, 2, 3, 4]), (row_of([0])[0], []), row_of([5] * 6)]
    network = GreyNetwork()
    together = classifier(network).judge_all(looks)
    assert together == [classifier(GreyNetwork())(*look) for look in looks]
    assert [len(each) for each in together] == [5, 0, 6]
    assert network.batches == [MAX_BATCH, 11 - MAX_BATCH]


def test_the_faces_of_a_stadium_take_little_memory_and_stay_in_order() -> None:
    greys = [i % 6 for i in range(5 * MAX_CROPS + 1)]
    frame, faces = row_of(greys)
    network = GreyNetwork()
    large = OnnxMaskClassifier(network, replace(SETTINGS, size=128))  # type: ignore[arg-type]
    tracemalloc.start()
    try:
        readings = large(frame, faces)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    expected = classifier(GreyNetwork()).judge_all([(frame, [face]) for face in faces])
    assert [each.state for each in readings] == [each.state for (each,) in expected]
    assert peak < 50e6


def test_a_reading_carries_how_well_the_face_can_be_seen() -> None:
    picture = np.random.default_rng(0).integers(0, 2, (SIDE, SIDE, 3), np.uint8)
    frame, box = Frame("noise", 0, 0.0, picture), Box(0, 0, SIDE, SIDE)
    clear, doubtful = classifier(GreyNetwork())(frame, [Face(box, 0.9), Face(box, 0.3)])
    assert clear.quality == pytest.approx(3 * doubtful.quality)
    assert doubtful.quality > 0


def test_a_model_with_its_labels_in_another_order_is_refused(tmp_path: Path) -> None:
    card = json.loads((DEFAULT_CLASSIFIER / "card.json").read_text(encoding="utf-8"))
    card["labels"].reverse()
    (tmp_path / "card.json").write_text(json.dumps(card), encoding="utf-8")
    shutil.copy(DEFAULT_CLASSIFIER / card["file"], tmp_path)
    with pytest.raises(CardError, match="label order"):
        OnnxMaskClassifier.from_folder(tmp_path)


def test_a_changed_model_is_refused(tmp_path: Path) -> None:
    card = (DEFAULT_CLASSIFIER / "card.json").read_text(encoding="utf-8")
    (tmp_path / "card.json").write_text(card, encoding="utf-8")
    model = (DEFAULT_CLASSIFIER / "model.onnx").read_bytes()
    (tmp_path / "model.onnx").write_bytes(model + b"\0")
    with pytest.raises(ChecksumMismatch):
        OnnxMaskClassifier.from_folder(tmp_path)
