"""Any ONNX with a card, made here: networks that answer from the colour of what they see."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from maskwatch.errors import CardError, ModelError
from maskwatch.types import Box, Face, Fault, Frame, State
from maskwatch_train.evaluate.any_model import AnyClassifier, AnySettings, to_input


def colour_model(
    folder: Path,
    weights: list[list[float]],
    labels: list[str],
    layout: str = "NCHW",
    batch: int | str = "faces",
    **settings: Any,
) -> Path:
    """A model folder whose outputs are the mean colour (three channels) times ``weights``."""
    size = 8
    shape = [batch, 3, size, size] if layout == "NCHW" else [batch, size, size, 3]
    axes = [2, 3] if layout == "NCHW" else [1, 2]
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["x", "axes"], ["mean"], keepdims=0),
            helper.make_node("MatMul", ["mean", "w"], ["y"]),
        ],
        "colour",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, len(weights[0])])],
        [
            numpy_helper.from_array(np.array(weights, dtype=np.float32), "w"),
            numpy_helper.from_array(np.array(axes, dtype=np.int64), "axes"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "net.onnx")
    card = {
        "format": 1,
        "name": "colours",
        "version": "3",
        "kind": "mask_classifier",
        "file": "net.onnx",
        "sha256": hashlib.sha256((folder / "net.onnx").read_bytes()).hexdigest(),
        "labels": labels,
        "settings": {"size": size, "layout": layout, **settings},
        "summary": {"licence": "Apache-2.0"},
    }
    (folder / "card.json").write_text(json.dumps(card))
    return folder


RED_GREEN_BLUE = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]


def painted(*colours: tuple[int, int, int]) -> tuple[Frame, list[Face]]:
    """Faces side by side, each of one BGR colour."""
    image = np.concatenate(
        [np.full((60, 60, 3), colour, dtype=np.uint8) for colour in colours], axis=1
    )
    faces = [Face(Box(60.0 * i + 15, 15, 60.0 * i + 45, 45), 1.0) for i in range(len(colours))]
    return Frame("painted", 0, 0.0, np.ascontiguousarray(image)), faces


RED, GREEN, BLUE = (0, 0, 255), (0, 255, 0), (255, 0, 0)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_a_network_of_other_classes_is_run_as_its_card_says(tmp_path: Path, layout: str) -> None:
    folder = colour_model(
        tmp_path, RED_GREEN_BLUE, ["no_mask", "nose_out", "mask"], layout, divisor=25.0
    )
    answers = AnyClassifier.from_folder(folder)(*painted(RED, GREEN, BLUE))
    assert [answer.state for answer in answers] == [State.NO_MASK, State.INCORRECT, State.MASK]
    assert [answer.fault for answer in answers] == [None, Fault.NOSE_OUT, None]
    # logits 10.2, 0, 0
    assert answers[0].probabilities == pytest.approx((0, 0, 1), abs=1e-4)


def test_the_order_of_channels_is_the_card_s(tmp_path: Path) -> None:
    labels = ["mask", "incorrect", "no_mask"]
    rgb = colour_model(tmp_path / "rgb", RED_GREEN_BLUE, labels)
    bgr = colour_model(tmp_path / "bgr", RED_GREEN_BLUE, labels, colour="BGR")
    assert AnyClassifier.from_folder(rgb)(*painted(RED))[0].state is State.MASK
    assert AnyClassifier.from_folder(bgr)(*painted(RED))[0].state is State.NO_MASK


def test_a_network_for_one_face_at_a_time_gets_one(tmp_path: Path) -> None:
    folder = colour_model(tmp_path, RED_GREEN_BLUE, ["mask", "incorrect", "no_mask"], batch=1)
    answers = AnyClassifier.from_folder(folder)(*painted(RED, BLUE))
    assert [answer.state for answer in answers] == [State.MASK, State.NO_MASK]


def test_one_output_through_a_sigmoid_is_the_second_label(tmp_path: Path) -> None:
    weights = [[1.0], [0.0], [0.0]]
    folder = colour_model(
        tmp_path, weights, ["no_mask", "mask"], divisor=255.0, mean=[0.5], output="sigmoid"
    )
    red, blue = AnyClassifier.from_folder(folder)(*painted(RED, BLUE))
    assert red.probabilities is not None
    assert blue.probabilities is not None
    assert red.probabilities.mask == pytest.approx(1 / (1 + np.exp(-0.5)), abs=1e-4)
    assert blue.probabilities.mask == pytest.approx(1 / (1 + np.exp(0.5)), abs=1e-4)


def test_small_faces_are_not_asked_about(tmp_path: Path) -> None:
    folder = colour_model(
        tmp_path, RED_GREEN_BLUE, ["mask", "incorrect", "no_mask"], min_face_px=20
    )
    frame, (face,) = painted(RED)
    tiny = Face(Box(0, 0, 10, 10), 1.0)
    answers = AnyClassifier.from_folder(folder)(frame, [tiny, face])
    assert [answer.state for answer in answers] == [State.UNKNOWN, State.MASK]
    assert answers[0].probabilities is None


def test_pixels_are_scaled_as_the_card_says() -> None:
    crop = np.full((1, 4, 4, 3), (30, 60, 90), dtype=np.uint8)
    settings = AnySettings(4, divisor=10.0, mean=(1.0, 2.0, 3.0), std=(2.0, 2.0, 2.0))
    assert to_input(crop, settings, np.float32)[0, 0, 0].tolist() == [4.0, 2.0, 0.0]
    assert to_input(crop, settings, np.uint8)[0, 0, 0].tolist() == [90, 60, 30]
    grey = AnySettings(4, colour="GREY", layout="NCHW")
    assert to_input(crop, grey, np.float32).shape == (1, 1, 4, 4)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"layout": "CHWN"}, "settings.layout is 'CHWN'"),
        ({"output": "scores"}, "settings.output is 'scores'"),
    ],
)
def test_a_card_with_an_unknown_setting_is_refused(
    tmp_path: Path, change: dict[str, str], told: str
) -> None:
    folder = colour_model(tmp_path, RED_GREEN_BLUE, ["mask", "incorrect", "no_mask"])
    card = json.loads((folder / "card.json").read_text())
    card["settings"] |= change
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(CardError, match=told):
        AnyClassifier.from_folder(folder)


def test_a_card_that_does_not_fit_the_network_is_refused(tmp_path: Path) -> None:
    folder = colour_model(tmp_path, RED_GREEN_BLUE, ["mask", "no_mask"])
    with pytest.raises(CardError, match="3 outputs, but its card names 2 labels"):
        AnyClassifier.from_folder(folder)(*painted(RED))
    folder = colour_model(tmp_path, RED_GREEN_BLUE, ["mask", "without", "no_mask"])
    with pytest.raises(CardError, match="without"):
        AnyClassifier.from_folder(folder)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    folder = colour_model(tmp_path, RED_GREEN_BLUE, ["mask", "incorrect", "no_mask"])
    (folder / "net.onnx").rename(folder / "net.pt")
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | {"file": "net.pt"}))
    with pytest.raises(ModelError, match="neither ONNX"):
        AnyClassifier.from_folder(folder)
