"""The formats that a model is exported to, each made from the ONNX file of its folder."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process
from onnxruntime.transformers.float16 import convert_float_to_float16
from onnxruntime.transformers.onnx_model import OnnxModel

from maskwatch_train.exporting.openvino import import_openvino
from maskwatch_train.exporting.paddings import drop_unused

Inputs = Sequence[NDArray[Any]]
"""Batches as the network takes them, to calibrate with."""
Files = dict[str, bytes]
"""What is written, by name; the first is the one that the card names."""


def to_fp32(model: onnx.ModelProto, _inputs: Inputs) -> Files:
    """All weights as float32: twice the file, the same arithmetic, for tools that want no casts."""
    return {"model.onnx": unfolded(model).SerializeToString()}


def to_fp16(model: onnx.ModelProto, _inputs: Inputs) -> Files:
    """Arithmetic in half precision, for graphics processors; inputs and outputs stay as they are.

    On most CPUs it is slower than float32, which they compute in anyway.
    """
    half = convert_float_to_float16(unfolded(model), keep_io_types=True, disable_shape_infer=True)
    OnnxModel(half).topological_sort()  # the casts of inputs are the last nodes
    onnx.checker.check_model(half)
    return {"model.onnx": half.SerializeToString()}


def to_int8(model: onnx.ModelProto, inputs: Inputs) -> Files:
    """Weights and activations in eight bits, their ranges measured on real faces.

    Static, in the QDQ form that ONNX Runtime, OpenVINO and TensorRT all read; a scale per output
    channel for weights, one per tensor for activations. Sums of blocks have no range of their own:
    their rounding costs more than it saves.
    """
    with tempfile.TemporaryDirectory() as folder:
        plain, ready, done = (Path(folder) / f"{name}.onnx" for name in ("plain", "ready", "done"))
        onnx.save(unfolded(model), plain)
        quant_pre_process(plain, ready, skip_symbolic_shape=True)
        with _quiet():
            quantize_static(
                ready,
                done,
                _Batches(model.graph.input[0].name, inputs),
                quant_format=QuantFormat.QDQ,
                # Clip and Relu are merged into the range of the convolution before. Else that range
                # holds what they cut off, too, many times as much, and little is left of the rest.
                op_types_to_quantize=["Conv", "Gemm", "Clip", "Relu"],
                # With three channels in, it is as fast in float32, and rounds the pixels once less.
                nodes_to_exclude=_first_convolution(onnx.load(ready)),
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.MinMax,
                # The mean extremes of batches: a single odd face must not coarsen all others. Those
                # of single faces would cut off half of what the faces have.
                extra_options={"CalibMovingAverage": len(inputs[0]) >= FEWEST_AVERAGED},
                # Without VNNI the product of eight bits by eight overflows: weights get seven.
                reduce_range=True,
            )
        return {"model.onnx": done.read_bytes()}


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the advice to run a step that has just been run, which comes through the root."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(before)


def to_openvino(model: onnx.ModelProto, _inputs: Inputs) -> Files:
    """OpenVINO's own format, weights as float16.

    Raises:
        MissingExtra: OpenVINO is not installed.
    """
    openvino = import_openvino("exporting to OpenVINO")
    with tempfile.TemporaryDirectory() as folder:
        plain, done = Path(folder) / "plain.onnx", Path(folder) / "model.xml"
        onnx.save(unfolded(model), plain)
        openvino.save_model(openvino.convert_model(plain), done, compress_to_fp16=True)
        return {path.name: path.read_bytes() for path in (done, done.with_suffix(".bin"))}


FORMATS: Mapping[str, Callable[[onnx.ModelProto, Inputs], Files]] = {
    "onnx-fp32": to_fp32,
    "onnx-fp16": to_fp16,
    "onnx-int8": to_int8,
    "openvino": to_openvino,
}
"""By the name that the command line knows them by."""
NEED_INPUTS = frozenset({"onnx-int8"})
"""Formats that are calibrated on real faces."""
FEWEST_AVERAGED = 4
"""Faces in a batch from which the extremes of batches are averaged to calibrate eight bits."""


def unfolded(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy whose weights and activations are float32 again.

    Float16 weights with a cast (``exporting.onnx``) and eight-bit weights keep the values that they
    stand for. What eight bits do to an activation is rounding and cutting off what lies beyond its
    range; the second stays, since it is in the place of a Clip or Relu.
    """
    plain = onnx.ModelProto()
    plain.CopyFrom(model)
    graph = plain.graph
    stored = {tensor.name: tensor for tensor in graph.initializer}
    nodes: list[onnx.NodeProto] = []
    constants: dict[str, NDArray[np.float32]] = {}
    for node in graph.node:
        weight = stored.get(node.input[0]) if node.input else None
        is_half = weight is not None and weight.data_type == TensorProto.FLOAT16
        if weight is not None and node.op_type == "Cast" and is_half:
            constants[node.output[0]] = numpy_helper.to_array(weight).astype(np.float32)
        elif weight is not None and node.op_type == "DequantizeLinear":
            steps = numpy_helper.to_array(weight)
            constants[node.output[0]] = _values_of(steps, node, stored)
        elif node.op_type == "DequantizeLinear":
            nodes.append(helper.make_node("Identity", node.input[:1], node.output))
        elif node.op_type == "QuantizeLinear":
            ends = [f"{node.output[0]}.{end}" for end in ("least", "largest")]
            kind = np.iinfo(_zero_of(node, stored).dtype)
            for end, step in zip(ends, (kind.min, kind.max), strict=True):
                constants[end] = _values_of(np.array(step), node, stored)
            nodes.append(helper.make_node("Clip", [node.input[0], *ends], node.output))
        else:
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(numpy_helper.from_array(v, name) for name, v in constants.items())
    drop_unused(graph)
    return plain


def _values_of(
    steps: NDArray[Any], node: onnx.NodeProto, stored: Mapping[str, TensorProto]
) -> NDArray[np.float32]:
    """What eight-bit steps stand for, by the scale and the zero of a QDQ node."""
    scale = numpy_helper.to_array(stored[node.input[1]])
    zero = _zero_of(node, stored)
    if scale.ndim:
        axis = next((each.i for each in node.attribute if each.name == "axis"), 1)
        shape = [-1 if place == axis else 1 for place in range(steps.ndim)]
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    out: NDArray[np.float32] = ((steps.astype(np.int64) - zero) * scale).astype(np.float32)
    return out


def _zero_of(node: onnx.NodeProto, stored: Mapping[str, TensorProto]) -> NDArray[Any]:
    """The step that stands for nothing: the third input of a QDQ node.

    Where it is left out, steps are of uint8 and count from 0 (ONNX, QuantizeLinear).
    """
    if len(node.input) < 3:
        return np.array(0, np.uint8)
    return numpy_helper.to_array(stored[node.input[2]])


def _first_convolution(model: onnx.ModelProto) -> list[str]:
    """Its name; none where a network has none, such as one on features."""
    return [node.name for node in model.graph.node if node.op_type == "Conv"][:1]


class _Batches(CalibrationDataReader):  # type: ignore[misc] # it ships no types
    def __init__(self, name: str, inputs: Inputs) -> None:
        self._name = name
        self._left: Iterator[NDArray[Any]] = iter(inputs)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        """One more batch; None after the last."""
        batch = next(self._left, None)
        return None if batch is None else {self._name: batch}
