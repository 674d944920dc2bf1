"""Export of a small model to every format, and what the parity gate leaves behind."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from maskwatch.errors import OutputError, UsageError
from maskwatch.masks.labels import LABELS
from maskwatch.masks.onnx import OnnxMaskClassifier
from maskwatch.types import State
from maskwatch_train.evaluate.cases import Case, cases_of_images
from maskwatch_train.evaluate.judging.any_model import AnyClassifier
from maskwatch_train.evaluate.outcomes import judge
from maskwatch_train.exporting.formats import FORMATS, unfolded
from maskwatch_train.exporting.onnx import store_as_half
from maskwatch_train.release import convert
from maskwatch_train.release.convert import export
from maskwatch_train.release.parity import ParityError, ParityLimits
from tests.components import need
from tests.maskwatch_train.evaluate.pictures import label, labelled_image

SIZE = 16


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of the shipped kind: bright faces are masks, dark ones are bare."""
    rng = np.random.default_rng(0)
    kernel = rng.normal(0, 0.02, (16, 3, 3, 3)).astype(np.float32)
    kernel[0] = 1 / 27  # the mean
    head = np.zeros((16, 7), dtype=np.float32)
    head[0, 0], head[0, 5] = 12.0, -12.0
    edges = np.zeros((16, 4), dtype=np.float32)
    edges[0] = 0.1  # a little right and down where it is bright
    bias = np.array([-6, -4, -4, -4, -4, 6, -9], dtype=np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["pixels"], ["float"], to=TensorProto.FLOAT),
            helper.make_node("Transpose", ["float"], ["nchw"], perm=[0, 3, 1, 2]),
            helper.make_node("Div", ["nchw", "white"], ["scaled"]),
            helper.make_node("Conv", ["scaled", "kernel", "zeros"], ["conv"], name="conv"),
            helper.make_node("GlobalAveragePool", ["conv"], ["pooled"]),
            helper.make_node("Flatten", ["pooled"], ["flat"]),
            helper.make_node("Gemm", ["flat", "head", "bias"], ["logits"], name="gemm"),
            helper.make_node("Gemm", ["flat", "edges", "usual"], ["boxes"], name="box"),
        ],
        "brightness",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["faces", SIZE, SIZE, 3])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["faces", 7]),
            helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["faces", 4]),
        ],
        [
            numpy_helper.from_array(np.array(255.0, dtype=np.float32), "white"),
            numpy_helper.from_array(kernel, "kernel"),
            numpy_helper.from_array(np.zeros(16, dtype=np.float32), "zeros"),
            numpy_helper.from_array(head, "head"),
            numpy_helper.from_array(bias, "bias"),
            numpy_helper.from_array(edges, "edges"),
            numpy_helper.from_array(np.array([0.2, 0.1, 0.8, 0.9], np.float32), "usual"),
        ],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    store_as_half(made)
    folder = tmp_path_factory.mktemp("brightness")
    (folder / "model.onnx").write_bytes(made.SerializeToString())
    card = {
        "format": 1,
        "name": "brightness",
        "version": "1",
        "kind": "mask_classifier",
        "file": "model.onnx",
        "sha256": hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest(),
        "labels": list(LABELS),
        "settings": {
            "size": SIZE,
            "margin": 0.2,
            "temperature": 1.0,
            "abstain_below": 0.5,
            "unreadable_above": 0.5,
            "min_face_px": 4,
        },
        "summary": {"licence": "Apache-2.0", "limits": [], "scores": {"both": {"found": 0.9}}},
    }
    (folder / "card.json").write_text(json.dumps(card))
    return folder


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Case, ...]:
    folder = tmp_path_factory.mktemp("pictures")
    images = [
        labelled_image(
            folder, f"{grey}", label(20, 60, State.MASK if grey > 128 else State.NO_MASK), grey=grey
        )
        for grey in (10, 40, 70, 90, 170, 200, 230, 250)
    ]
    for image in images:  # not quite flat, as no photo is
        noise = np.random.default_rng(1).integers(0, 12, (200, 400, 3))
        cv2.imwrite(str(image.path), np.clip(cv2.imread(str(image.path)) + noise, 0, 255))
    return cases_of_images(images, "made")


def need_openvino() -> None:
    """Skips without importing it, as that alone is reported to its makers."""
    need("openvino", find_spec("openvino") is not None, "it comes with the extra [openvino]")


def test_a_network_for_one_face_at_a_time_is_calibrated_so(
    model: Path, cases: tuple[Case, ...], tmp_path: Path
) -> None:
    """As Keras and the collections of ready models export theirs."""
    folder = tmp_path / "one"
    shutil.copytree(model, folder)
    network = onnx.load(folder / "model.onnx")
    for value in (*network.graph.input, *network.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1
    onnx.save(network, folder / "model.onnx")
    card = json.loads((folder / "card.json").read_text())
    card["sha256"] = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    (folder / "card.json").write_text(json.dumps(card))
    limits = ParityLimits(mean_drift=0.03)
    found = export(folder, tmp_path / "out", "onnx-int8", cases, cases, limits)
    assert found.changed == 0


@pytest.mark.parametrize("form", ["onnx-fp32", "onnx-fp16", "onnx-int8", "openvino"])
def test_every_format_says_the_same(
    model: Path, cases: tuple[Case, ...], tmp_path: Path, form: str
) -> None:
    if form == "openvino":
        need_openvino()
    # So small a network has no room for eight bits' rounding to even out.
    limits = ParityLimits(mean_drift=0.03) if form == "onnx-int8" else ParityLimits()
    found = export(model, tmp_path / "out", form, cases, cases, limits)
    assert found.changed == 0
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    exported = AnyClassifier.from_folder(tmp_path / "out")
    assert [item.reading.state for item in judge(exported, cases)] == [c.face.state for c in cases]
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    assert card["version"] == f"1+{form}"
    assert card["summary"]["licence"] == "Apache-2.0"
    assert "scores" not in card["summary"]  # they were measured on the other file
    told = card["summary"]["exported"]
    assert told["from_sha256"] == json.loads((model / "card.json").read_text())["sha256"]
    assert set(told["files"]) == {p.name for p in (tmp_path / "out").iterdir()} - {"card.json"}
    assert told["parity"]["changed"] == 0
    if form != "openvino":
        # The product runs it without knowing of the change.
        judged = judge(OnnxMaskClassifier.from_folder(tmp_path / "out"), cases)
        assert [item.reading.state for item in judged] == [case.face.state for case in cases]


def test_weights_are_unfolded_to_the_same_outputs(model: Path) -> None:
    stored = onnx.load(model / "model.onnx")
    plain = unfolded(stored)
    kinds = {tensor.data_type for tensor in plain.graph.initializer}
    assert TensorProto.FLOAT16 in {tensor.data_type for tensor in stored.graph.initializer}
    assert TensorProto.FLOAT16 not in kinds
    pixels = np.random.default_rng(0).integers(0, 255, (3, SIZE, SIZE, 3), dtype=np.uint8)
    first, second = (
        ort.InferenceSession(m.SerializeToString()).run(None, {"pixels": pixels})[0]
        for m in (stored, plain)
    )
    assert second == pytest.approx(first, abs=1e-6)


def broken(model: onnx.ModelProto, _inputs: object) -> dict[str, bytes]:
    """A conversion that goes wrong: the outputs change places."""
    plain = unfolded(model)
    for tensor in plain.graph.initializer:
        if tensor.name == "bias":
            values = numpy_helper.to_array(tensor)[::-1].copy()
            tensor.CopyFrom(numpy_helper.from_array(values, "bias"))
    return {"model.onnx": plain.SerializeToString()}


def misplacing(model: onnx.ModelProto, _inputs: object) -> dict[str, bytes]:
    """Says the same of masks, and finds faces somewhere else."""
    plain = unfolded(model)
    for tensor in plain.graph.initializer:
        if tensor.name == "usual":
            tensor.CopyFrom(
                numpy_helper.from_array(np.array([0.3, 0.2, 0.9, 1.0], np.float32), "usual")
            )
    return {"model.onnx": plain.SerializeToString()}


def test_a_file_that_places_faces_elsewhere_is_refused(
    model: Path, cases: tuple[Case, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convert, "FORMATS", {**FORMATS, "misplacing": misplacing})
    with pytest.raises(ParityError, match=r"edges of boxes move by 0\.1000"):
        export(model, tmp_path / "out", "misplacing", [], cases, ParityLimits())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("conversion", [broken])
def test_a_file_that_says_something_else_is_refused_and_nothing_is_left(
    model: Path,
    cases: tuple[Case, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    conversion: Callable[..., dict[str, bytes]],
) -> None:
    monkeypatch.setattr(convert, "FORMATS", {**FORMATS, "broken": conversion})
    with pytest.raises(ParityError, match="recall of"):
        export(model, tmp_path / "out", "broken", [], cases, ParityLimits())
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_not_touched(
    model: Path, cases: tuple[Case, ...], tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(OutputError, match="exists already"):
        export(model, tmp_path / "out", "onnx-fp32", [], cases, ParityLimits())
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["mine"]


def test_what_cannot_be_exported_is_refused(
    model: Path, cases: tuple[Case, ...], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="unknown format 'tflite'"):
        export(model, tmp_path / "out", "tflite", [], cases, ParityLimits())
    with pytest.raises(UsageError, match="no faces"):
        export(model, tmp_path / "out", "onnx-int8", [], cases, ParityLimits())
    assert list(tmp_path.iterdir()) == []
