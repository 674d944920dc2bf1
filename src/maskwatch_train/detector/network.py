"""YuNet_n in PyTorch.

Wu, Peng, Yu: "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 20
(2023), section 3 and figure 2. Parameter names are those of the published weights
(libfacedetection.train, Apache-2.0), so these load without a translation table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own convention

from maskwatch.faces.yunet import STRIDES
from maskwatch_train.errors import DataError
from maskwatch_train.running.run_folder import read_weights


class DepthwiseUnit(nn.Module):
    """Pointwise then 3x3 depthwise convolution ("DWUnit"), optionally normalised and rectified."""

    def __init__(self, inputs: int, outputs: int, *, activate: bool = True) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, groups=outputs)
        self.activate = activate
        if activate:
            self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, inputs, H, W)`` to ``(B, outputs, H, W)``."""
        x = self.conv2(self.conv1(x))
        return F.relu(self.bn(x)) if self.activate else x


class Stem(nn.Module):
    """The first stage: a stride-2 convolution on the picture, then a unit."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, stride=2, padding=1)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = DepthwiseUnit(16, 16)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, 3, H, W)`` to ``(B, 16, H / 2, W / 2)``."""
        out: Tensor = self.conv2(F.relu(self.bn1(self.conv1(x))))
        return out


class Stage(nn.Module):
    """Two units ("DWBlock")."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = DepthwiseUnit(inputs, inputs)
        self.conv2 = DepthwiseUnit(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, inputs, H, W)`` to ``(B, outputs, H, W)``."""
        out: Tensor = self.conv2(self.conv1(x))
        return out


class Backbone(nn.Module):
    """Six stages; the last three give features at strides 8, 16 and 32."""

    def __init__(self) -> None:
        super().__init__()
        self.model0 = Stem()
        self.model1 = Stage(16, 64)
        self.model2 = Stage(64, 64)
        self.model3 = Stage(64, 64)
        self.model4 = Stage(64, 64)
        self.model5 = Stage(64, 64)

    def forward(self, x: Tensor) -> list[Tensor]:
        """``(B, 3, H, W)``, H and W multiples of 32, to three ``(B, 64, H / s, W / s)``."""
        return self.after_stem(self.model0(x))

    def after_stem(self, x: Tensor) -> list[Tensor]:
        """The same from ``(B, 16, H / 2, W / 2)`` on, what comes out of the first stage."""
        x = F.max_pool2d(x, 2)
        x = F.max_pool2d(self.model2(self.model1(x)), 2)
        at_8 = self.model3(x)
        at_16 = self.model4(F.max_pool2d(at_8, 2))
        at_32 = self.model5(F.max_pool2d(at_16, 2))
        return [at_8, at_16, at_32]


class Neck(nn.Module):
    """The tiny feature pyramid ("TFPN"): coarse features are added to finer ones."""

    def __init__(self) -> None:
        super().__init__()
        self.lateral_convs = nn.ModuleList(DepthwiseUnit(64, 64) for _ in STRIDES)

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        """Three feature maps, fine to coarse, to three of the same shapes."""
        fine, middle, coarse = features
        coarse = self.lateral_convs[2](coarse)
        middle = self.lateral_convs[1](middle + F.interpolate(coarse, scale_factor=2.0))
        fine = self.lateral_convs[0](fine + F.interpolate(middle, scale_factor=2.0))
        return [fine, middle, coarse]


class Predictions(NamedTuple):
    """Raw outputs for all positions of all strides, stride 8 first, row by row."""

    cls: Tensor
    """``(B, N)`` logit of "this is a face"."""
    obj: Tensor
    """``(B, N)`` logit of "here is the object's position"."""
    bbox: Tensor
    """``(B, N, 4)``: centre offset and log size, in strides."""
    kps: Tensor
    """``(B, N, 10)``: five landmark offsets (x, y), in strides."""


class Head(nn.Module):
    """Per stride one shared unit, then one small unit per output."""

    def __init__(self) -> None:
        super().__init__()

        def branch(outputs: int) -> nn.ModuleList:
            return nn.ModuleList(DepthwiseUnit(64, outputs, activate=False) for _ in STRIDES)

        self.multi_level_share_convs = nn.ModuleList(
            nn.Sequential(DepthwiseUnit(64, 64)) for _ in STRIDES
        )
        self.multi_level_cls = branch(1)
        self.multi_level_bbox = branch(4)
        self.multi_level_obj = branch(1)
        self.multi_level_kps = branch(10)

    def units(self) -> Iterator[tuple[nn.Module, ...]]:
        """The units of each stride that look at the same features."""
        return zip(
            self.multi_level_cls,
            self.multi_level_obj,
            self.multi_level_bbox,
            self.multi_level_kps,
            strict=True,
        )

    def forward(self, features: list[Tensor]) -> Predictions:
        """Three feature maps to the predictions of all their positions."""
        shared = [conv(x) for conv, x in zip(self.multi_level_share_convs, features, strict=True)]

        def flat(branch: nn.ModuleList) -> Tensor:
            maps = [conv(x) for conv, x in zip(branch, shared, strict=True)]
            return torch.cat([m.permute(0, 2, 3, 1).flatten(1, 2) for m in maps], dim=1)

        return Predictions(
            flat(self.multi_level_cls).squeeze(2),
            flat(self.multi_level_obj).squeeze(2),
            flat(self.multi_level_bbox),
            flat(self.multi_level_kps),
        )


class YuNet(nn.Module):
    """YuNet_n: 75,856 parameters. Input: BGR, 0 to 255, sides multiples of 32."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.neck = Neck()
        self.bbox_head = Head()

    def forward(self, x: Tensor) -> Predictions:
        """``(B, 3, H, W)`` float to the predictions of all positions."""
        out: Predictions = self.bbox_head(self.neck(self.backbone(x)))
        return out


class ExportedYuNet(nn.Module):
    """What is exported: one score per position, boxes and landmarks in the network's own units.

    The same function in fewer steps. It takes pictures as they lie in memory, and the four small
    units per stride whose outputs share a feature map are one.

    The score is ``sqrt(cls * obj)``, as in OpenCV's FaceDetectorYN (face_detect.cpp,
    ``FaceDetectorYNImpl::postProcess``).
    """

    def __init__(self, network: YuNet) -> None:
        super().__init__()
        stem, head = network.backbone.model0, network.bbox_head
        self.stem = nn.Sequential(_on_interleaved(stem.conv1), stem.bn1, nn.ReLU(), stem.conv2)
        self.backbone = network.backbone
        self.neck = network.neck
        self.shared = head.multi_level_share_convs
        self.branches = nn.ModuleList(_side_by_side(units) for units in head.units())

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures to the outputs of all positions.

        Args:
            pixels: ``(B, H, W, 3)`` uint8, BGR, H and W multiples of 32.

        Returns:
            Scores ``(B, N, 1)``, boxes ``(B, N, 4)``, landmarks ``(B, N, 10)``.
        """
        rows: Tensor = _Interleaved.apply(pixels)
        features = self.backbone.after_stem(self.stem(rows.float()))
        maps = [
            branch(shared(x))
            for branch, shared, x in zip(
                self.branches, self.shared, self.neck(features), strict=True
            )
        ]
        flat: list[Tensor] = [_Flattened.apply(x) for x in maps]
        cls, obj, bbox, kps = torch.split(
            torch.cat(flat, dim=2).transpose(1, 2), [1, 1, 4, 10], dim=2
        )
        return torch.sqrt(torch.sigmoid(cls) * torch.sigmoid(obj)), bbox, kps

    @torch.no_grad()
    def give_back(self, network: YuNet) -> None:
        """Puts the layers that differ in form into the network that this was made of."""
        stem = self.stem[0].state_dict()
        stem["weight"] = stem["weight"].squeeze(1).unflatten(2, (3, 3)).permute(0, 3, 1, 2)
        network.backbone.model0.conv1.load_state_dict(stem)
        for units, merged in zip(network.bbox_head.units(), self.branches, strict=True):
            first = 0
            for unit in units:
                last = first + len(unit.state_dict()["conv1.bias"])
                state = merged.state_dict()
                unit.load_state_dict({name: part[first:last] for name, part in state.items()})
                first = last


def _on_interleaved(conv: nn.Conv2d) -> nn.Conv2d:
    """A 3x3 convolution of stride 2 on three colours, for rows in which these take turns.

    The colours need not be torn apart first, which takes as long as a tenth of the network.
    """
    made = nn.Conv2d(1, conv.out_channels, (3, 9), stride=(2, 6), padding=(1, 3))
    made.load_state_dict(
        {"weight": conv.weight.permute(0, 2, 3, 1).flatten(2).unsqueeze(1), "bias": conv.bias}
    )
    return made


def _side_by_side(units: Sequence[nn.Module]) -> DepthwiseUnit:
    """Units that look at the same features, as one that gives all their outputs in a row."""
    states = [unit.state_dict() for unit in units]
    merged = {name: torch.cat([state[name] for state in states]) for name in states[0]}
    inputs, outputs = merged["conv1.weight"].shape[1], len(merged["conv1.weight"])
    made = DepthwiseUnit(inputs, outputs, activate=False)
    made.load_state_dict(merged)
    return made


class _Interleaved(torch.autograd.Function):
    """``(B, H, W, 3)`` to ``(B, 1, H, 3 W)``.

    Like `_Flattened` exported as one node that copies the sizes which stay, where the exporter's
    own way takes a dozen nodes to work out all sizes: in small pictures half of the time.
    """

    @staticmethod
    def forward(_ctx: Any, x: Tensor) -> Tensor:
        return x.flatten(2).unsqueeze(1)

    @staticmethod
    def symbolic(g: Any, x: Any) -> Any:
        return _reshaped(g, g.op("Unsqueeze", x, _constant(g, [1])), [0, 0, 0, -1])


class _Flattened(torch.autograd.Function):
    """``(B, C, H, W)`` to ``(B, C, H W)``."""

    @staticmethod
    def forward(_ctx: Any, x: Tensor) -> Tensor:
        return x.flatten(2)

    @staticmethod
    def symbolic(g: Any, x: Any) -> Any:
        return _reshaped(g, x, [0, 0, -1])


def _reshaped(g: Any, x: Any, shape: list[int]) -> Any:
    """A Reshape: 0 keeps a size, -1 takes what is left."""
    return g.op("Reshape", x, _constant(g, shape))


def _constant(g: Any, values: list[int]) -> Any:
    return g.op("Constant", value_t=torch.tensor(values))


def load_yunet(weights: Path) -> YuNet:
    """YuNet_n with the weights of a safetensors file, in evaluation mode.

    Raises:
        DataError: the file cannot be read, or names or shapes differ from the network's.
    """
    network = YuNet()
    try:
        network.load_state_dict(read_weights(weights))
    except RuntimeError as error:
        raise DataError(weights, "not the weights of this face detector") from error
    return network.eval()
