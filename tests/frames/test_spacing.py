from __future__ import annotations

import pytest

from maskwatch.frames.spacing import Spacing


def wanted(spacing: Spacing, fps: float, frames: int, stamp_s: float = 0.0) -> list[int]:
    """Which of so many frames are wanted; ``stamp_s``: the unit to which times are rounded."""

    def stamped(t: float) -> float:
        return round(t / stamp_s) * stamp_s if stamp_s else t

    return [i for i in range(frames) if spacing.wants(stamped(i / fps), 1 / fps)]


@pytest.mark.parametrize(
    ("fps", "every"), [(25.0, 3), (30.0, 3), (60.0, 6), (29.97, 3), (24.0, 3), (50.0, 5)]
)
@pytest.mark.parametrize("stamp_s", [0.0, 1e-3])
def test_looks_fall_on_the_frames_that_come_after_the_time_between_them(
    fps: float, every: int, stamp_s: float
) -> None:
    spacing = Spacing(0.1, fps)
    assert not spacing.takes_all
    assert wanted(spacing, fps, 100, stamp_s) == list(range(0, 100, every))


@pytest.mark.parametrize(("apart_s", "fps"), [(0.0, 25.0), (0.1, 10.0), (0.1, 5.0), (0.02, 25.0)])
def test_where_every_frame_is_looked_at_all_are_wanted(apart_s: float, fps: float) -> None:
    spacing = Spacing(apart_s, fps)
    assert spacing.takes_all
    assert wanted(spacing, fps, 20) == list(range(20))


def test_frames_of_uneven_length_are_wanted_when_a_look_falls_on_them() -> None:
    spacing = Spacing(0.1, 30.0)
    assert spacing.wants(0.0, 0.5)
    assert not spacing.wants(0.55, 0.03)
    assert spacing.wants(2.0, 1.4)
