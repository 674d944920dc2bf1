"""Box maths on arrays. Boxes are ``(N, 4)`` float arrays of (x0, y0, x1, y1) in pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskwatch.types import Box

FloatArray: TypeAlias = NDArray[np.floating]
_AT_ONCE = 32
"""Boxes that are compared with others at once: all those of a stadium would take gigabytes."""


def box_array(boxes: Iterable[Box]) -> NDArray[np.float64]:
    """Boxes as one ``(N, 4)`` array of float64; ``(0, 4)`` of none."""
    return np.array([*boxes], dtype=np.float64).reshape(-1, 4)


def area(boxes: FloatArray) -> FloatArray:
    """Areas of ``(N, 4)`` boxes as ``(N,)``; 0 for boxes turned inside out."""
    return np.maximum(boxes[:, 2] - boxes[:, 0], 0) * np.maximum(boxes[:, 3] - boxes[:, 1], 0)


def centres(boxes: FloatArray) -> FloatArray:
    """Middles of ``(N, 4)`` boxes as ``(N, 2)`` x and y."""
    middles: FloatArray = (boxes[:, :2] + boxes[:, 2:]) / 2
    return middles


def iou_matrix(a: FloatArray, b: FloatArray) -> FloatArray:
    """Intersection over union of every box of ``a (N, 4)`` with every one of ``b (M, 4)``.

    Returns:
        ``(N, M)`` in [0, 1]; 0 where both boxes are empty.
    """
    shared = shared_area(a, b)
    union = area(a)[:, None] + area(b)[None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def are_covered(a: FloatArray, b: FloatArray, min_iou: float) -> NDArray[np.bool_]:
    """``(N,)`` which boxes of ``a (N, 4)`` overlap one of ``b (M, 4)`` by at least ``min_iou``."""
    covered: NDArray[np.bool_] = iou_matrix(a, b).max(axis=1, initial=0.0) >= min_iou
    return covered


def overlap_of_smaller(a: FloatArray, b: FloatArray) -> FloatArray:
    """Intersection over the smaller area of every box of ``a (N, 4)`` with every one of ``b``.

    Unlike `iou_matrix` it is 1 for a small box inside a large one.

    Returns:
        ``(N, M)`` in [0, 1]; 0 where one of the boxes is empty.
    """
    shared = shared_area(a, b)
    smaller = np.minimum(area(a)[:, None], area(b)[None, :])
    return np.divide(shared, smaller, out=np.zeros_like(shared), where=smaller > 0)


def shared_area(a: FloatArray, b: FloatArray) -> FloatArray:
    """Area that every box of ``a (N, 4)`` shares with every one of ``b (M, 4)``, as ``(N, M)``."""
    width = np.minimum(a[:, None, 2], b[:, 2]) - np.maximum(a[:, None, 0], b[:, 0])
    height = np.minimum(a[:, None, 3], b[:, 3]) - np.maximum(a[:, None, 1], b[:, 1])
    shared: FloatArray = np.maximum(width, 0) * np.maximum(height, 0)
    return shared


def clip(boxes: FloatArray, width: int, height: int) -> FloatArray:
    """A copy of ``(N, 4)`` boxes with their corners moved into the picture."""
    return np.clip(boxes, 0, np.array([width, height, width, height], dtype=boxes.dtype))


def nms(
    boxes: FloatArray,
    scores: FloatArray,
    iou_threshold: float,
    overlap: Callable[[FloatArray, FloatArray], FloatArray] = iou_matrix,
) -> NDArray[np.intp]:
    """Greedy non-maximum suppression.

    Args:
        boxes: ``(N, 4)``.
        scores: ``(N,)``; higher wins.
        iou_threshold: a box that overlaps a kept one by more than this is dropped.
        overlap: how overlap is measured, ``(N, 4)`` and ``(M, 4)`` to ``(N, M)``.

    Returns:
        Indices of the kept boxes, best score first; empty for no boxes.
    """
    left = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while left.size:
        # One row of overlaps at a time: all of them at once are gigabytes in a stadium.
        best, left = int(left[0]), left[1:]
        kept.append(best)
        left = left[overlap(boxes[best, None], boxes[left])[0] <= iou_threshold]
    return np.array(kept, dtype=np.intp)


def vote(
    kept: FloatArray, boxes: FloatArray, scores: FloatArray, iou_threshold: float
) -> FloatArray:
    """Box voting (Gidaris and Komodakis, ICCV 2015, section 4): neighbours place a kept box.

    Suppression keeps the likeliest of several boxes of one thing, which need not be the best
    placed; their mean is placed better than any of them.

    Args:
        kept: ``(K, 4)`` what suppression kept of ``boxes``.
        boxes: ``(N, 4)`` before suppression.
        scores: ``(N,)`` their weights, above 0.
        iou_threshold: boxes that overlap a kept one by at least this, and at all, vote on it.

    Returns:
        ``(K, 4)``.
    """
    placed = kept.copy()
    downwards = np.argsort(kept[:, 1])
    for rows in np.split(downwards, range(_AT_ONCE, len(kept), _AT_ONCE)):
        part = kept[rows]
        top, bottom = part[:, 1].min(initial=np.inf), part[:, 3].max(initial=-np.inf)
        near = (boxes[:, 3] > top) & (boxes[:, 1] < bottom)
        weights = scores[near] * (iou_matrix(part, boxes[near]) >= iou_threshold)
        total = weights.sum(axis=1, keepdims=True)
        # A box always votes for itself, but rounding may put its overlap with itself below 1.
        mean = weights @ boxes[near] / np.where(total > 0, total, 1)
        placed[rows] = np.where(total > 0, mean, part)
    return placed


def square_crop(
    box: tuple[float, float, float, float], margin: float
) -> tuple[float, float, float]:
    """The square around a box that a classifier looks at.

    Args:
        box: (x0, y0, x1, y1) in pixels.
        margin: what is added on each side, as a fraction of the box's longer side.

    Returns:
        (left, top, side) in pixels, not rounded, possibly reaching outside the picture.
    """
    x0, y0, x1, y1 = box
    side = max(x1 - x0, y1 - y0) * (1 + 2 * margin)
    return (x0 + x1 - side) / 2, (y0 + y1 - side) / 2, side
