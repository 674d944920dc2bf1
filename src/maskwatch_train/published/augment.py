"""The augmentations that the papers name, with torchvision's transforms."""

from __future__ import annotations

import math
from typing import Any

import torch
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from maskwatch_train.published.recipe import Augmentations


class Zoom(v2.Transform):  # type: ignore[misc]
    """Stretches width and height separately; the middle stays where it is."""

    def __init__(self, zoom: float) -> None:
        super().__init__()
        self._zoom = zoom

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """New height and width."""
        height, width = flat_inputs[0].shape[-2:]
        factor = 1 + (2 * torch.rand(2) - 1) * self._zoom
        return {"size": [round(height * float(factor[0])), round(width * float(factor[1]))]}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """The picture in its new size."""
        return functional.resize(inpt, params["size"], antialias=True)


def augmentation(how: Augmentations, resize: int, size: int) -> v2.Transform:
    """From ``(3, resize, resize)`` uint8 to ``(3, size, size)``; draws from torch's generator.

    What a picture leaves when it moves is filled with its edge.
    """
    return v2.Compose(
        [
            *(_moving(how, resize) if how.moves else ()),
            v2.RandomCrop(size) if how.crop else v2.CenterCrop(size),
            v2.RandomHorizontalFlip(how.flip),
            v2.RandomGrayscale(how.grey),
        ]
    )


def _moving(how: Augmentations, resize: int) -> list[v2.Transform]:
    room = _room(how, resize)
    # A shift counts in sides of the padded picture.
    shift = how.shift * resize / (resize + 2 * room)
    return [
        v2.Pad(room, padding_mode="edge"),
        v2.RandomAffine(
            how.rotation,
            translate=(shift, shift),
            scale=(1 - how.scale, 1 + how.scale),
            shear=how.shear,
            interpolation=v2.InterpolationMode.BILINEAR,
        ),
        *([Zoom(how.zoom)] if how.zoom else ()),
        v2.CenterCrop(resize),
    ]


def _room(how: Augmentations, resize: int) -> int:
    """Pixels of edge on each side that hold whatever may come into the picture."""
    turn = math.radians(min(how.rotation, 45.0))
    turned = (math.cos(turn) + math.sin(turn)) * (1 + math.tan(math.radians(how.shear)))
    reach = turned / (1 - how.scale) / (1 - how.zoom) / 2
    return math.ceil((reach - 0.5 + how.shift) * resize)
