from __future__ import annotations

import pytest

from maskwatch.runtime.monitoring.camera.clock import ClockWatch


@pytest.mark.parametrize(
    ("wall_s", "steady_s", "step_s"),
    [
        (3600.0, 3600.0, 0.0),  # an hour passes
        (3601.0, 3600.0, 0.0),  # a time server corrects a second
        (3600.0 + 14400, 3600.0, 14400.0),  # set forward, or four hours of sleep
        (60.0 - 3600, 60.0, -3600.0),  # set back
    ],
)
def test_a_clock_that_is_set_is_told_once(wall_s: float, steady_s: float, step_s: float) -> None:
    now = {"wall": 1e9, "steady": 50.0}
    clock = ClockWatch(lambda: now["wall"], lambda: now["steady"])
    now["wall"] += wall_s
    now["steady"] += steady_s
    assert clock.step_s() == pytest.approx(step_s)
    assert clock.step_s() == 0
