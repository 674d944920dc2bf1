from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwatch.metrics.intervals import wilson_interval


@pytest.mark.parametrize(
    ("successes", "total", "expected"),
    [
        # Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in
        # Medicine 17, 1998, table I, method 3.
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ],
)
def test_it_gives_the_published_values(
    successes: int, total: int, expected: tuple[float, float]
) -> None:
    assert wilson_interval(successes, total) == pytest.approx(expected, abs=5e-5)


def test_no_cases_have_no_interval() -> None:
    assert wilson_interval(0, 0) is None


@pytest.mark.parametrize(
    ("successes", "total", "confidence"),
    [(-1, 5, 0.95), (6, 5, 0.95), (1, 5, 0.0), (1, 5, 1.0)],
)
def test_arguments_out_of_range_are_refused(successes: int, total: int, confidence: float) -> None:
    with pytest.raises(ValueError, match=r"need|confidence"):
        wilson_interval(successes, total, confidence)


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int]:
    total = draw(st.integers(1, 10**6))
    return draw(st.integers(0, total)), total


@given(counts(), st.floats(0.01, 0.999))
def test_it_lies_in_0_to_1_around_the_share(counted: tuple[int, int], confidence: float) -> None:
    successes, total = counted
    interval = wilson_interval(successes, total, confidence)
    assert interval is not None
    assert 0 <= interval[0] <= successes / total <= interval[1] <= 1


@given(counts())
def test_the_interval_of_the_failures_is_its_mirror_image(counted: tuple[int, int]) -> None:
    successes, total = counted
    low, high = wilson_interval(successes, total) or (0, 0)
    assert wilson_interval(total - successes, total) == pytest.approx((1 - high, 1 - low))


@given(counts(), st.floats(0.5, 0.9))
def test_more_confidence_is_a_wider_interval(counted: tuple[int, int], confidence: float) -> None:
    narrow, wide = wilson_interval(*counted, confidence), wilson_interval(*counted, 0.99)
    assert narrow is not None
    assert wide is not None
    assert wide[0] <= narrow[0] <= narrow[1] <= wide[1]
