"""Model folders, ONNX file and card: written from trained weights, and read."""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from maskwatch.errors import ModelError
from maskwatch.models.card import CARD_FILE, FORMAT, ModelCard, read_card
from maskwatch.outputs.files import make_folder, output_errors
from maskwatch_train.exporting.paddings import fix_paddings

DETECTOR_NAME = "maskwatch-faces"
"""Of the model that its card and reports name."""
MODEL_FILE = "model.onnx"
OPSET = 17
HALF_FROM_VALUES = 256
"""Weights with at least so many values are stored as float16; biases and scales stay exact."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What an exported network takes and gives.

    Attributes:
        example: an input of the right type and rank.
        input_name: name of the input.
        output_names: names of the outputs.
        dynamic: per input or output, which axes may vary, and their names.
    """

    example: Tensor
    input_name: str
    output_names: tuple[str, ...]
    dynamic: dict[str, dict[int, str]]


DETECTOR = Signature(
    torch.zeros(1, 64, 96, 3, dtype=torch.uint8),
    "pixels",
    ("scores", "boxes", "landmarks"),
    {
        "pixels": {0: "batch", 1: "height", 2: "width"},
        "scores": {0: "batch", 1: "positions"},
        "boxes": {0: "batch", 1: "positions"},
        "landmarks": {0: "batch", 1: "positions"},
    },
)


def classifier_signature(size: int) -> Signature:
    """The classifier's signature for crops of ``size`` pixels."""
    return Signature(
        torch.zeros(2, size, size, 3, dtype=torch.uint8),
        "pixels",
        ("logits", "boxes"),
        {"pixels": {0: "faces"}, "logits": {0: "faces"}, "boxes": {0: "faces"}},
    )


def to_onnx(network: nn.Module, signature: Signature) -> onnx.ModelProto:
    """The network as a checked ONNX model with its weights stored as float16."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The TorchScript exporter is marked as legacy. The new one needs a fixed batch for
        # `interpolate` with these dynamic axes, so the old one stays until it does not.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            (signature.example,),
            buffer,  # type: ignore[arg-type] # the old exporter takes a buffer as well
            input_names=[signature.input_name],
            output_names=list(signature.output_names),
            dynamic_axes=signature.dynamic,
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load_model_from_string(buffer.getvalue())
    if set(signature.dynamic[signature.input_name]) == {0}:  # pictures of one size
        fix_paddings(model, {signature.input_name: signature.example.numpy()})
    store_as_half(model)
    onnx.checker.check_model(model, full_check=True)
    return model


def store_as_half(model: onnx.ModelProto) -> None:
    """Stores large float32 weights as float16 with a cast, in place.

    Arithmetic stays float32: ONNX Runtime folds the casts when it opens the model, so this halves
    the file and costs nothing per inference.
    """
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < HALF_FROM_VALUES:
            continue
        full_name, half_name = tensor.name, f"{tensor.name}.half"
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), half_name))
        casts.append(helper.make_node("Cast", [half_name], [full_name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


@dataclass(frozen=True, slots=True)
class CardText:
    """The hand-written and measured part of a card.

    Attributes:
        name: of the model.
        version: of the model; changes with its weights.
        kind: ``face_detector`` or ``mask_classifier``.
        labels: order of the outputs; empty for a detector.
        settings: how it is run.
        summary: data, licence, scores by slice, limits.
    """

    name: str
    version: str
    kind: str
    labels: tuple[str, ...]
    settings: dict[str, Any]
    summary: dict[str, Any]


def write_model_folder(model: onnx.ModelProto, text: CardText, folder: Path) -> None:
    """Writes ``model.onnx`` and ``card.json``; dates of the card's text become ISO 8601.

    An earlier model stays, card and all, until both are on the disk. Whatever happens then, no
    card lies beside a model that it does not describe.

    Raises:
        OutputError: they cannot be written.
        TypeError: the card's text holds what JSON cannot say.
    """
    content = model.SerializeToString()
    card = {
        "format": FORMAT,
        "name": text.name,
        "version": text.version,
        "kind": text.kind,
        "file": MODEL_FILE,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "labels": list(text.labels),
        "settings": text.settings,
        "summary": text.summary,
    }
    told = (json.dumps(card, indent=2, default=_iso) + "\n").encode()
    make_folder(folder)
    _replace_together(folder, {MODEL_FILE: content, CARD_FILE: told})


def opened(
    source: Path, kind: str, labels: tuple[str, ...] | None = None
) -> tuple[ModelCard, onnx.ModelProto]:
    """The card and the network of a model folder, checked against each other.

    Args:
        source: holds ``card.json`` and an ONNX file.
        kind: of the model, as its card names it.
        labels: the label order that the caller understands; None takes any.

    Raises:
        ModelError: a file is missing or damaged, or the model is of another kind or format.
    """
    card = read_card(source, kind, labels)
    card.verify()
    if card.model_path.suffix != ".onnx":
        raise ModelError(f"{card.model_path}: only ONNX files can be exported or restored")
    return card, onnx.load(card.model_path)


def _iso(value: object) -> str:
    if isinstance(value, date | time):  # what TOML has and JSON has not
        return value.isoformat()
    raise TypeError(f"a card cannot hold {value!r}")


def _replace_together(folder: Path, files: Mapping[str, bytes]) -> None:
    with output_errors(folder), tempfile.TemporaryDirectory(dir=folder, prefix=".") as aside:
        for name, content in files.items():
            with output_errors(folder / name):
                (Path(aside) / name).write_bytes(content)
        # No card for a moment: a stop in the middle must not leave one beside another's model.
        (folder / CARD_FILE).unlink(missing_ok=True)
        for name in files:
            (Path(aside) / name).replace(folder / name)
