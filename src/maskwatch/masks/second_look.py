"""Faces that the classifier is not sure of are judged again, mirrored.

A face and its mirror image deserve the same answer; where the network wavers, the mean of both is
right more often than the first alone. Few faces need it, so that it costs little.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from maskwatch.masks.labels import softmax


def look_again(
    first: NDArray[np.float32],
    batch: NDArray[np.uint8],
    judge: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
    temperature: float,
    below: float,
) -> NDArray[np.float32]:
    """The logits with those of doubtful faces replaced by the mean over both ways round.

    Args:
        first: ``(N, C)`` logits of the crops as they are.
        batch: ``(N, S, S, 3)`` uint8 crops.
        judge: gives the logits ``(M, C)`` of M crops.
        temperature: divides the logits before the softmax.
        below: a face is doubtful when no output has at least this probability; 0 leaves all
            as they are.
    """
    doubtful = softmax(first, temperature).max(axis=-1, initial=0.0) < below
    if not doubtful.any():
        return first
    settled = first.copy()
    mirrored = np.ascontiguousarray(batch[doubtful][:, :, ::-1])
    settled[doubtful] = (first[doubtful] + judge(mirrored)) / 2
    return settled
