"""Runs an exported network, whatever runtime its file is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwatch.errors import ModelError
from maskwatch.models.session import open_session
from maskwatch_train.exporting.openvino import import_openvino

_TYPES: dict[str, type[np.generic]] = {
    "uint8": np.uint8,
    "float": np.float32,
    "float16": np.float16,
}

BOXES = "boxes"


@dataclass(frozen=True, slots=True)
class Engine:
    """A network that is ready to run."""

    run: Callable[[NDArray[Any]], NDArray[np.float32]]
    """``(N, ...)`` inputs to ``(N, C)`` outputs; of several outputs the one named ``logits``,
    else the first."""
    dtype: type[np.generic]
    """Of the input."""
    shape: tuple[int | None, ...] | None
    """Of the input, ``(N, ...)``: None where an axis takes any length, or all of them do."""
    boxes: Callable[[NDArray[Any]], NDArray[np.float32]] | None = None
    """``(N, ...)`` inputs to ``(N, 4)``: the output named ``boxes``; None where there is none."""

    @property
    def batch(self) -> int | None:
        """How many inputs one run takes; None for any number."""
        return self.shape[0] if self.shape else None


def open_engine(path: Path, threads: int | None = None) -> Engine:
    """Opens an ONNX (``.onnx``) or OpenVINO (``.xml``) file on the CPU.

    What is opened raises ModelError, too, where the network refuses its input.

    Raises:
        MissingExtra: OpenVINO is needed and not installed.
        ModelError: the file is neither, or cannot be run.
    """
    if path.suffix == ".onnx":
        return _onnx(path, threads)
    if path.suffix == ".xml":
        return _openvino(path, threads)
    raise ModelError(f"{path}: neither ONNX (.onnx) nor OpenVINO (.xml)")


def _onnx(path: Path, threads: int | None) -> Engine:
    session = open_session(path, threads=threads)
    given = session.get_inputs()[0]
    names = [output.name for output in session.get_outputs()]
    wanted = "logits" if "logits" in names else names[0]
    kind = given.type.removeprefix("tensor(").removesuffix(")")
    if kind not in _TYPES:
        raise ModelError(f"{path}: takes {given.type}, expected one of {sorted(_TYPES)}")

    def output(name: str) -> Callable[[NDArray[Any]], NDArray[np.float32]]:
        return _guarded(path, lambda inputs: session.run([name], {given.name: inputs})[0])

    shape = tuple(
        side if isinstance(side, int) and side > 0 else None for side in given.shape or ()
    )
    boxes = output(BOXES) if BOXES in names else None
    return Engine(output(wanted), _TYPES[kind], shape or None, boxes)


def _openvino(path: Path, threads: int | None) -> Engine:
    core = import_openvino("an OpenVINO model").Core()
    # Half precision is for graphics processors: on a CPU it would only cost exactness.
    settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32"}
    if threads is not None:
        settings["INFERENCE_NUM_THREADS"] = threads
    try:
        compiled = core.compile_model(str(path), "CPU", settings)
    except RuntimeError as error:
        raise ModelError(f"{path}: not a model that OpenVINO can run: {error}") from error
    names = [output.get_any_name() for output in compiled.outputs]
    given = compiled.inputs[0]
    dtype = given.get_element_type().to_dtype().type

    def output(index: int) -> Callable[[NDArray[Any]], NDArray[np.float32]]:
        return _guarded(path, lambda inputs: compiled([inputs])[compiled.outputs[index]])

    wanted = names.index("logits") if "logits" in names else 0
    boxes = output(names.index(BOXES)) if BOXES in names else None
    sides = given.get_partial_shape()
    shape = None
    if sides.rank.is_static:
        shape = tuple(side.get_length() if side.is_static else None for side in sides)
    return Engine(output(wanted), dtype, shape or None, boxes)


def _guarded(
    path: Path, run: Callable[[NDArray[Any]], Any]
) -> Callable[[NDArray[Any]], NDArray[np.float32]]:
    def run_or_say_why(inputs: NDArray[Any]) -> NDArray[np.float32]:
        try:
            return np.asarray(run(inputs), dtype=np.float32)
        except Exception as error:  # each runtime has its own, without a common base
            shape = " x ".join(map(str, inputs.shape))
            raise ModelError(f"{path}: cannot be run on inputs of {shape}: {error}") from error

    return run_or_say_why
