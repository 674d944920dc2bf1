from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwatch.frames.timeline import Timeline


def place(stamps: list[int | None]) -> list[float]:
    timeline = Timeline(Fraction(1, 100), 0.04)
    return [round(timeline.place(pts), 6) for pts in stamps]


@pytest.mark.parametrize(
    ("stamps", "seconds"),
    [
        ([0, 4, 8], [0, 0.04, 0.08]),
        ([900, 904, 950], [0, 0.04, 0.5]),  # counted from the first, whatever the steps
        ([None, None, None], [0, 0.04, 0.08]),  # nothing but the nominal rate
        ([0, None, 8], [0, 0.04, 0.08]),  # one stamp missing
        ([0, 4, 4, 8], [0, 0.04, 0.08, 0.12]),  # one stamp given twice
        ([0, 100, 0, 4], [0, 1.0, 1.04, 1.08]),  # the clock is set back
        ([None, 500, 504], [0, 0.04, 0.08]),  # the first stamp missing
    ],
)
def test_follows_the_stamps_where_they_make_sense(
    stamps: list[int | None], seconds: list[float]
) -> None:
    assert place(stamps) == seconds


@given(st.lists(st.none() | st.integers(-(2**40), 2**40), min_size=1, max_size=30))
def test_never_runs_back_or_stands_still(stamps: list[int | None]) -> None:
    timeline = Timeline(Fraction(1, 90_000), 1 / 30)
    times = [timeline.place(pts) for pts in stamps]
    assert times[0] == 0
    assert all(a < b for a, b in pairwise(times))
