"""From the pixels of a picture to what the network sees of it, in training and when asked."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms import v2

from maskwatch.types import Box
from maskwatch_train.published.augment import augmentation
from maskwatch_train.published.recipe import NORMALISATIONS, PublishedRecipe
from maskwatch_train.synthesis.recolour import Recolour, recolour

Pixels = NDArray[np.uint8]


class Views:
    """Pictures as a recipe's network sees them.

    Args:
        recipe: says how.
    """

    def __init__(self, recipe: PublishedRecipe) -> None:
        mean, std = NORMALISATIONS[recipe.normalise]
        self._recipe = recipe
        self._augmented = augmentation(recipe.augment, recipe.resize, recipe.size)
        self._plain = v2.CenterCrop(recipe.size)
        self._finish = v2.Compose(
            [
                *([v2.Grayscale(3)] if recipe.grey else ()),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(mean, std),
            ]
        )

    def plain(self, picture: Pixels) -> Tensor:
        """``(R, R, 3)`` RGB as the network is asked about it: ``(3, S, S)`` float."""
        seen: Tensor = self._finish(self._plain(_planes(picture)))
        return seen

    def augmented(self, picture: Pixels, seed: tuple[int, ...]) -> Tensor:
        """The same with everything that training does; equal seeds give equal views."""
        rng = np.random.default_rng(seed)
        if self._recipe.recolour:
            picture = recoloured(picture, self._recipe.margin, rng)
        # Dropout draws from the same generator of torch and must not see how many pictures there
        # were: a resumed run would differ.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(rng.integers(2**62)))
            seen: Tensor = self._finish(self._augmented(_planes(picture)))
        return seen


def recoloured(picture: Pixels, margin: float, rng: np.random.Generator) -> Pixels:
    """A face's crop ``(R, R, 3)`` RGB, its light blue mask in one of the recipe's colours."""
    side = picture.shape[0]
    edge = side * margin / (1 + 2 * margin)
    box = Box(edge, edge, side - edge, side - edge)
    kind = list(Recolour)[int(rng.integers(len(Recolour)))]
    changed = recolour(np.ascontiguousarray(picture[..., ::-1]), box, kind, rng)
    return picture if changed is None else np.ascontiguousarray(changed[..., ::-1])


def _planes(picture: Pixels) -> Tensor:
    return torch.from_numpy(picture).permute(2, 0, 1)
