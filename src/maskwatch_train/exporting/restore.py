"""From exported layers back to layers that can be trained on.

Export merges each normalisation into the convolution before it. What it normalised is measured
anew on pictures, so that the network says what the exported one says, and can be trained on.
Weights that were rounded stay rounded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from maskwatch_train.errors import DataError
from maskwatch_train.exporting.formats import unfolded

Layer = tuple[nn.Conv2d | nn.Linear, nn.BatchNorm2d | None]
"""A layer with weights, and the normalisation behind it."""
StoredLayer = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Weight and bias of one as they were exported."""


def stored_layers(model: onnx.ModelProto) -> Iterator[StoredLayer]:
    """Those of each convolution and matrix product, in the order of computation."""
    plain = unfolded(model)
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in plain.graph.initializer}
    for node in plain.graph.node:
        if node.op_type in {"Conv", "Gemm"}:
            weight = constants[node.input[1]]
            channels = weight.shape[0]
            bias = (
                constants[node.input[2]] if len(node.input) > 2 else np.zeros(channels, np.float32)
            )
            yield weight.astype(np.float32), bias.astype(np.float32)


def fill(layers: Sequence[Layer], stored: Sequence[StoredLayer], path: Path) -> None:
    """Gives layers the weights that were exported, in place; normalisations then pass through.

    Args:
        layers: those of the network.
        stored: as many, in the same order.
        path: where the model lies, for the message.

    Raises:
        DataError: the model is no export of such a network.
    """
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
            if norm is not None and layer.bias is not None:
                layer.bias.zero_()
            target = norm if norm is not None else layer
            if target.bias is None:
                raise DataError(path, "a layer has a bias that the network has not")
            target.bias.copy_(torch.from_numpy(bias.copy()))
            if norm is not None:
                _pass_through(norm)


def _pass_through(norm: nn.BatchNorm2d) -> None:
    """Makes it add its bias and nothing else."""
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("a normalisation without running statistics cannot be restored")
    norm.weight.fill_(1.0)
    norm.running_mean.zero_()
    norm.running_var.fill_(1.0 - norm.eps)


@torch.no_grad()
def measure(layers: Sequence[Layer], look: Callable[[], object]) -> None:
    """Gives each normalisation the mean and the variance of what it sees; its output stays.

    The weights before it are given a size that is usual in training. What export leaves of them is
    as small as their input is large: in a layer that takes pixels of up to 255, steps of a usual
    learning rate would undo in one epoch what was learned.

    Args:
        layers: that were filled.
        look: shows the network, in evaluation mode, what it is measured on.
    """
    pairs = [(layer, norm) for layer, norm in layers if norm is not None]
    sums = {norm: torch.zeros(2, norm.num_features, dtype=torch.float64) for _, norm in pairs}
    counts = {norm: 0 for _, norm in pairs}

    def noting(norm: nn.BatchNorm2d) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def note(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            values = inputs[0].double()
            sums[norm] += torch.stack([values, values**2]).sum(dim=(1, 3, 4))
            counts[norm] += values.numel() // norm.num_features

        return note

    hooks = [norm.register_forward_pre_hook(noting(norm)) for _, norm in pairs]
    look()
    for hook in hooks:
        hook.remove()
    for layer, norm in pairs:
        first, second = sums[norm] / counts[norm]
        variance = (second - first**2).clamp(min=1e-8)
        scale = _usual_size(layer.weight) / _size(layer.weight)
        layer.weight.mul_(scale)
        norm.bias.add_(first)
        norm.weight.copy_((scale**2 * variance + norm.eps).sqrt() / scale)
        norm.running_mean.copy_(scale * first)  # type: ignore[union-attr] # see _pass_through
        norm.running_var.copy_(scale**2 * variance)  # type: ignore[union-attr]


def _size(weight: Tensor) -> float:
    return weight.square().mean().sqrt().item()


def _usual_size(weight: Tensor) -> float:
    """With it, inputs of variance 1 give outputs of variance 1."""
    return float(1 / math.sqrt(weight[0].numel()))
