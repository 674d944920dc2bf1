"""Crops mixed with each other, whose labels are mixed alike.

mixup: Zhang et al., arXiv 1710.09412. CutMix: Yun et al., ICCV 2019. Both as torchvision has them.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision.transforms import v2

from maskwatch.masks.labels import LABELS

MIXED_SHARE = 0.5
"""Of the batches; the others teach where in a crop the face lies, which mixed ones cannot."""


class Mixing:
    """Mixes half of the batches, or leaves all alone.

    Args:
        mixup: alpha of the beta distribution that the shares are drawn from; 0: no mixup.
        cutmix: the same of CutMix; where both are given, each gets half of the mixed batches.
    """

    def __init__(self, mixup: float, cutmix: float) -> None:
        classes = 2 * len(LABELS)  # of plain crops and of novel ones
        self._kinds = [
            *([v2.MixUp(alpha=mixup, num_classes=classes)] if mixup else []),
            *([v2.CutMix(alpha=cutmix, num_classes=classes)] if cutmix else []),
        ]

    def __call__(
        self, inputs: Tensor, labels: Tensor, novel: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, bool]:
        """Draws from torch's generator, and not at all where nothing is mixed.

        Args:
            inputs: ``(N, 3, S, S)``.
            labels: ``(N,)``.
            novel: ``(N,)`` whether teachers are not asked about a crop, as of `Crop`.

        Returns:
            Inputs; labels, or their shares ``(N, C)``; whether anything novel is in each; and
            whether they were mixed, which leaves no single box that is right.
        """
        if not self._kinds or float(torch.rand(())) >= MIXED_SHARE:
            return inputs, labels, novel, False
        chosen = self._kinds[int(torch.randint(len(self._kinds), ()))]
        mixed, shares = chosen(inputs, labels + len(LABELS) * novel)
        of_plain, of_novel = shares.split(len(LABELS), dim=1)
        mixed = mixed.contiguous(memory_format=torch.channels_last)
        return mixed, of_plain + of_novel, (of_novel > 0).any(dim=1), True
