from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskwatch.geometry import FloatArray
from maskwatch.tracks.assignment import pair, pair_by_distance, pair_by_overlap


def boxes(*places: tuple[float, float, float]) -> FloatArray:
    """Squares by centre and side."""
    return np.array([(x - s / 2, y - s / 2, x + s / 2, y + s / 2) for x, y, s in places])


def test_the_cheapest_whole_wins_over_the_cheapest_pair() -> None:
    cost = np.array([[1.0, 2.0], [1.1, 9.0]])
    assert pair(cost, np.ones((2, 2), dtype=bool)) == [(0, 1), (1, 0)]


def test_forbidden_pairs_are_never_made() -> None:
    allowed = np.array([[False, False], [True, False]])
    assert pair(np.zeros((2, 2)), allowed) == [(1, 0)]


@given(st.data(), st.integers(0, 4), st.integers(0, 4))
def test_as_many_pairs_as_may_be_are_made_and_no_others_are_cheaper(
    data: st.DataObject, n: int, m: int
) -> None:
    cost = data.draw(arrays(np.float64, (n, m), elements=st.floats(0, 30)))
    allowed = data.draw(arrays(np.bool_, (n, m)))
    # Rows that get a column beyond the last stay without.
    choices = [
        [(row, column) for row, column in enumerate(chosen) if column < m and allowed[row, column]]
        for chosen in permutations(range(m + n), n)
    ]
    most = max(len(pairs) for pairs in choices)
    least = min(sum(cost[each] for each in pairs) for pairs in choices if len(pairs) == most)
    made = pair(cost, allowed)
    assert all(allowed[each] for each in made)
    assert made == sorted(made)
    assert len({column for _, column in made}) == len(made) == most
    assert sum(cost[each] for each in made) == pytest.approx(least, abs=1e-6)


def test_boxes_pair_by_overlap_only_above_the_limit() -> None:
    expected, found = boxes((0, 0, 10), (100, 0, 10)), boxes((104, 0, 10), (1, 0, 10))
    assert pair_by_overlap(expected, found, 0.3) == [(0, 1), (1, 0)]
    assert pair_by_overlap(expected, found, 0.5) == [(0, 1)]


@pytest.mark.parametrize(
    ("place", "size", "expected"),
    [
        (19.0, 10.0, [(0, 0)]),  # within two sizes
        (21.0, 10.0, []),  # beyond
        (0.0, 14.0, [(0, 0)]),  # somewhat larger
        (0.0, 16.0, []),  # much larger: somebody nearer to the camera
        (0.0, 6.0, []),  # much smaller
    ],
)
def test_faces_pair_by_distance_in_their_own_sizes(
    place: float, size: float, expected: list[tuple[int, int]]
) -> None:
    pairs = pair_by_distance(
        boxes((0, 0, 10)), boxes((place, 0, size)), np.array([2.0]), max_size_ratio=1.5
    )
    assert pairs == expected


def test_each_face_has_a_reach_of_its_own() -> None:
    expected, found = boxes((0, 0, 10), (200, 0, 10)), boxes((15, 0, 10), (215, 0, 10))
    assert pair_by_distance(expected, found, np.array([1.0, 2.0]), 2.0) == [(1, 1)]


@pytest.mark.parametrize(("n", "m"), [(0, 2), (2, 0), (0, 0)])
def test_nothing_pairs_with_nothing(n: int, m: int) -> None:
    expected, found = (boxes((0, 0, 10), (9, 0, 10))[:count] for count in (n, m))
    assert pair_by_overlap(expected, found, 0.3) == []
    assert pair_by_distance(expected, found, np.ones(n), 2.0) == []
