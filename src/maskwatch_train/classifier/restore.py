"""From an exported classifier back to a network that can be trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from maskwatch_train.classifier.network import MaskNetwork, normalise
from maskwatch_train.errors import DataError
from maskwatch_train.release.formats import unfolded

BATCH = 64

Layer = tuple[nn.Conv2d | nn.Linear, nn.BatchNorm2d | None]
"""A layer with weights, and the normalisation behind it."""


def restore(
    network: MaskNetwork, model: onnx.ModelProto, crops: Callable[[], NDArray[np.uint8]], path: Path
) -> None:
    """Takes the weights of an exported classifier, in place.

    Export merges each normalisation into the convolution before it. What it normalised is measured
    anew on ``crops``, so that the network says what the exported one says, and can be trained on.
    Weights that were rounded stay rounded.

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
    stored = sorted(_weights(unfolded(model)), key=lambda layer: _place(layer[0].shape))
    if len(stored) != len(layers):
        raise DataError(path, f"it has {len(stored)} layers and the network {len(layers)}")
    for (layer, norm), (weight, bias) in zip(layers, stored, strict=True):
        if tuple(weight.shape) != tuple(layer.weight.shape):
            raise DataError(
                path,
                f"a layer is {tuple(weight.shape)} and {tuple(layer.weight.shape)} in the network",
            )
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weight.copy()))
            target = norm if norm is not None else layer
            if target.bias is None:
                raise DataError(path, "a layer has a bias that the network has not")
            target.bias.copy_(torch.from_numpy(bias.copy()))
            if norm is not None:
                _pass_through(norm)
    _measure([norm for _, norm in layers if norm is not None], network, crops())


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


def _weights(model: onnx.ModelProto) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Weight and bias of each convolution and matrix product, in the order of computation."""
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type in {"Conv", "Gemm"}:
            weight = constants[node.input[1]]
            channels = weight.shape[0]
            bias = (
                constants[node.input[2]] if len(node.input) > 2 else np.zeros(channels, np.float32)
            )
            yield weight.astype(np.float32), bias.astype(np.float32)


def _pass_through(norm: nn.BatchNorm2d) -> None:
    """Makes it add its bias and nothing else."""
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("a normalisation without running statistics cannot be restored")
    norm.weight.fill_(1.0)
    norm.running_mean.zero_()
    norm.running_var.fill_(1.0 - norm.eps)


@torch.no_grad()
def _measure(norms: list[nn.BatchNorm2d], network: MaskNetwork, crops: NDArray[np.uint8]) -> None:
    """Gives each normalisation the mean and the variance of what it sees; its output stays."""
    sums = {norm: torch.zeros(2, norm.num_features, dtype=torch.float64) for norm in norms}
    counts = dict.fromkeys(norms, 0)

    def noting(norm: nn.BatchNorm2d) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def note(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            values = inputs[0].double()
            sums[norm] += torch.stack([values, values**2]).sum(dim=(1, 3, 4))
            counts[norm] += values.numel() // norm.num_features

        return note

    hooks = [norm.register_forward_pre_hook(noting(norm)) for norm in norms]
    network.eval()
    for start in range(0, len(crops), BATCH):
        network(normalise(torch.from_numpy(crops[start : start + BATCH])))
    for hook in hooks:
        hook.remove()
    for norm in norms:
        first, second = sums[norm] / counts[norm]
        variance = (second - first**2).clamp(min=1e-8)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.add_(first)
        norm.running_mean.copy_(first)  # type: ignore[union-attr] # see _pass_through
        norm.running_var.copy_(variance)  # type: ignore[union-attr]
