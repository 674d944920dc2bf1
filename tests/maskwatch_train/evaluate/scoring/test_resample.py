from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from maskwatch_train.evaluate.metrics.classification import (
    bootstrap_interval,
    class_scores,
    confusion_matrix,
    ratio,
)
from maskwatch_train.evaluate.scoring import resample

RNG = np.random.default_rng(0)
TRUTH = RNG.integers(0, 3, 60)
READ = np.where(RNG.random(60) < 0.7, TRUTH, RNG.integers(0, 3, 60))
GROUPS = np.array([f"g{i // 4}" for i in range(60)])


def drawn(repeats: int, groups: np.ndarray = GROUPS) -> np.ndarray:
    return resample.drawn_confusions(TRUTH, READ, 3, groups, repeats=repeats)


def times_drawn(repeats: int) -> np.ndarray:
    """How often each sample is drawn, ``(R, N)``: each is of a class of its own here."""
    each = np.arange(60)
    confusions = resample.drawn_confusions(each, each, 60, GROUPS, repeats=repeats)
    return np.diagonal(confusions, axis1=1, axis2=2)


def test_groups_are_drawn_whole_and_as_many_as_there_are() -> None:
    draws = times_drawn(400)
    assert draws.sum(axis=1).tolist() == [60] * 400  # groups are of one size here
    assert (draws[:, ::4] == draws[:, 1::4]).all()
    assert len(np.unique(draws, axis=0)) > 390


def test_a_drawn_confusion_is_that_of_the_drawn_samples() -> None:
    for counts, confusion in zip(times_drawn(200), drawn(200), strict=True):
        chosen = np.repeat(np.arange(60), counts)
        assert (confusion == confusion_matrix(TRUTH[chosen], READ[chosen], 3)).all()


def test_the_interval_is_that_of_the_slower_bootstrap() -> None:
    def accuracy(chosen: np.ndarray) -> float:
        return float((TRUTH[chosen] == READ[chosen]).mean())

    slow = bootstrap_interval(accuracy, GROUPS, seed=0, repeats=2000)
    confusions = drawn(2000)
    once = confusion_matrix(TRUTH, READ, 3)
    fast = resample.with_limits(
        lambda c: ratio(np.trace(c, axis1=1, axis2=2), c.sum(axis=(1, 2))),
        once,
        confusions,
    )
    assert fast["value"] == pytest.approx((TRUTH == READ).mean())
    assert fast["low"] == pytest.approx(slow["low"], abs=0.03)
    assert fast["high"] == pytest.approx(slow["high"], abs=0.03)


def test_one_group_gives_no_interval() -> None:
    once = confusion_matrix(TRUTH, READ, 3)
    confusions = drawn(3, np.array(["g"] * 60))
    entry = resample.with_limits(lambda c: class_scores(c).recall[:, 0], once, confusions)
    assert 0 < entry["value"] < 1
    assert np.isnan([entry["low"], entry["high"]]).all()


def test_no_samples_give_nan() -> None:
    nothing = np.array([], dtype=np.int64)
    nobody = np.array([], dtype=np.str_)
    confusions = resample.drawn_confusions(nothing, nothing, 3, nobody, repeats=3)
    entry = resample.with_limits(
        lambda c: class_scores(c).recall[:, 0], np.zeros((3, 3), dtype=np.int64), confusions
    )
    assert all(np.isnan(value) for value in entry.values())


def test_draws_of_many_samples_are_not_all_held_at_once() -> None:
    many = 200_000
    truth, groups = np.arange(many) % 4, np.arange(many).astype(np.str_)
    tracemalloc.start()
    confusions = resample.drawn_confusions(truth, truth, 4, groups, repeats=200)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert confusions.sum(axis=(1, 2)).tolist() == [many] * 200
    assert most < 300e6  # a count of each sample in each draw alone would be 320 MB
