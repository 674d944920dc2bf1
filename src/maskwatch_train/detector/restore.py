"""From an exported face detector back to a network that can be trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import cast

import onnx
import torch
from torch import nn

from maskwatch.faces.yunet import pad_to_multiple
from maskwatch.types import Image
from maskwatch_train.detector.network import (
    DepthwiseUnit,
    ExportedYuNet,
    YuNet,
)
from maskwatch_train.exporting.restore import Layer, fill, measure, stored_layers

Stem = tuple[nn.Conv2d, nn.BatchNorm2d, nn.ReLU, DepthwiseUnit]


def restore(
    network: YuNet, model: onnx.ModelProto, pictures: Callable[[], Iterable[Image]], path: Path
) -> None:
    """Takes the weights of an exported detector, in place.

    Args:
        network: any.
        model: the export.
        pictures: gives some of those that are trained on; only asked when the model fits.
        path: where the model lies, for the message.

    Raises:
        DataError: the model is no export of such a network.
    """
    exported = ExportedYuNet(network).eval()
    layers = list(_layers(exported))
    fill(layers, list(stored_layers(model)), path)

    def look() -> None:
        for picture in pictures():
            exported(torch.from_numpy(pad_to_multiple(picture)[None]))

    measure(layers, look)
    exported.give_back(network)


def _layers(exported: ExportedYuNet) -> Iterator[Layer]:
    """In the order of computation."""
    conv, norm, _, first = cast("Stem", tuple(exported.stem))
    yield conv, norm
    units = [first]
    for stage in (getattr(exported.backbone, f"model{i}") for i in range(1, 6)):
        units += [stage.conv1, stage.conv2]
    units += cast("list[DepthwiseUnit]", reversed(exported.neck.lateral_convs))
    for shared, branch in zip(exported.shared, exported.branches, strict=True):
        units += cast("list[DepthwiseUnit]", [*shared.children(), branch])
    for unit in units:
        yield unit.conv1, None
        yield unit.conv2, unit.bn if unit.activate else None
