from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from maskwatch.geometry import FloatArray
from maskwatch.tracks.hungarian import least_cost_pairs


def cheapest_by_trying_all(cost: FloatArray) -> float:
    if cost.shape[0] > cost.shape[1]:
        cost = cost.T
    rows = range(cost.shape[0])
    return min(
        float(sum(cost[row, column] for row, column in zip(rows, chosen, strict=True)))
        for chosen in permutations(range(cost.shape[1]), cost.shape[0])
    )


@given(
    arrays(
        np.float64,
        array_shapes(min_dims=2, max_dims=2, max_side=5),
        elements=st.floats(-100, 100) | st.just(1e6) | st.integers(0, 3).map(float),
    )
)
def test_no_other_pairing_is_cheaper(cost: FloatArray) -> None:
    rows, columns = least_cost_pairs(cost)
    assert len(set(rows)) == len(set(columns)) == min(cost.shape)
    assert list(rows) == sorted(rows)
    assert cost[rows, columns].sum() == pytest.approx(cheapest_by_trying_all(cost), abs=1e-6)


def test_it_agrees_with_scipy_on_larger_matrices() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    rng = np.random.default_rng(7)
    for shape in [(30, 30), (12, 40), (40, 12)]:
        cost = np.where(rng.random(shape) < 0.5, 1e6, rng.random(shape))
        theirs = cost[optimize.linear_sum_assignment(cost)].sum()
        assert cost[least_cost_pairs(cost)].sum() == pytest.approx(theirs)


def test_a_greedy_choice_is_given_up_for_a_cheaper_whole() -> None:
    rows, columns = least_cost_pairs(np.array([[1.0, 2.0], [1.5, 9.0]]))
    assert list(zip(rows, columns, strict=True)) == [(0, 1), (1, 0)]


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_nothing_to_pair_gives_no_pairs(shape: tuple[int, int]) -> None:
    rows, columns = least_cost_pairs(np.zeros(shape))
    assert rows.size == columns.size == 0


def test_a_cost_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        least_cost_pairs(np.array([[1.0, np.nan]]))
