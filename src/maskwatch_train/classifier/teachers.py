"""Trained classifiers that teach another one (distillation).

Several networks together err less than each; one that learns what they say of every augmented crop
takes over most of that at the cost of one (Hinton, Vinyals, Dean: "Distilling the Knowledge in a
Neural Network", arXiv 1503.02531; Beyer et al.: "Knowledge distillation: A good teacher is patient
and consistent", CVPR 2022, whose point is that teacher and pupil see the very same crop).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from maskwatch_train.running.hardware import mixed


class Teachers:
    """What trained networks say together: the mean of their log-probabilities, normalised.

    Args:
        networks: each gives logits ``(N, 7)`` and boxes; at least one. With each the side of its
            input in pixels, to which crops of another size are scaled.
    """

    def __init__(self, networks: Sequence[tuple[nn.Module, int]]) -> None:
        if not networks:
            raise ValueError("need at least one teacher")
        self._networks = [
            (network.eval().requires_grad_(False).to(memory_format=torch.channels_last), size)
            for network, size in networks
        ]

    @torch.no_grad()
    def __call__(self, inputs: Tensor) -> Tensor:
        """``(N, 3, S, S)`` in [-1, 1] to log-probabilities ``(N, 7)``."""
        with mixed(inputs.device):
            told = [
                network.to(inputs.device)(_scaled(inputs, size))[0]
                for network, size in self._networks
            ]
        logs = torch.stack([F.log_softmax(logits.float(), dim=1) for logits in told])
        return F.log_softmax(logs.mean(dim=0), dim=1)


def _scaled(inputs: Tensor, size: int) -> Tensor:
    if inputs.shape[-1] == size:
        return inputs
    return F.interpolate(inputs, size=(size, size), mode="bilinear", antialias=True)


def distances(logits: Tensor, told: Tensor) -> Tensor:
    """Kullback-Leibler divergences ``(N,)`` of logits ``(N, 7)`` from what the teachers told."""
    pointwise = F.kl_div(F.log_softmax(logits, dim=1), told, reduction="none", log_target=True)
    return pointwise.sum(dim=1)
