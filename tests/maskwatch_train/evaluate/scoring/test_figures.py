from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from maskwatch.testing import reading_of
from maskwatch.types import Face, Fault, MaskReading, State, StateProbabilities
from maskwatch_train.evaluate.answers import NOTHING_SAID, Answer
from maskwatch_train.evaluate.cases import Appearance
from maskwatch_train.evaluate.metrics.classification import (
    bootstrap_interval,
    expected_calibration_error,
)
from maskwatch_train.evaluate.outcomes import Judged, outcomes
from maskwatch_train.evaluate.scoring.curves import MAX_POINTS, curves, reliability, thinned
from maskwatch_train.evaluate.scoring.figures import Scoring, figures, headline_scores
from maskwatch_train.evaluate.scoring.resample import INTERVAL_SEED
from maskwatch_train.evaluate.scoring.slices import DARK_MASK, slice_scores
from tests.maskwatch_train.evaluate.pictures import case, label

SCORING = Scoring(repeats=50)


def said(
    state: State,
    read: State,
    fault: Fault | None = None,
    *,
    read_fault: Fault | None = None,
    confidence: float = 0.9,
    size: float = 40,
    kind: str = "",
    certainty: str = "sure",
    group: str = "g",
    appearance: Appearance | None = None,
) -> Judged:
    face = label(0, size, state, fault, kind=kind, certainty=certainty)
    reading = reading_of(Face(face.box, 1.0), read, read_fault, confidence=confidence)
    return Judged(case(face, group, appearance), reading)


def several() -> list[Judged]:
    return [
        *[said(State.MASK, State.MASK, group=f"m{i}") for i in range(8)],
        said(State.MASK, State.NO_MASK, group="m8"),
        said(State.MASK, State.UNKNOWN, group="m9"),
        *[said(State.NO_MASK, State.NO_MASK, group=f"n{i}") for i in range(9)],
        said(State.NO_MASK, State.MASK, group="n9"),
        said(State.INCORRECT, State.INCORRECT, Fault.NOSE_OUT, group="i0"),
        said(State.INCORRECT, State.INCORRECT, Fault.NOSE_OUT, read_fault=Fault.OTHER, group="i1"),
        said(State.INCORRECT, State.NO_MASK, Fault.UNDER_CHIN, group="i2"),
        said(State.MASK, State.MASK, size=20),  # too small to count
        said(State.UNKNOWN, State.UNKNOWN),
    ]


def test_scores_are_those_that_one_counts() -> None:
    result = figures(several(), SCORING)
    assert (result["faces"], result["groups"]) == (23, 23)
    head = {name: entry["value"] for name, entry in result["headline"].items()}
    assert head["side_accuracy"] == pytest.approx(20 / 23)
    assert head["side_accuracy_decided"] == pytest.approx(20 / 22)
    assert head["accuracy"] == pytest.approx(19 / 23)
    assert head["state_macro_f1_decided"] == pytest.approx((16 / 18 + 18 / 21 + 4 / 5) / 3)
    assert head["called_mask"] == pytest.approx(1 / 13)
    assert head["unknown_rate"] == pytest.approx(1 / 23)
    mask = result["states"]["scores"]["mask"]
    assert mask["recall"]["value"] == pytest.approx(8 / 10)
    assert mask["precision"]["value"] == pytest.approx(8 / 9)
    nose_out = result["labels"]["scores"]["nose_out"]
    assert nose_out["recall"]["value"] == pytest.approx(1 / 2)
    assert result["unreadable"] == {"faces": 1, "called_unknown": 1}
    for entry in result["headline"].values():
        assert math.isnan(entry["low"]) or entry["low"] <= entry["value"] <= entry["high"] + 1e-9


def values(items: list[Judged]) -> dict[str, float]:
    scores = headline_scores(outcomes(items), SCORING)
    return {name: entry["value"] for name, entry in scores.items()}


def test_a_fault_that_is_not_said_is_missed_as_a_wrong_one() -> None:
    noses, chins = Fault.NOSE_OUT, Fault.UNDER_CHIN
    right = [said(State.INCORRECT, State.INCORRECT, f, read_fault=f) for f in (noses, chins)]
    wrong = said(State.INCORRECT, State.INCORRECT, noses, read_fault=Fault.OTHER)
    unsaid = Judged(wrong.case, Answer(State.INCORRECT))
    with_wrong, with_unsaid = ([*right * 5, *[one] * 5] for one in (wrong, unsaid))
    score = "nose_chin_macro_f1"
    assert values(with_unsaid)[score] == values(with_wrong)[score] == pytest.approx(5 / 6)
    labels = figures(with_unsaid, SCORING)["labels"]
    assert labels["order"][-2:] == ["unknown", "incorrect"]
    assert labels["confusion"][1] == [0, 5, 0, 0, 0, 0, 0, 5]
    assert labels["scores"]["nose_out"]["recall"]["value"] == 1 / 2
    assert "incorrect" not in labels["scores"]


def unknown(state: State, probabilities: StateProbabilities | None = None) -> Judged:
    face = label(0, 40, state)
    reading = MaskReading(Face(face.box, 1.0), State.UNKNOWN, None, probabilities, reason="small")
    return Judged(case(face), reading)


def test_unknown_is_wrong_left_out_or_replaced_by_the_likeliest_state() -> None:
    head = values(
        [
            said(State.MASK, State.MASK),
            unknown(State.MASK, StateProbabilities(0.6, 0.2, 0.2)),
            unknown(State.NO_MASK, StateProbabilities(0.6, 0.2, 0.2)),
            said(State.NO_MASK, State.MASK),
        ]
    )
    assert head["side_accuracy"] == 1 / 4
    assert head["side_accuracy_decided"] == 1 / 2
    assert head["side_accuracy_forced"] == 2 / 4
    assert head["state_macro_f1_forced"] == pytest.approx(1 / 3)  # 2/3 for mask, 0 for no_mask
    assert head["unknown_rate"] == 2 / 4


def test_calibration_is_that_of_the_probabilities_even_where_they_are_not_spoken() -> None:
    head = values(
        [
            said(State.MASK, State.MASK, confidence=0.9),
            unknown(State.MASK, StateProbabilities(0.7, 0.2, 0.1)),
        ]
    )
    # both right: gaps of 0.1 and 0.3
    assert head["state_ece"] == pytest.approx(0.2)
    assert head["side_ece"] == pytest.approx(0.2)


def test_a_face_that_was_not_given_to_the_model_is_wrong_and_has_no_calibration() -> None:
    head = values([unknown(State.MASK)])
    assert head["side_accuracy_forced"] == 0.0
    assert math.isnan(head["state_ece"])
    assert math.isnan(head["risk_coverage_area"])


def test_no_faces_give_nan() -> None:
    assert all(math.isnan(value) for value in values([]).values())


def test_intervals_draw_groups() -> None:
    items = [said(State.MASK, State.MASK, group="a") for _ in range(9)]
    items += [said(State.MASK, State.NO_MASK, group="b") for _ in range(9)]
    entry = figures(items, Scoring(repeats=100))["headline"]["side_accuracy"]
    assert entry == {"value": 0.5, "low": 0.0, "high": 1.0}


def test_without_draws_the_values_are_the_same_and_have_no_intervals() -> None:
    drawn, plain = (
        headline_scores(outcomes(several()), Scoring(repeats=repeats)) for repeats in (10, 0)
    )
    assert [entry["value"] for entry in plain.values()] == [
        entry["value"] for entry in drawn.values()
    ]
    assert all(math.isnan(entry[end]) for entry in plain.values() for end in ("low", "high"))


def test_populations_hold_the_right_faces() -> None:
    items = [
        said(State.MASK, State.MASK),
        said(State.MASK, State.NO_MASK, size=70, certainty="unsure"),
        said(State.MASK, State.MASK, size=20, certainty="tiny"),
        said(State.NO_MASK, State.NO_MASK, size=200),
        said(State.UNKNOWN, State.MASK),
    ]
    result = figures(items, SCORING)
    assert result["faces"] == 3
    populations = result["populations"]
    assert {name: some["faces"] for name, some in populations.items()} == {
        "without unsure": 2,
        "unsure alone": 1,
        "tiny alone": 1,
        "any size": 4,
    }
    assert populations["without unsure"]["headline"]["side_accuracy"]["value"] == 1.0
    assert populations["unsure alone"]["headline"]["side_accuracy"]["value"] == 0.0
    assert figures(items[3:], SCORING)["populations"] == {}  # all the same faces


def test_faults_are_scored_among_all_readings() -> None:
    items = [
        said(State.INCORRECT, State.INCORRECT, Fault.NOSE_OUT, read_fault=Fault.NOSE_OUT),
        said(State.INCORRECT, State.MASK, Fault.NOSE_OUT),
        said(State.INCORRECT, State.INCORRECT, Fault.UNDER_CHIN, read_fault=Fault.UNDER_CHIN),
        said(State.NO_MASK, State.INCORRECT, read_fault=Fault.UNDER_CHIN),
        # Its fault is not known, so no fault read of it is right or wrong.
        said(State.INCORRECT, State.INCORRECT, read_fault=Fault.NOSE_OUT),
    ]
    result = figures(items, SCORING)
    found = {name: scores["f1"]["value"] for name, scores in result["labels"]["scores"].items()}
    assert found["nose_out"] == pytest.approx(2 / 3)  # precision 1, recall 1/2
    assert found["under_chin"] == pytest.approx(2 / 3)  # precision 1/2, recall 1
    assert result["headline"]["nose_chin_macro_f1"]["value"] == pytest.approx(2 / 3)
    # But its state counts.
    assert result["headline"]["side_accuracy"]["value"] == pytest.approx(4 / 5)


def test_faults_are_scored_with_and_without_the_faces_of_which_nothing_was_said() -> None:
    nose = [said(State.INCORRECT, State.INCORRECT, Fault.NOSE_OUT, group="a")]
    nose.append(said(State.INCORRECT, State.UNKNOWN, Fault.NOSE_OUT, group="b"))
    head = figures(nose, SCORING)["headline"]
    assert head["nose_chin_macro_f1"]["value"] == pytest.approx(2 / 3)
    assert head["nose_chin_macro_f1_decided"]["value"] == 1.0


def test_where_no_label_names_a_fault_noses_and_chins_have_no_score() -> None:
    items = [
        said(State.INCORRECT, State.INCORRECT, read_fault=Fault.NOSE_OUT, group="a"),
        said(State.MASK, State.INCORRECT, read_fault=Fault.NOSE_OUT, group="b"),
    ]
    result = figures(items, SCORING)
    assert not {"nose_chin_macro_f1", "nose_chin_macro_f1_decided"} & result["headline"].keys()
    assert result["slices"]["label/incorrect"]["state_accuracy"]["value"] == 1.0


def test_faces_that_nobody_could_tell_are_counted_whatever_their_size() -> None:
    items = [*several(), said(State.UNKNOWN, State.MASK, size=10)]
    assert figures(items, SCORING)["unreadable"] == {"faces": 2, "called_unknown": 1}


def test_a_model_without_faults_or_probabilities_has_neither_table_nor_curves() -> None:
    items = [
        Judged(case(label(0, 40, State.MASK)), Answer(State.MASK)),
        Judged(case(label(0, 40, State.INCORRECT, Fault.NOSE_OUT)), Answer(State.INCORRECT)),
        Judged(case(label(0, 40, State.NO_MASK)), NOTHING_SAID),
    ]
    result = figures(items, SCORING)
    assert result["labels"] is None
    assert result["curves"] is None
    assert "nose_chin_macro_f1" not in result["headline"]
    assert result["headline"]["side_accuracy"]["value"] == pytest.approx(2 / 3)


def test_areas_are_those_of_scikit_learn_and_reliability_adds_up_to_the_error() -> None:
    rng = np.random.default_rng(0)
    items = [
        said(
            State.MASK if rng.random() < 0.6 else State.NO_MASK,
            State.MASK if rng.random() < 0.7 else State.NO_MASK,
            confidence=float(rng.uniform(0.4, 1)),
            group=f"g{i}",
        )
        for i in range(80)
    ]
    o = outcomes(items)
    result = curves(o, repeats=20)
    assert result is not None
    expected = roc_auc_score(o.state != 0, 1 - o.probabilities[:, 0])
    assert result["roc"]["violation"]["auc"]["value"] == pytest.approx(expected)
    assert "incorrect" not in result["roc"]  # nobody is
    assert (result["roc"]["mask"]["x"][0], result["roc"]["mask"]["y"][-1]) == (0.0, 1.0)
    top = o.probabilities.max(axis=1)
    right = o.probabilities.argmax(axis=1) == o.state
    bins = reliability(top, right)
    gaps = sum(one["faces"] * abs(one["accuracy"] - one["confidence"]) for one in bins)
    assert gaps / 80 == pytest.approx(expected_calibration_error(top, right))
    as_run = result["risk_coverage"]["as_run"]
    assert as_run["coverage"] == 1.0
    assert result["risk_coverage"]["y"][-1] == pytest.approx(
        ((o.probabilities[:, 0] >= 0.5) != (o.state == 0)).mean()
    )


def test_intervals_of_areas_are_those_of_scikit_learn_over_the_same_draws() -> None:
    rng = np.random.default_rng(1)
    items = [
        said(
            State.NO_MASK if i % 9 == 0 else State.MASK,
            State.MASK if rng.random() < 0.8 else State.NO_MASK,
            confidence=float(rng.integers(5, 10) / 10),  # so that many are alike
            group=f"g{i // 3}",
        )
        for i in range(30)
    ]
    o = outcomes(items)
    result = curves(o, repeats=100)
    assert result is not None
    truth, score = o.state != 0, 1 - o.probabilities[:, 0]
    for name, area in (
        ("roc", roc_auc_score),
        ("precision_recall", average_precision_score),
    ):

        def of(drawn: np.ndarray, area: Callable[..., float] = area) -> float:
            kinds = set(truth[drawn])
            return area(truth[drawn], score[drawn]) if len(kinds) == 2 else float("nan")

        everything = of(np.arange(len(truth)))
        interval = bootstrap_interval(of, o.groups, INTERVAL_SEED, repeats=100)
        expected = [everything, *interval.values()]
        assert [*result[name]["violation"]["auc"].values()] == pytest.approx(expected)


def test_a_long_curve_is_thinned_but_keeps_its_ends() -> None:
    kept = thinned(np.linspace(0, 1, 5000))
    assert len(kept) <= MAX_POINTS
    assert (kept[0], kept[-1]) == (0.0, 1.0)


def test_slices_hold_the_faces_that_they_name() -> None:
    items = [
        said(State.NO_MASK, State.MASK, kind="hand"),
        said(State.NO_MASK, State.NO_MASK, kind="beard"),
        said(State.NO_MASK, State.NO_MASK, kind="object"),
        said(
            State.MASK, State.MASK, appearance=Appearance(100, 400, lower_brightness=DARK_MASK - 1)
        ),
        said(State.NO_MASK, State.NO_MASK, appearance=Appearance(100, 400, turn=1.2)),
        said(State.MASK, State.NO_MASK, appearance=Appearance(100, 400, turn=1.2)),
        said(State.MASK, State.MASK, appearance=Appearance(100, 400, turn=0.1), size=20),
    ]
    found = slice_scores(items, min_face_px=32)
    assert found["hard/hand, beard or scarf"]["faces"] == 2
    assert found["hard/hand, beard or scarf"]["called_mask"]["value"] == 0.5
    assert found["hard/object"]["called_mask"]["value"] == 0.0
    assert found["hard/dark mask"]["faces"] == 1
    assert found["hard/bare profile"]["faces"] == 1
    assert found["hard/masked profile"]["faces"] == 1
    assert found["hard/masked profile"]["side_accuracy"]["value"] == 0.0
    assert found["pose/profile"]["faces"] == 2
    assert found["size/16-24"]["faces"] == 1
    assert found["all/all"]["faces"] == 6
    assert found["source/made"]["faces"] == 6
    assert "hard/scarf" not in found  # there is none
    assert "pose/frontal" not in found  # the only one is too small
    low, high = (found["hard/hand"]["called_mask"][end] for end in ("low", "high"))
    assert low < 0.3 < high == 1.0  # one face tells little
