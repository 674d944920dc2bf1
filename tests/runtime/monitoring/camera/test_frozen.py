from __future__ import annotations

import numpy as np
import pytest

from maskwatch.runtime.monitoring.camera.frozen import FreezeWatch
from maskwatch.types import Image

RANDOM = np.random.default_rng(7)
ROOM: Image = RANDOM.integers(0, 256, (90, 160, 3), dtype=np.uint8)


def with_noise(image: Image) -> Image:
    noise = RANDOM.integers(-1, 2, image.shape)
    return np.clip(image.astype(int) + noise, 0, 255).astype(np.uint8)


def test_a_picture_that_stays_is_frozen_after_the_limit_and_not_before() -> None:
    watch = FreezeWatch(10)
    assert not watch.is_frozen(0, ROOM)
    assert not watch.is_frozen(9.9, ROOM)
    assert watch.is_frozen(10, ROOM)
    assert watch.is_frozen(50, ROOM)


def test_sensor_noise_alone_is_enough_to_be_alive() -> None:
    watch = FreezeWatch(10)
    assert not any(watch.is_frozen(t, with_noise(ROOM)) for t in range(100))


def test_a_new_picture_ends_it() -> None:
    watch = FreezeWatch(10)
    watch.is_frozen(0, ROOM)
    assert watch.is_frozen(20, ROOM)
    assert not watch.is_frozen(21, ROOM[::-1])
    assert not watch.is_frozen(30, ROOM[::-1])
    assert watch.is_frozen(31, ROOM[::-1])


def test_a_change_of_size_is_a_new_picture() -> None:
    watch = FreezeWatch(10)
    watch.is_frozen(0, ROOM)
    assert not watch.is_frozen(20, np.repeat(ROOM, 2, axis=0))


@pytest.mark.parametrize("t", [0.0, 1e6])
def test_without_a_limit_nothing_is_frozen(t: float) -> None:
    watch = FreezeWatch(None)
    watch.is_frozen(0, ROOM)
    assert not watch.is_frozen(t, ROOM)


def test_what_stays_frozen_is_connected_anew_less_and_less_often() -> None:
    watch = FreezeWatch(10)
    watch.is_frozen(0, ROOM)
    watch.plan_kick(10)
    assert [t for t in range(10, 200) if watch.is_kick_due(t)] == [20, 40, 80, 160]
    assert not watch.is_frozen(200, ROOM[::-1])
    watch.plan_kick(210)
    assert watch.is_kick_due(220)
