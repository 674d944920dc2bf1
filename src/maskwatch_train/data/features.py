"""Faces as features of an ImageNet backbone, which has never seen any of the labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import timm
import torch
from numpy.typing import NDArray

from maskwatch.errors import UsageError
from maskwatch.masks.preprocess import to_batch
from maskwatch.types import Image
from maskwatch_train.backbones import BACKBONES, normalise

Extractor = Callable[[Sequence[Image]], NDArray[np.float32]]


def imagenet_features(backbone: str, third_party: Path) -> Extractor:
    """A function from crops ``(S, S, 3)`` BGR, all of one size, to features ``(N, D)``.

    Args:
        backbone: a key of ``BACKBONES`` that has pretrained weights.
        third_party: folder with the third-party starting weights; one backbone needs none.

    Raises:
        UsageError: there is no such backbone, or it has no weights.
    """
    chosen = BACKBONES.get(backbone)
    if chosen is None or chosen.weights is None:
        able = [name for name, each in BACKBONES.items() if each.weights is not None]
        raise UsageError(f"no pretrained backbone is called {backbone!r}; there are {able}")
    network = timm.create_model(chosen.timm_name, num_classes=0, **chosen.options)
    missing, _ = network.load_state_dict(chosen.weights(third_party), strict=False)
    if missing:
        raise UsageError(f"the weights of {backbone} lack {missing[0]}")
    network.eval()

    def extract(crops: Sequence[Image]) -> NDArray[np.float32]:
        with torch.inference_mode():
            pixels = normalise(torch.from_numpy(to_batch(list(crops))))
            found: NDArray[np.float32] = network(pixels).numpy()
        return found

    return extract
