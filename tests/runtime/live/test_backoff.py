from __future__ import annotations

import pytest

from maskwatch.runtime.live.backoff import ReconnectPolicy


def test_delays_grow_up_to_the_longest() -> None:
    policy = ReconnectPolicy(first_delay_s=0.5, factor=2, max_delay_s=5)
    assert [policy.delay_s(attempt, 0.5) for attempt in range(1, 7)] == [0.5, 1, 2, 4, 5, 5]


def test_jitter_spreads_the_delay_evenly_around_it() -> None:
    policy = ReconnectPolicy(first_delay_s=2, jitter=0.25)
    assert [policy.delay_s(1, chance) for chance in (0.0, 0.5, 1.0)] == [1.5, 2.0, 2.5]


def test_a_source_that_is_away_for_weeks_does_not_overflow() -> None:
    assert ReconnectPolicy(max_delay_s=30, jitter=0).delay_s(10**6, 0.5) == 30


@pytest.mark.parametrize(
    "senseless",
    [
        {"first_attempts": 0},
        {"max_attempts": -1},
        {"jitter": 1.0},
        {"first_delay_s": 0},
        {"factor": 0.5},
        {"first_delay_s": 10, "max_delay_s": 5},
    ],
)
def test_refuses_a_senseless_policy(senseless: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        ReconnectPolicy(**senseless)  # type: ignore[arg-type]
