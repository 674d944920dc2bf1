"""From an exported classifier back to a network that can be trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import nn

from maskwatch_train.backbones import normalise
from maskwatch_train.classifier.network import MaskNetwork
from maskwatch_train.exporting.restore import Layer, fill, measure, stored_layers

BATCH = 64


def restore(
    network: MaskNetwork, model: onnx.ModelProto, crops: Callable[[], NDArray[np.uint8]], path: Path
) -> None:
    """Takes the weights of an exported classifier, in place.

    Args:
        network: of the backbone and size that the model was made from.
        model: the export, of whatever precision.
        crops: gives ``(N, S, S, 3)`` uint8 RGB, some hundred of the faces that are trained on; only
            asked when the model fits the network, since they may take long to find.
        path: where the model lies, for the message.

    Raises:
        DataError: the model is no export of such a network.
    """
    layers = sorted(_layers(network), key=lambda layer: _place(layer[0].weight.shape))
    stored = sorted(stored_layers(model), key=lambda layer: _place(layer[0].shape))
    fill(layers, stored, path)
    some = crops()

    def look() -> None:
        network.eval()
        for start in range(0, len(some), BATCH):
            network(normalise(torch.from_numpy(some[start : start + BATCH])))

    measure(layers, look)


def _place(shape: Sequence[int]) -> tuple[int, ...]:
    """Puts convolutions before linear layers, and those in the order of their sizes.

    Which of the two heads is computed first is for the exporter to choose.
    """
    return (0,) if len(shape) == 4 else (1, *shape)


def _layers(network: MaskNetwork) -> Iterator[Layer]:
    """Convolutions and linear layers in the order in which they are defined, and so computed."""
    modules = [
        m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear | nn.BatchNorm2d)
    ]
    for place, module in enumerate(modules):
        if isinstance(module, nn.BatchNorm2d):
            continue
        following = modules[place + 1] if place + 1 < len(modules) else None
        yield module, following if isinstance(following, nn.BatchNorm2d) else None
