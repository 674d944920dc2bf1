"""The classifier network: an ImageNet-pretrained backbone from timm, seven outputs and a box."""

from __future__ import annotations

from pathlib import Path

import timm
import torch
from torch import Tensor, nn

from maskwatch.masks.labels import LABELS
from maskwatch_train.backbones import BACKBONES, STRIDE, normalise

BOX_CHANNELS = 32
"""Enough to say where four edges lie; the backbone has over a thousand."""
USUAL_BOX = (0.22, 0.14, 0.78, 0.86)
"""Where a face lies in a crop with 20 % margin; the box head starts from here."""


class MaskNetwork(nn.Module):
    """A backbone that says how the mask is worn and where in the crop the face lies.

    The second costs 43,000 weights. It sees the face at several times the detector's scale, and
    corrects boxes that the detector drew too large, too small or beside the face.

    Args:
        backbone: a timm network whose head gives the seven outputs.
        size: side of its input in pixels, a multiple of 32.
    """

    def __init__(self, backbone: nn.Module, size: int) -> None:
        super().__init__()
        self.backbone = backbone
        cells = size // STRIDE
        self.box = nn.Sequential(
            nn.Conv2d(int(backbone.num_features), BOX_CHANNELS, 1),  # type: ignore[arg-type]
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(BOX_CHANNELS * cells * cells, 4),
        )
        nn.init.normal_(self.box[-1].weight, std=0.001)  # type: ignore[arg-type]
        with torch.no_grad():
            self.box[-1].bias.copy_(torch.tensor(USUAL_BOX))  # type: ignore[operator]

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """``(N, 3, S, S)`` in [-1, 1] to logits ``(N, 7)`` and boxes ``(N, 4)``.

        Boxes are (x0, y0, x1, y1) as fractions of the crop's side, and may lie a little outside.
        """
        features = self.backbone.forward_features(inputs)  # type: ignore[operator]
        return self.backbone.forward_head(features), self.box(features)  # type: ignore[operator]


def create(backbone: str, third_party: Path | None, size: int) -> MaskNetwork:
    """A classifier with pretrained backbone and fresh heads.

    Args:
        backbone: a key of ``BACKBONES``.
        third_party: folder with the third-party starting weights; None where there is none.
        size: side of the input in pixels, a multiple of 32.

    Raises:
        DataError: the file of the backbone's weights cannot be read.
        KeyError: no such backbone.
        UsageError: the backbone's weights are in the folder that is None.
        ValueError: the weights do not fit.
    """
    network, pretrained = blank(backbone, size), BACKBONES[backbone].weights
    if pretrained is not None:
        state = pretrained(third_party)
        missing, unexpected = network.backbone.load_state_dict(state, strict=False)
        wrong = [name for name in missing if not name.startswith("classifier")] + unexpected
        if wrong:
            raise ValueError(f"weights of {backbone} do not fit: {', '.join(wrong)}")
    return network


def blank(backbone: str, size: int, drop_rate: float = 0.2) -> MaskNetwork:
    """A classifier with random weights, to be given those of a trained one.

    Args:
        backbone: a key of ``BACKBONES``.
        size: side of the input in pixels, a multiple of 32.
        drop_rate: dropout before the head.

    Raises:
        KeyError: no such backbone.
    """
    chosen = BACKBONES[backbone]
    network: nn.Module = timm.create_model(
        chosen.timm_name, num_classes=len(LABELS), drop_rate=drop_rate, **chosen.options
    )
    # timm starts heads for 1000 classes; for seven its range gives logits of several units, and
    # the first steps would shake the pretrained features instead of learning the head.
    head = network.get_classifier()  # type: ignore[operator]
    nn.init.normal_(head.weight, std=0.01)
    nn.init.zeros_(head.bias)
    return MaskNetwork(network, size)


def start_from(network: MaskNetwork, trained: MaskNetwork) -> None:
    """Takes the weights of a trained network, in place.

    Of one for another input size the layer that places the box is left out: it has a weight for
    each place.

    Raises:
        ValueError: the networks differ in more than that.
    """
    fresh, state = network.state_dict(), trained.state_dict()
    other = {n for n in fresh.keys() | state.keys() if _shape(fresh, n) != _shape(state, n)}
    if other - {"box.3.weight"}:
        raise ValueError(f"other networks: {', '.join(sorted(other))}")
    network.load_state_dict(
        {name: state[name] for name in state if name not in other}, strict=False
    )


def _shape(state: dict[str, Tensor], name: str) -> torch.Size | None:
    return state[name].shape if name in state else None


class ExportedClassifier(nn.Module):
    """What is exported: the classifier with the scaling of its input inside."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """``(N, S, S, 3)`` uint8 RGB to logits ``(N, 7)`` and boxes ``(N, 4)``."""
        out: tuple[Tensor, Tensor] = self.network(normalise(pixels))
        return out
