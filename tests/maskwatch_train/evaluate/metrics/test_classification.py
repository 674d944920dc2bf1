from __future__ import annotations

import math
from types import ModuleType

import numpy as np
import pytest

from maskwatch_train.evaluate.metrics.classification import (
    accuracy,
    bootstrap_interval,
    class_scores,
    confusion_matrix,
    expected_calibration_error,
    macro_f1,
    risk_coverage,
)

TRUTH = np.array([0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 0, 1, 1, 3, 0])  # 3 is "cannot tell": predicted, never true


def test_confusion_has_truth_in_rows_and_predictions_in_columns() -> None:
    assert confusion_matrix(TRUTH, PREDICTED, 4).tolist() == [
        [2, 1, 0, 0],
        [0, 1, 0, 1],
        [1, 0, 0, 0],
        [0, 0, 0, 0],
    ]


def test_accuracy_is_the_share_on_the_diagonal() -> None:
    assert accuracy(confusion_matrix(TRUTH, PREDICTED, 4)) == 0.5


def test_accuracy_of_nothing_is_nan() -> None:
    assert math.isnan(accuracy(np.zeros((2, 2), dtype=np.int64)))


def test_class_scores_are_nan_where_there_is_nothing_to_divide_by() -> None:
    scores = class_scores(confusion_matrix(TRUTH, PREDICTED, 5))
    # class 2 is never predicted, class 3 never true, class 4 neither
    assert scores.precision == pytest.approx([2 / 3, 1 / 2, math.nan, 0, math.nan], nan_ok=True)
    assert scores.recall == pytest.approx([2 / 3, 1 / 2, 0, math.nan, math.nan], nan_ok=True)
    assert scores.f1 == pytest.approx([2 / 3, 1 / 2, 0, 0, math.nan], nan_ok=True)
    assert scores.support.tolist() == [3, 2, 1, 0, 0]


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        # the true classes: abstaining from one of class 1 costs recall
        ((0, 1, 2), (2 / 3 + 1 / 2 + 0) / 3),
        # a class that is neither there nor predicted does not pull the mean down
        ((0, 4), 2 / 3),
        # nor does one that is only predicted, such as by one face of a set of two classes
        ((0, 3), 2 / 3),
        # nothing to average
        ((4,), math.nan),
    ],
)
def test_macro_f1_is_the_mean_over_the_classes_asked_for(
    classes: tuple[int, ...], expected: float
) -> None:
    confusion = confusion_matrix(TRUTH, PREDICTED, 5)
    assert macro_f1(confusion, classes) == pytest.approx(expected, nan_ok=True)


def test_scores_of_many_matrices_are_those_of_each() -> None:
    rng = np.random.default_rng(0)
    confusions = rng.integers(0, 3, (20, 3, 3))
    many = class_scores(confusions)
    for index, confusion in enumerate(confusions):
        one = class_scores(confusion)
        assert many.precision[index] == pytest.approx(one.precision, nan_ok=True)
        assert many.recall[index] == pytest.approx(one.recall, nan_ok=True)
        assert many.f1[index] == pytest.approx(one.f1, nan_ok=True)
        assert many.support[index].tolist() == one.support.tolist()
        expected = macro_f1(confusion, (0, 2))
        assert macro_f1(confusions, (0, 2))[index] == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("seed", range(5))
def test_scores_agree_with_scikit_learn(seed: int, sklearn_metrics: ModuleType) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, 300)
    predicted = np.where(rng.random(300) < 0.7, truth, rng.integers(0, 4, 300))
    confusion = confusion_matrix(truth, predicted, 4)
    precision, recall, f1, support = sklearn_metrics.precision_recall_fscore_support(
        truth, predicted
    )
    scores = class_scores(confusion)
    assert confusion.tolist() == sklearn_metrics.confusion_matrix(truth, predicted).tolist()
    assert accuracy(confusion) == pytest.approx(sklearn_metrics.accuracy_score(truth, predicted))
    assert scores.precision == pytest.approx(precision)
    assert scores.recall == pytest.approx(recall)
    assert scores.f1 == pytest.approx(f1)
    assert scores.support.tolist() == support.tolist()
    expected = sklearn_metrics.f1_score(truth, predicted, labels=[1, 2], average="macro")
    assert macro_f1(confusion, (1, 2)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("confidence", "correct", "expected"),
    [
        # sure and right
        ((1.0, 1.0), (True, True), 0.0),
        # sure and wrong
        ((1.0, 1.0), (False, False), 1.0),
        # half of those at 0.5 are right: calibrated, though each single one is off
        ((0.5, 0.5), (True, False), 0.0),
        # gaps of one bin cancel, those of two bins add: 0.1 at 0.9 and 0.4 at 0.6
        ((0.9, 0.6), (True, True), 0.25),
        # a confidence of exactly 0 falls in the first bin
        ((0.0,), (False,), 0.0),
        # 1/15 belongs to the first bin, the next number to the second: the two do not cancel
        ((1 / 15, np.nextafter(1 / 15, 1)), (True, False), 0.5),
    ],
)
def test_expected_calibration_error(
    confidence: tuple[float, ...], correct: tuple[bool, ...], expected: float
) -> None:
    value = expected_calibration_error(np.array(confidence), np.array(correct))
    assert value == pytest.approx(expected, abs=1e-9)


def test_calibration_error_of_nothing_is_nan() -> None:
    assert math.isnan(expected_calibration_error(np.array([]), np.array([], dtype=bool)))


def test_calibration_error_agrees_with_a_plain_loop_over_the_bins() -> None:
    rng = np.random.default_rng(3)
    confidence = rng.uniform(0.3, 1.0, 500)
    correct = rng.random(500) < confidence**2
    expected = 0.0
    for low in range(15):
        inside = (confidence > low / 15) & (confidence <= (low + 1) / 15)
        if inside.any():
            gap = abs(correct[inside].mean() - confidence[inside].mean())
            expected += inside.mean() * gap
    assert expected > 0.05
    assert expected_calibration_error(confidence, correct) == pytest.approx(expected)


def test_risk_coverage_keeps_the_surest_first_and_ties_together() -> None:
    curve = risk_coverage(np.array([0.5, 0.9, 0.5, 0.7]), np.array([False, True, True, True]))
    assert curve.threshold.tolist() == [0.9, 0.7, 0.5]
    assert curve.coverage.tolist() == [0.25, 0.5, 1.0]
    assert curve.risk.tolist() == [0.0, 0.0, 0.25]
    assert curve.area == pytest.approx(0.125)


def test_risk_coverage_of_nothing_has_no_points() -> None:
    curve = risk_coverage(np.array([]), np.array([], dtype=bool))
    assert curve.coverage.tolist() == []
    assert math.isnan(curve.area)


def test_bootstrap_covers_the_value_and_narrows_with_more_groups() -> None:
    def width(groups: int) -> float:
        right = np.arange(groups) % 4 != 0  # three in four
        interval = bootstrap_interval(lambda i: float(right[i].mean()), np.arange(groups), seed=1)
        assert interval["low"] < 0.75 < interval["high"]
        return interval["high"] - interval["low"]

    # The normal approximation: 2 * 1.96 * sqrt(0.75 * 0.25 / n)
    assert width(100) == pytest.approx(0.170, abs=0.03)
    assert width(1600) == pytest.approx(0.0424, abs=0.008)


def test_bootstrap_draws_whole_groups() -> None:
    # Two groups that agree inside: a draw sees only one of them or both, so the mean is 0, 1/2
    # or 1, which no draw of single samples would give.
    values = np.array([0.0] * 50 + [1.0] * 50)
    seen: set[float] = set()

    def mean(indices: np.ndarray[tuple[int], np.dtype[np.intp]]) -> float:
        seen.add(float(values[indices].mean()))
        return float(values[indices].mean())

    groups = np.array(["a"] * 50 + ["b"] * 50)
    assert bootstrap_interval(mean, groups, seed=0) == {"low": 0.0, "high": 1.0}
    assert seen == {0.0, 0.5, 1.0}


def test_bootstrap_repeats_itself_with_its_seed() -> None:
    values = np.random.default_rng(0).random(40)

    def interval(seed: int) -> dict[str, float]:
        return bootstrap_interval(lambda i: float(values[i].mean()), np.arange(40) // 2, seed)

    assert interval(7) == interval(7)
    assert interval(7) != interval(8)


def test_bootstrap_leaves_out_draws_without_a_value() -> None:
    # Draws without the one sample of the rare class have no value; the others are all 1.
    rare = np.array([True] + [False] * 9)
    interval = bootstrap_interval(
        lambda i: 1.0 if rare[i].any() else math.nan, np.arange(10), seed=0, repeats=50
    )
    assert interval == {"low": 1.0, "high": 1.0}


@pytest.mark.parametrize("groups", [[], ["a", "a", "a"]])
def test_bootstrap_of_fewer_than_two_groups_is_nan(groups: list[str]) -> None:
    interval = bootstrap_interval(lambda _: 0.0, np.array(groups, dtype=np.str_), seed=0)
    assert all(math.isnan(limit) for limit in interval.values())
