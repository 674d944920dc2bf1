from __future__ import annotations

from typing import Any

import pytest

from maskwatch_train.evaluate.pages.headline import headline
from maskwatch_train.evaluate.scoring.figures import Scoring, figures
from maskwatch_train.evaluate.scoring.report import without_nan
from tests.maskwatch_train.evaluate.scoring.test_figures import several


def test_a_detector_report_gives_its_own_figures() -> None:
    at_half = {
        "recall": 0.93256,
        "unmatched_per_image": 0.4212,
        "recall_by_band": {"32-64": {"recall": 0.9216, "faces": 257}},
    }
    figures = {"0.5": {"average_precision": 0.8926, "score": {"0.5": at_half}}}
    other = {"name": "other", "iou": {}}
    report = {"detectors": [other, {"name": "ours", "iou": figures}]}
    assert headline(report, "ours") == {
        "average precision": 0.893,
        "recall at score 0.5": 0.933,
        "unmatched per picture at 0.5": 0.421,
        "recall 32-64 px": 0.922,
    }


def test_shares_are_kept_by_name() -> None:
    assert headline({"shares": {"found (9)": {"value": 0.77777}}}, "") == {"found (9)": 0.778}


def test_the_report_of_a_classifier_gives_its_scores_and_those_of_its_slices() -> None:
    told = without_nan({"classification": figures(several(), Scoring(repeats=10))})
    found = headline(told, "")
    assert found["faces"] == 23
    assert found["side_accuracy_decided"] == round(20 / 22, 3)
    assert found["nose_chin_macro_f1_decided"] is not None
    assert found["side accuracy by slice"]["label/no_mask (10 faces)"] == 0.9
    assert not [name for name in found["side accuracy by slice"] if "(23 faces)" in name]


@pytest.mark.parametrize(
    ("report", "told"),
    [
        ({}, "not a report of"),
        ([], "not a report of"),
        (None, "not a report as"),
        ({"detectors": [{"name": "other"}]}, "the detector 'ours' is not in it"),
        ({"detectors": [{"name": "ours"}]}, "not a report as .*iou"),
        ({"shares": []}, "not a report as"),
    ],
)
def test_another_report_is_refused(report: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        headline(report, "ours")
