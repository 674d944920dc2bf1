from __future__ import annotations

import pytest

from maskwatch.config.alerts import Retry
from maskwatch.delays import Doubling, Growth, growing_delay_s, spread
from maskwatch.runtime.live.backoff import ReconnectPolicy


@pytest.mark.parametrize(
    "growth",
    [
        Retry(first_delay_s=0.5, factor=2, max_delay_s=5),
        ReconnectPolicy(first_delay_s=0.5, factor=2, max_delay_s=5),
        Doubling(0.5, 5),
    ],
)
def test_delays_of_messages_cameras_and_records_grow_alike(growth: Growth) -> None:
    assert [growing_delay_s(growth, n) for n in range(1, 7)] == [0.5, 1, 2, 4, 5, 5]
    assert growing_delay_s(growth, 10**6) == 5


def test_chance_moves_a_delay_by_its_share_and_no_further() -> None:
    assert [spread(8, 0.25, chance) for chance in (0.0, 0.5, 1.0)] == [6, 8, 10]
    assert spread(8, 0.0, 1.0) == 8
