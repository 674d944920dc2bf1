"""The assignment problem: pair rows with columns at the least total cost.

Written here because it is the only thing that SciPy would be needed for, which is larger than
the rest of this package and its models many times over.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwatch.geometry import FloatArray

_FREE = -1


def least_cost_pairs(cost: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs as many rows with columns as there can be, so that the sum of costs is least.

    Args:
        cost: ``(N, M)``.

    Returns:
        Row and column of each pair, ``(min(N, M),)`` both, rows ascending.

    Raises:
        ValueError: a cost is not finite.
    """
    if not np.isfinite(cost).all():
        raise ValueError("costs must be finite")
    if cost.shape[0] > cost.shape[1]:
        columns, rows = least_cost_pairs(cost.T)
        order = np.argsort(rows)
        return rows[order], columns[order]
    matching = _Matching(cost)
    for row in range(cost.shape[0]):
        matching.add(row)
    return np.arange(cost.shape[0]), matching.column_of


class _Matching:
    """Pairs made so far, and the prices that prove them cheapest (dual variables).

    Shortest augmenting paths: D. F. Crouse, "On implementing 2D rectangular assignment
    algorithms", IEEE Transactions on Aerospace and Electronic Systems 52 (2016), section III.
    """

    def __init__(self, cost: FloatArray) -> None:
        self._cost = cost
        self._row_price = np.zeros(cost.shape[0])
        self._column_price = np.zeros(cost.shape[1])
        self._row_of = np.full(cost.shape[1], _FREE, dtype=np.intp)
        self.column_of = np.full(cost.shape[0], _FREE, dtype=np.intp)

    def add(self, start: int) -> None:
        """Gives a row a column by the cheapest chain of swaps that ends at a free column."""
        distance = np.full(len(self._row_of), np.inf)
        via = np.full(len(self._row_of), _FREE, dtype=np.intp)  # row that each was reached from
        settled = np.zeros(len(self._row_of), dtype=bool)
        row, length = start, 0.0
        while True:
            reach = length + self._cost[row] - self._row_price[row] - self._column_price
            nearer = ~settled & (reach < distance)
            distance[nearer] = reach[nearer]
            via[nearer] = row
            column = int(np.argmin(np.where(settled, np.inf, distance)))
            length = float(distance[column])
            if self._row_of[column] == _FREE:
                break
            settled[column] = True
            row = int(self._row_of[column])

        slack = length - distance[settled]
        self._row_price[start] += length
        self._row_price[self._row_of[settled]] += slack
        self._column_price[settled] -= slack
        self._swap_along(via, start, column)

    def _swap_along(self, via: NDArray[np.intp], start: int, column: int) -> None:
        row = _FREE
        while row != start:
            row = int(via[column])
            self._row_of[column] = row
            column, self.column_of[row] = int(self.column_of[row]), column
