"""What eight bits are fitted to."""

from __future__ import annotations

import logging

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from maskwatch_train.exporting.formats import to_int8, unfolded

GAIN = 100.0
"""What two convolutions make of pixels in [-1, 1], of which the next step keeps [0, 6]."""


def clipped(kind: str) -> onnx.ModelProto:
    """A network whose second convolution gives what is mostly cut off."""
    limits = ["low", "high"] if kind == "Clip" else []
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["pixels", "half"], ["dim"], name="stem"),
            helper.make_node("Conv", ["dim", "kernel", "bias"], ["wide"], name="conv"),
            helper.make_node(kind, ["wide", *limits], ["kept"], name="cut"),
            helper.make_node("Conv", ["kept", "one", "bias"], ["out"], name="next"),
        ],
        "clipped",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 1, 8, 8])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 1, 8, 8])],
        [
            numpy_helper.from_array(np.full((1, 1, 1, 1), 2 * GAIN, np.float32), "kernel"),
            numpy_helper.from_array(np.ones((1, 1, 1, 1), np.float32), "one"),
            numpy_helper.from_array(np.zeros(1, np.float32), "bias"),
            numpy_helper.from_array(np.full((1, 1, 1, 1), 0.5, np.float32), "half"),
            numpy_helper.from_array(np.array(0, np.float32), "low"),
            numpy_helper.from_array(np.array(6, np.float32), "high"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def run(model: onnx.ModelProto | bytes, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    content = model if isinstance(model, bytes) else model.SerializeToString()
    out: NDArray[np.float32] = ort.InferenceSession(content).run(None, {"pixels": inputs})[0]
    return out


@pytest.mark.parametrize("kind", ["Clip", "Relu"])
def test_what_an_activation_cuts_off_takes_no_part_of_the_range(kind: str) -> None:
    rng = np.random.default_rng(0)
    # Values that a ReLU6 keeps, and those that it cuts off below.
    inputs = rng.uniform(-1, 0.05, (4, 1, 8, 8)).astype(np.float32)
    model = clipped(kind)
    eight = to_int8(model, [inputs])["model.onnx"]
    # Half a step of the input, which the convolution enlarges, and half a step of what is kept.
    allowed = GAIN * 1.05 / 255 / 2 + 6 / 255
    assert np.abs(run(eight, inputs) - run(model, inputs)).max() < allowed
    assert kind not in {node.op_type for node in onnx.load_model_from_string(eight).graph.node}


def test_the_first_convolution_stays_as_it_is() -> None:
    inputs = np.zeros((1, 1, 8, 8), np.float32)
    eight = onnx.load_model_from_string(to_int8(clipped("Clip"), [inputs])["model.onnx"])
    nodes = {node.name: node for node in eight.graph.node}
    stored = {tensor.name for tensor in eight.graph.initializer}
    assert nodes["stem"].input[1] in stored
    assert nodes["conv"].input[1] not in stored  # made from eight bits


def test_warnings_of_others_are_heard_afterwards(caplog: pytest.LogCaptureFixture) -> None:
    to_int8(clipped("Clip"), [np.zeros((1, 1, 8, 8), np.float32)])
    caplog.clear()
    logging.getLogger("another").warning("heard")
    assert caplog.messages == ["heard"]


def test_one_odd_batch_does_not_coarsen_all_others() -> None:
    rng = np.random.default_rng(0)
    usual = [rng.uniform(0, 0.05, (4, 1, 8, 8)).astype(np.float32) for _ in range(15)]
    odd = [np.full((4, 1, 8, 8), 1.0, np.float32)]
    model = clipped("Relu")
    eight = to_int8(model, [*usual, *odd])["model.onnx"]
    worst = np.abs(run(eight, usual[0]) - run(model, usual[0])).max()
    # With the extremes of all batches, steps of the input alone would be 100 / 255.
    assert worst < GAIN / 255 / 4


def test_eight_bits_are_undone_but_for_what_they_cut_off() -> None:
    rng = np.random.default_rng(0)
    inputs = rng.uniform(-1, 1, (4, 1, 8, 8)).astype(np.float32)
    model = clipped("Clip")
    eight = onnx.load_model_from_string(to_int8(model, [inputs])["model.onnx"])
    plain = unfolded(eight)
    kinds = {node.op_type for node in plain.graph.node}
    assert kinds == {"Conv", "Clip", "Identity"}
    assert {tensor.data_type for tensor in plain.graph.initializer} == {TensorProto.FLOAT}
    # The rounding is gone, the limit of six is still there.
    assert run(plain, inputs) == pytest.approx(run(model, inputs), abs=0.02)
    assert run(plain, inputs).max() == pytest.approx(6, abs=0.02)


def test_steps_without_a_zero_count_from_nothing() -> None:
    """The zero of a QDQ node is optional, and left out of symmetric weights."""
    model = clipped("Clip")
    by_name = {tensor.name: tensor for tensor in model.graph.initializer}
    by_name["kernel"].CopyFrom(numpy_helper.from_array(np.array([[[[127]]]], np.int8), "kernel"))
    model.graph.initializer.extend(
        numpy_helper.from_array(np.array(value, np.float32), name)
        for name, value in (("of kernel", 2 * GAIN / 127), ("of pixels", 1 / 255))
    )
    for node in model.graph.node:
        renamed = {"kernel": "weights", "pixels": "rounded"}
        node.input[:] = [renamed.get(name, name) for name in node.input]
    for name, kind, inputs in (
        ("weights", "DequantizeLinear", ["kernel", "of kernel"]),
        ("rounded", "DequantizeLinear", ["steps", "of pixels"]),
        ("steps", "QuantizeLinear", ["pixels", "of pixels"]),
    ):
        model.graph.node.insert(0, helper.make_node(kind, inputs, [name]))
    inputs = np.random.default_rng(0).uniform(-1, 1, (4, 1, 8, 8)).astype(np.float32)
    # By its own default QuantizeLinear makes steps of uint8, which cut off what is below 0.
    assert run(unfolded(model), inputs) == pytest.approx(run(model, inputs), abs=0.5)
    assert run(unfolded(model), inputs).min() == 0


def test_a_network_without_a_convolution_gets_eight_bits_too() -> None:
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["pixels", "matrix", "bias"], ["out"], name="head")],
        "head",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 8])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 2])],
        [
            numpy_helper.from_array(np.eye(8, 2, dtype=np.float32), "matrix"),
            numpy_helper.from_array(np.zeros(2, np.float32), "bias"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    inputs = np.random.default_rng(0).uniform(0, 1, (4, 8)).astype(np.float32)
    eight = to_int8(model, [inputs])["model.onnx"]
    assert run(eight, inputs) == pytest.approx(run(model, inputs), abs=0.02)
    assert b"QuantizeLinear" in eight
