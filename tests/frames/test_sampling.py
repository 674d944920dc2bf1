from __future__ import annotations

import pickle

import numpy as np
import pytest

from maskwatch.errors import UsageError
from maskwatch.frames.sampling import Sampler


def taken(sampler: Sampler, times: list[float]) -> list[int]:
    return [i for i, t in enumerate(times) if sampler.wants(i, t)]


def test_takes_everything_by_default() -> None:
    assert taken(Sampler(), [0, 0.1, 0.2]) == [0, 1, 2]


def test_every_counts_frames_from_the_first() -> None:
    assert taken(Sampler(every=3), [i / 30 for i in range(8)]) == [0, 3, 6]


@pytest.mark.parametrize("fps", [25, 30, 29.97, 60])
def test_max_fps_keeps_the_rate_over_a_long_time(fps: float) -> None:
    times = [i / fps for i in range(int(fps * 60))]
    assert len(taken(Sampler(max_fps=10), times)) == 600


def test_max_fps_takes_exactly_every_third_frame_of_30() -> None:
    assert taken(Sampler(max_fps=10), [i / 30 for i in range(10)]) == [0, 3, 6, 9]


def test_max_fps_goes_by_time_when_the_frame_rate_varies() -> None:
    # A burst, a gap, a burst: one frame of each tenth of a second.
    assert taken(Sampler(max_fps=10), [0, 0.01, 0.02, 1.0, 1.01, 1.1]) == [0, 3, 5]


def test_max_fps_above_the_source_takes_everything() -> None:
    assert taken(Sampler(max_fps=100), [0, 0.04, 0.08]) == [0, 1, 2]


def test_both_limits_hold_together() -> None:
    assert taken(Sampler(every=2, max_fps=5), [i / 10 for i in range(9)]) == [0, 2, 4, 6, 8]
    assert taken(Sampler(every=3, max_fps=5), [i / 30 for i in range(13)]) == [0, 6, 12]


def test_times_that_start_anywhere_are_fine() -> None:
    # A live source counts on the machine's clock.
    assert len(taken(Sampler(max_fps=10), [86_400.05 + i / 30 for i in range(300)])) in (100, 101)


def test_can_be_sent_to_another_process() -> None:
    copy = pickle.loads(pickle.dumps(Sampler(every=2, max_fps=5)))  # noqa: S301 - our own
    assert (copy.every, copy.max_fps) == (2, 5)


@pytest.mark.parametrize("every", [0, -1, 1.5, "2"])
def test_refuses_a_senseless_every(every: int) -> None:
    with pytest.raises(UsageError, match=f"whole number from 1 on, got {every!r}"):
        Sampler(every=every)


@pytest.mark.parametrize("rate", [0.0, -5.0, float("nan"), float("inf"), 1e308, "10"])
def test_refuses_a_senseless_rate(rate: float) -> None:
    with pytest.raises(UsageError, match="above 0 and at most 1000000"):
        Sampler(max_fps=rate)


def test_numbers_of_numpy_are_numbers() -> None:
    assert taken(Sampler(np.int64(2), np.float32(10)), [i / 10 for i in range(4)]) == [0, 2]  # type: ignore[arg-type]
