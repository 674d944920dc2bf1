"""Doubtful faces are judged again, mirrored."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwatch.masks.second_look import look_again

SURE = [5.0, 0.0]
DOUBTFUL = [0.2, 0.0]


class Judge:
    """Gives every crop the same logits and remembers what it was shown."""

    def __init__(self, logits: list[float]) -> None:
        self.logits = np.array(logits, np.float32)
        self.shown: list[NDArray[np.uint8]] = []

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.shown.append(batch)
        return np.tile(self.logits, (len(batch), 1))


def crops(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)


def test_only_doubtful_faces_are_judged_again_and_mirrored() -> None:
    judge, batch = Judge([1.0, 3.0]), crops(3)

    settled = look_again(np.array([SURE, DOUBTFUL, SURE], np.float32), batch, judge, 1.0, 0.8)

    assert np.array_equal(judge.shown[0], batch[1:2, :, ::-1])
    assert np.allclose(settled, [SURE, [0.6, 1.5], SURE])


def test_the_temperature_decides_what_is_doubtful() -> None:
    first = np.array([SURE], np.float32)
    judge = Judge([0.0, 0.0])

    assert np.array_equal(look_again(first, crops(1), judge, 1.0, 0.8), first)
    assert not np.array_equal(look_again(first, crops(1), judge, 10.0, 0.8), first)


def test_without_doubt_or_faces_nothing_is_asked() -> None:
    judge = Judge([0.0, 0.0])

    look_again(np.array([DOUBTFUL], np.float32), crops(1), judge, 1.0, 0.0)
    look_again(np.zeros((0, 2), np.float32), crops(0), judge, 1.0, 0.8)

    assert judge.shown == []


def test_the_first_answer_is_not_changed_in_place() -> None:
    first = np.array([DOUBTFUL], np.float32)

    look_again(first, crops(1), Judge([3.0, 0.0]), 1.0, 0.9)

    assert first.tolist() == [[np.float32(0.2), 0.0]]
