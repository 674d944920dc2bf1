from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from maskwatch.testing import reading_of
from maskwatch.types import Face, State
from maskwatch_train.evaluate.answers import NOTHING_SAID
from maskwatch_train.evaluate.outcomes import Judged
from maskwatch_train.evaluate.scoring.compare import compare, holm, mcnemar
from maskwatch_train.evaluate.scoring.figures import Scoring
from tests.maskwatch_train.evaluate.pictures import case, label

SCORING = Scoring(repeats=200)


def right(count: int, of: int) -> np.ndarray:
    return np.arange(of) < count


def test_models_that_are_wrong_on_the_same_faces_do_not_differ() -> None:
    assert mcnemar(right(7, 10), right(7, 10)) == {"only_first": 0, "only_other": 0, "p": 1.0}


def test_only_faces_that_tell_the_models_apart_count() -> None:
    first, other = right(0, 1000), right(6, 1000)
    # six tosses that all fall on one side, in either direction
    assert mcnemar(first, other) == {"only_first": 0, "only_other": 6, "p": 2 / 64}
    assert mcnemar(other, first)["only_first"] == 6


def test_asking_often_is_corrected_for() -> None:
    # the smallest times three, the next times two but not smaller, the largest as it is
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def judged(wrong: set[int], count: int = 60) -> list[Judged]:
    """Faces of which every second wears a mask; those in ``wrong`` are read as the other."""
    items = []
    for i in range(count):
        state = State.MASK if i % 2 else State.NO_MASK
        other = State.NO_MASK if i % 2 else State.MASK
        face = label(0, 40, state)
        reading = reading_of(Face(face.box, 1.0), other if i in wrong else state)
        items.append(Judged(case(face, group=f"g{i}"), reading))
    return items


def test_a_clear_difference_is_no_chance_and_its_interval_holds_it() -> None:
    result = compare({"good": judged(set()), "bad": judged(set(range(12)))}, SCORING)
    assert result["reference"] == "good"
    test = result["tests"]["bad"]
    assert test["right_side"]["only_first"] == 12
    assert test["right_side"]["p"] < 0.001
    difference = test["differences"]["side_accuracy"]
    assert difference["value"] == pytest.approx(-0.2)
    assert difference["low"] < -0.2 < difference["high"] < 0
    assert difference["p"] == 1 / 200  # no draw is on the other side: as sure as 200 draws can be
    headline = result["models"]["bad"]["headline"]
    assert headline["side_accuracy"]["value"] == pytest.approx(0.8)


def test_one_that_says_nothing_of_violations_is_not_right_about_them() -> None:
    silent = [
        Judged(item.case, NOTHING_SAID) if item.face.state is State.NO_MASK else item
        for item in judged(set())
    ]
    test = compare({"good": judged(set()), "silent": silent}, SCORING)["tests"]["silent"]
    assert (test["right_side"]["only_first"], test["right_side"]["only_other"]) == (30, 0)


def test_one_reading_of_a_class_that_the_set_has_not_is_one_wrong_reading() -> None:
    first, *rest = judged(set())
    stray = replace(first, reading=reading_of(Face(first.face.box, 1.0), State.INCORRECT))
    result = compare({"right": [first, *rest], "stray": [stray, *rest]}, SCORING)
    difference = result["tests"]["stray"]["differences"]["state_macro_f1"]
    assert -0.05 < difference["low"] <= difference["value"] < 0
    assert difference["high"] == 0


def test_the_same_model_twice_is_the_same() -> None:
    result = compare({"one": judged({3}), "two": judged({3})}, SCORING)
    test = result["tests"]["two"]
    assert test["right_state"]["p_adjusted"] == 1.0
    assert test["differences"]["state_macro_f1"] == {"value": 0, "low": 0, "high": 0, "p": 1}
