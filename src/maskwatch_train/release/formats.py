"""The formats that a model is exported to, each made from the ONNX file of its folder."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process
from onnxruntime.transformers.float16 import convert_float_to_float16

from maskwatch.errors import MissingExtra

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
    onnx.checker.check_model(half)
    return {"model.onnx": half.SerializeToString()}


def to_int8(model: onnx.ModelProto, inputs: Inputs) -> Files:
    """Weights and activations in eight bits, their ranges measured on real faces.

    Static, in the QDQ form that ONNX Runtime, OpenVINO and TensorRT all read; a scale per output
    channel for weights, one per tensor for activations.
    """
    with tempfile.TemporaryDirectory() as folder:
        plain, ready, done = (Path(folder) / f"{name}.onnx" for name in ("plain", "ready", "done"))
        onnx.save(unfolded(model), plain)
        quant_pre_process(plain, ready, skip_symbolic_shape=True)
        # Its advice to run the step that has just been run.
        logging.getLogger().setLevel(logging.ERROR)
        quantize_static(
            ready,
            done,
            _Batches(model.graph.input[0].name, inputs),
            quant_format=QuantFormat.QDQ,
            # Sums of blocks stay as they are: their rounding costs more than it saves.
            op_types_to_quantize=["Conv", "Gemm"],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            # Without VNNI the product of eight bits by eight overflows sixteen: seven-bit weights.
            reduce_range=True,
        )
        return {"model.onnx": done.read_bytes()}


def to_openvino(model: onnx.ModelProto, _inputs: Inputs) -> Files:
    """OpenVINO's own format, weights as float16.

    Raises:
        MissingExtra: OpenVINO is not installed.
    """
    try:
        import openvino
    except ImportError as error:
        raise MissingExtra("exporting to OpenVINO", "openvino") from error
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


def unfolded(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy whose float16 weights with a cast (``maskwatch_train.export``) are float32 again."""
    plain = onnx.ModelProto()
    plain.CopyFrom(model)
    stored = {tensor.name: tensor for tensor in plain.graph.initializer}
    nodes = []
    for node in plain.graph.node:
        half = stored.get(node.input[0]) if node.op_type == "Cast" else None
        if half is None or half.data_type != TensorProto.FLOAT16:
            nodes.append(node)
            continue
        values = numpy_helper.to_array(half).astype(np.float32)
        half.CopyFrom(numpy_helper.from_array(values, node.output[0]))
    del plain.graph.node[:]
    plain.graph.node.extend(nodes)
    return plain


class _Batches(CalibrationDataReader):  # type: ignore[misc] # it ships no types
    def __init__(self, name: str, inputs: Inputs) -> None:
        self._name = name
        self._left: Iterator[NDArray[Any]] = iter(inputs)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        """One more batch; None after the last."""
        batch = next(self._left, None)
        return None if batch is None else {self._name: batch}
