from __future__ import annotations

from maskwatch.runtime.live.pacing import Pacer


def test_a_burst_is_spread_over_the_time_that_it_shows() -> None:
    pacer = Pacer()
    assert [pacer.wait_s(t, now=100.0) for t in (7.0, 7.5, 8.0)] == [0.0, 0.5, 1.0]


def test_what_is_late_is_not_held_back_further() -> None:
    pacer = Pacer()
    pacer.wait_s(0.0, now=100.0)
    assert pacer.wait_s(1.0, now=102.0) == 0.0
    assert pacer.wait_s(3.0, now=102.0) == 1.0


def test_a_jump_in_the_stream_is_not_sat_out() -> None:
    pacer = Pacer()
    pacer.wait_s(0.0, now=100.0)
    assert pacer.wait_s(3600.0, now=100.0) == 0.0
    assert pacer.wait_s(3600.5, now=100.0) == 0.5
    assert pacer.wait_s(10.0, now=100.5) == 0.0
