"""Any ONNX with a card, made here: networks that answer from the colour of what they see."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from maskwatch.errors import CardError, ModelError
from maskwatch.masks.labels import LABELS
from maskwatch.masks.onnx import OnnxMaskClassifier
from maskwatch.models import DEFAULT_CLASSIFIER
from maskwatch.models.card import read_card
from maskwatch.types import Box, Face, Fault, Frame, State
from maskwatch_train.evaluate.judging.any_model import AnyClassifier, AnySettings, to_input
from maskwatch_train.evaluate.judging.engines import Engine


def colour_model(
    folder: Path,
    weights: list[list[float]],
    labels: list[str],
    layout: str = "NCHW",
    batch: int | str = "faces",
    says_what_it_takes: bool = True,
    bias: list[float] | None = None,
    **settings: Any,
) -> Path:
    """A model folder whose outputs are the mean colour (three channels) times ``weights``.

    A ``bias`` is added.
    """
    shape = [batch, 3, 8, 8] if layout == "NCHW" else [batch, 8, 8, 3]
    taken = shape if says_what_it_takes else None
    axes = [2, 3] if layout == "NCHW" else [1, 2]
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["x", "axes"], ["mean"], keepdims=0),
            helper.make_node("Gemm", ["mean", "w", "b"][: 2 if bias is None else 3], ["y"]),
        ],
        "colour",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, taken)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, len(weights[0])])],
        [
            numpy_helper.from_array(np.array(weights, dtype=np.float32), "w"),
            numpy_helper.from_array(np.array(axes, dtype=np.int64), "axes"),
            *([] if bias is None else [numpy_helper.from_array(np.float32(bias), "b")]),
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
        "settings": {"size": 8, "layout": layout, **settings},
        "summary": {"licence": "Apache-2.0"},
    }
    (folder / "card.json").write_text(json.dumps(card))
    return folder


def change_card(folder: Path, **values: Any) -> None:
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | values))


STATES = ["mask", "incorrect", "no_mask"]
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
    rgb = colour_model(tmp_path / "rgb", RED_GREEN_BLUE, STATES)
    bgr = colour_model(tmp_path / "bgr", RED_GREEN_BLUE, STATES, colour="BGR")
    assert AnyClassifier.from_folder(rgb)(*painted(RED))[0].state is State.MASK
    assert AnyClassifier.from_folder(bgr)(*painted(RED))[0].state is State.NO_MASK


def test_a_network_for_one_face_at_a_time_gets_one(tmp_path: Path) -> None:
    folder = colour_model(tmp_path, RED_GREEN_BLUE, STATES, batch=1)
    answers = AnyClassifier.from_folder(folder)(*painted(RED, BLUE))
    assert [answer.state for answer in answers] == [State.MASK, State.NO_MASK]


@pytest.mark.parametrize("box", [Box(30, 20, 70, 60), Box(30.4, 20.4, 69.6, 59.6)])
def test_a_stretched_box_without_a_margin_shows_nothing_beside_it(tmp_path: Path, box: Box) -> None:
    folder = colour_model(tmp_path, RED_GREEN_BLUE, STATES, crop="stretch", margin=0.0)
    image = np.zeros((100, 100, 3), dtype=np.uint8)
    image[20:60, 30:70] = 255
    assert (AnyClassifier.from_folder(folder).crop(image, box) == 255).all()


def test_of_many_faces_a_network_gets_some_at_a_time(tmp_path: Path) -> None:
    card = read_card(colour_model(tmp_path, RED_GREEN_BLUE, STATES), "mask_classifier", None)
    asked: list[int] = []

    def middle(inputs: np.ndarray) -> np.ndarray:
        asked.append(len(inputs))
        return inputs[:, 0, 0, :4]

    engine = Engine(middle, np.uint8, None, middle)
    classifier = AnyClassifier(engine, card, AnySettings(8))
    faces = [np.full((8, 8, 3), i, np.uint8) for i in range(200)]
    boxes = classifier.boxes(faces)
    assert boxes is not None
    assert boxes[:, 0].tolist() == list(range(200))
    assert max(asked) < 100
    assert sum(asked) == 200


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


def test_doubtful_faces_are_judged_again_as_the_product_does(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(DEFAULT_CLASSIFIER, tmp_path / "model"))
    settings = read_card(folder, "mask_classifier", LABELS).settings
    change_card(folder, settings=settings | {"second_look_below": 1.0})
    noise = np.random.default_rng(0).integers(0, 256, (120, 240, 3), dtype=np.uint8)
    frame, faces = Frame("noise", 0, 0.0, noise), [Face(Box(20, 20, 100, 100), 1.0)]
    (wanted,) = OnnxMaskClassifier.from_folder(folder)(frame, faces)
    (answer,) = AnyClassifier.from_folder(folder)(frame, faces)
    assert answer.probabilities == pytest.approx(wanted.probabilities, abs=1e-6)


def test_small_faces_are_not_asked_about(tmp_path: Path) -> None:
    folder = colour_model(tmp_path, RED_GREEN_BLUE, STATES, min_face_px=20)
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


def test_one_number_goes_for_all_channels(tmp_path: Path) -> None:
    folder = colour_model(tmp_path, RED_GREEN_BLUE, STATES, divisor=25.5, mean=0.5, std=2)
    card = AnyClassifier.from_folder(folder).settings
    assert (card.mean, card.std) == ((0.5,), (2.0,))
    # logits 4.75, -0.25, -0.25
    (answer,) = AnyClassifier.from_folder(folder)(*painted(RED))
    assert answer.probabilities is not None
    assert answer.probabilities.mask == pytest.approx(1 / (1 + 2 * np.exp(-5)), abs=1e-4)


def test_a_network_for_several_faces_at_a_time_gets_as_many(tmp_path: Path) -> None:
    folder = colour_model(tmp_path, RED_GREEN_BLUE, STATES, batch=2)
    answers = AnyClassifier.from_folder(folder)(*painted(RED, GREEN, BLUE))
    assert [answer.state for answer in answers] == [State.MASK, State.INCORRECT, State.NO_MASK]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"layout": "CHWN"}, "settings.layout is 'CHWN', expected one of NHWC, NCHW"),
        ({"layout": ["NCHW"]}, "settings.layout is"),
        ({"output": "scores"}, "settings.output is 'scores'"),
        ({"size": "128"}, "settings.size is '128', expected a whole number above 0"),
        ({"size": 8.5}, "settings.size is 8.5"),
        ({"size": True}, "settings.size is True"),
        ({"margin": "a"}, "settings.margin is 'a', expected a number of at least 0"),
        ({"margin": -0.5}, "settings.margin is -0.5"),
        ({"divisor": 0}, "settings.divisor is 0"),
        ({"mean": "0.5"}, "settings.mean is '0.5', expected a number, or one a channel"),
        ({"mean": []}, r"settings.mean is \[\]"),
        ({"mean": [0.5, 0.5]}, "settings.mean has 2 numbers, but RGB has 3 channels"),
        ({"std": [1, 1, 0]}, r"settings.std is \[1, 1, 0\], expected a number above 0"),
        ({"temperature": "x"}, "settings.temperature is 'x', expected a number above 0"),
        ({"temperature": 0}, "settings.temperature is 0"),
        ({"temperature": float("nan")}, "settings.temperature is nan"),
        (
            {"second_look_below": 0.8, "output": "probabilities"},
            "settings.second_look_below is for logits, not probabilities",
        ),
        ({"abstain_below": 2}, "settings.abstain_below is 2, expected a number from 0 to 1"),
        ({"unreadable_above": None}, "settings.unreadable_above is None"),
        ({"min_face_px": -1}, "settings.min_face_px is -1"),
        ({"output": "sigmoid"}, "'sigmoid' takes two labels, but there are 3"),
        ({"output": "probabilities"}, r"the network gives \[0.0, 0.0, 0.0\], which are none"),
        # what the network takes is 3 x 8 x 8
        ({"size": 16}, r"make inputs of 3 x 16 x 16, but net\.onnx takes 3 x 8 x 8"),
        ({"layout": "NHWC"}, "make inputs of 8 x 8 x 3"),
        ({"colour": "GREY"}, "make inputs of 1 x 8 x 8"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_with_the_card_s_path(
    tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    folder = colour_model(tmp_path, RED_GREEN_BLUE, STATES)
    change_card(folder, settings={"size": 8, "layout": "NCHW"} | change)
    with pytest.raises(CardError, match=rf"card\.json: .*{told}"):
        AnyClassifier.from_folder(folder)


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (["mask", "no_mask"], "3 outputs, but its card names 2 labels"),
        (["mask", "without", "no_mask"], "without"),
        (["mask", ["incorrect"], "no_mask"], "incorrect"),
        (["mask", "no_mask", "mask"], "the label 'mask' is given more than once"),
    ],
)
def test_labels_that_do_not_fit_the_network_are_refused(
    tmp_path: Path, labels: list[Any], told: str
) -> None:
    folder = colour_model(tmp_path, RED_GREEN_BLUE, labels)
    with pytest.raises(CardError, match=rf"card\.json: .*{told}"):
        AnyClassifier.from_folder(folder)


def test_one_output_is_wanted_for_a_sigmoid(tmp_path: Path) -> None:
    folder = colour_model(tmp_path, RED_GREEN_BLUE, ["no_mask", "mask"], output="sigmoid")
    with pytest.raises(CardError, match=r"card\.json: .*3 outputs, but .*'sigmoid' takes 1"):
        AnyClassifier.from_folder(folder)


def test_a_network_that_does_not_say_what_it_takes_is_tried(tmp_path: Path) -> None:
    folder = colour_model(tmp_path, RED_GREEN_BLUE, STATES, says_what_it_takes=False)
    assert AnyClassifier.from_folder(folder)(*painted(RED))[0].state is State.MASK
    change_card(folder, settings={"size": 8, "layout": "NHWC"})
    with pytest.raises(CardError, match=r"card\.json: does not fit its network: .*1 x 8 x 8 x 3"):
        AnyClassifier.from_folder(folder)


def test_what_is_no_probability_of_some_faces_only_is_refused_too(tmp_path: Path) -> None:
    # Nothing to see is the first label for sure; of red the network gives 1, 255 and 0.
    folder = colour_model(
        tmp_path, RED_GREEN_BLUE, STATES, bias=[1.0, 0.0, 0.0], output="probabilities"
    )
    classifier = AnyClassifier.from_folder(folder)
    with pytest.raises(CardError, match=r"card\.json: settings.output is 'probabilities'"):
        classifier(*painted(RED))


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    folder = colour_model(tmp_path, RED_GREEN_BLUE, STATES)
    (folder / "net.onnx").rename(folder / "net.pt")
    change_card(folder, file="net.pt")
    with pytest.raises(ModelError, match="neither ONNX"):
        AnyClassifier.from_folder(folder)
