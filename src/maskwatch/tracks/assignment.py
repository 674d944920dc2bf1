"""Which detected face continues which track: costs between boxes and the best pairing of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwatch.geometry import FloatArray, area, centres, iou_matrix
from maskwatch.tracks.hungarian import least_cost_pairs

_FORBIDDEN = 1e6
"""Cost of a pair that may not be; far above the sum of all real costs."""


def pair(cost: FloatArray, allowed: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The pairing of rows with columns that makes most allowed pairs at the least cost.

    Args:
        cost: ``(N, M)``, each at least 0 and small (tens at most).
        allowed: ``(N, M)``; pairs that are False here are never made.

    Returns:
        (row, column) pairs in order of rows; each row and column at most once.
    """
    rows, columns = least_cost_pairs(np.where(allowed, cost, _FORBIDDEN))
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if allowed[r, c]]


def pair_by_overlap(
    expected: FloatArray, found: FloatArray, min_iou: float
) -> list[tuple[int, int]]:
    """Pairs boxes ``(N, 4)`` with boxes ``(M, 4)`` that overlap by at least ``min_iou``."""
    overlap = iou_matrix(expected, found)
    return pair(1 - overlap, overlap >= min_iou)


def pair_by_distance(
    expected: FloatArray, found: FloatArray, reach: FloatArray, max_size_ratio: float
) -> list[tuple[int, int]]:
    """Pairs boxes whose centres are near each other, measured in sizes of the face.

    Small faces far away move by more than their width between two looks at a low frame rate,
    so that nothing overlaps any more.

    Args:
        expected: ``(N, 4)`` predicted boxes, none of them empty.
        found: ``(M, 4)`` detected boxes, none of them empty.
        reach: ``(N,)`` how far each expected face may be from its prediction, in face sizes.
        max_size_ratio: how much one of two paired faces may be larger than the other (>= 1).
    """
    distance, log_ratio = distance_in_sizes(expected, found), _log_size_ratio(expected, found)
    allowed = (distance <= reach[:, None]) & (log_ratio <= np.log(max_size_ratio))
    return pair(distance + log_ratio, allowed)


def distance_in_sizes(a: FloatArray, b: FloatArray) -> FloatArray:
    """Between the centres of all boxes of ``a (N, 4)`` and ``b (M, 4)``, none of them empty.

    Returns:
        ``(N, M)``, in sizes of the two faces.
    """
    pixels = np.linalg.norm(centres(a)[:, None] - centres(b)[None, :], axis=2)
    # The geometric mean of both sizes, so that the order of the two does not matter.
    distance: FloatArray = pixels / (area(a)[:, None] * area(b)[None, :]) ** 0.25
    return distance


def _log_size_ratio(a: FloatArray, b: FloatArray) -> FloatArray:
    ratio: FloatArray = np.abs(np.log(area(a))[:, None] - np.log(area(b))[None, :]) / 2
    return ratio
