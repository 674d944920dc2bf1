from __future__ import annotations

import pytest

from maskwatch.runtime.monitoring.load import Load, LoadWatch
from maskwatch.runtime.monitoring.throughput import Throughput

FINE, SLOW, MIDDLING = Load(40, 39.5, 5), Load(40, 20, 5), Load(40, 36, 5)


def changes(*spans: tuple[int, Load]) -> list[tuple[int, bool]]:
    """Seconds at which the answer turned, and to what."""
    watch, t, turned = LoadWatch(), 0, []
    for seconds, load in spans:
        for _ in range(seconds):
            if watch.update(t, load):
                turned.append((t, watch.overloaded))
            t += 1
    return turned


def test_too_slow_for_a_moment_is_no_overload() -> None:
    assert changes((30, FINE), (9, SLOW), (30, FINE), (9, SLOW), (30, FINE)) == []


def test_an_overload_is_told_once_and_so_is_its_end() -> None:
    assert changes((5, FINE), (60, SLOW), (60, FINE)) == [(15, True), (95, False)]


def test_between_the_limits_nothing_changes() -> None:
    assert changes((100, MIDDLING)) == []
    assert changes((20, SLOW), (100, MIDDLING)) == [(10, True)]


def test_a_load_says_what_is_dropped() -> None:
    assert SLOW.dropped == 0.5
    assert Load(0, 0, 0).dropped == 0.0
    assert Load(10, 10.4, 1).dropped == 0.0
    assert SLOW.words == (
        "20.0 of 40.0 pictures a second are looked at, the same share for each of 5 cameras"
    )


def test_a_rate_counts_what_came_lately() -> None:
    now = 100.0
    throughput = Throughput(window_s=10, clock=lambda: now)
    for _ in range(20):
        now += 0.5
        throughput.add()
    assert throughput.per_second() == pytest.approx(2.0, abs=0.2)
    now += 5
    assert throughput.per_second() == pytest.approx(1.0, abs=0.2)
    now += 20
    assert throughput.per_second() == 0.0
    assert throughput.total == 20


@pytest.mark.parametrize("asked_s", [100.0, 100.125, 100.5, 100.875])
def test_a_steady_rate_is_the_same_whenever_it_is_asked_for(asked_s: float) -> None:
    now = 0.0
    throughput = Throughput(window_s=10, clock=lambda: now)
    while now < asked_s:
        throughput.add()
        now += 1 / 32
    assert throughput.per_second() == pytest.approx(32)


def test_a_young_rate_is_not_too_low() -> None:
    now = 0.0
    throughput = Throughput(window_s=10, clock=lambda: now)
    now = 2.0
    throughput.add(8)
    assert throughput.per_second() == 4.0
