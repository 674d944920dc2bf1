"""What a backbone says of every picture, kept on disk: frozen, it says the same in every epoch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from maskwatch_train.published.pictures import Watch, keep
from maskwatch_train.published.recipe import PublishedRecipe
from maskwatch_train.published.views import Pixels, Views
from maskwatch_train.running.hardware import mixed

AT_ONCE = 16
Features = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Extractor:
    """A body that is asked about pictures, and where its answers are kept.

    Attributes:
        body: from ``(N, 3, S, S)`` to features ``(N, D)``.
        checksum: of its weights; empty keeps nothing.
        cache: folder for what it says.
        watch: told of every few pictures.
    """

    body: nn.Module
    checksum: str
    cache: Path
    watch: Watch


def plain_features(by: Extractor, pictures: Pixels, recipe: PublishedRecipe) -> Features:
    """Features ``(N, D)`` of N pictures ``(N, R, R, 3)`` as they are.

    Raises:
        OutputError: they cannot be kept.
    """
    views = Views(recipe)
    return _kept(by, pictures, recipe, "", lambda picture, _: views.plain(picture))


def augmented_features(by: Extractor, pictures: Pixels, recipe: PublishedRecipe) -> Features:
    """Features ``(N, V, D)`` of the recipe's V augmented views of each picture.

    Raises:
        OutputError: they cannot be kept.
    """
    views = Views(recipe)

    def of_view(number: int) -> Features:
        return _kept(
            by,
            pictures,
            recipe,
            repr((recipe.augment, recipe.recolour, recipe.margin, recipe.seed, number)),
            lambda picture, index: views.augmented(picture, (recipe.seed, index, number)),
        )

    return np.stack([of_view(number) for number in range(recipe.views)], axis=1)


def _kept(
    by: Extractor,
    pictures: Pixels,
    recipe: PublishedRecipe,
    how: str,
    view: Callable[[Pixels, int], Tensor],
) -> Features:
    """Asks about one view of every picture, or reads what was said of them before."""
    if not by.checksum:
        return _asked(by, pictures, view)
    # The same weights say something else behind other paddings.
    body = (by.checksum, repr(by.body))
    seen = (*body, recipe.size, recipe.grey, recipe.normalise, how, pictures.shape)
    some = np.ascontiguousarray(pictures[:, ::16, ::16]).tobytes()
    key = hashlib.sha256(repr(seen).encode() + some).hexdigest()[:16]
    kept = by.cache / f"features-{key}.npy"
    if not kept.exists():
        keep(kept, _asked(by, pictures, view))
    features: Features = np.load(kept)
    return features


@torch.inference_mode()
def _asked(by: Extractor, pictures: Pixels, view: Callable[[Pixels, int], Tensor]) -> Features:
    body = by.body.eval()
    device = next(body.parameters()).device
    starts: Sequence[int] = range(0, len(pictures), AT_ONCE)
    parts: list[Features] = []
    for start in by.watch(starts, "Features", len(starts)):
        some = range(start, min(start + AT_ONCE, len(pictures)))
        batch = torch.stack([view(np.array(pictures[index]), index) for index in some])
        batch = batch.to(device).contiguous(memory_format=torch.channels_last)
        with mixed(device):
            given: Tensor = body(batch)
        parts.append(given.float().cpu().numpy())
    return np.concatenate(parts)
