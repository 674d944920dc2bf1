"""The pages: one file that loads nothing, with everything in it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from maskwatch_train.evaluate.answers import Answer
from maskwatch_train.evaluate.outcomes import Judged
from maskwatch_train.evaluate.pages.charts import Axis, Series, line_chart, reliability_chart
from maskwatch_train.evaluate.pages.mistakes import described, worst
from maskwatch_train.evaluate.pages.page import compare_page, report_page
from maskwatch_train.evaluate.scoring.compare import compare
from maskwatch_train.evaluate.scoring.figures import Scoring, figures
from maskwatch_train.evaluate.scoring.report import without_nan
from tests.maskwatch_train.evaluate.scoring.test_figures import several

SCORING = Scoring(repeats=20)


class Page(HTMLParser):
    """Collects what a browser would ask for, the tags that stay open, and the text."""

    VOID = frozenset({"meta", "img", "br", "line", "polyline", "rect", "circle"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.wanted: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.wanted += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def a_report(**changes: Any) -> dict[str, Any]:
    items = several()
    return without_nan(
        {
            "model": {"name": "<b>model</b>", "bytes": 5_000_000, "parameters": 12345},
            "data": [{"name": "made", "split": "val", "pictures": 3, "faces": 24}],
            "classification": figures(items, SCORING),
            "detection": None,
            "training": None,
            "speed": None,
            "mistakes": [described(item, "a.png") for item in worst(items, 32)],
        }
        | changes
    )


def test_the_page_loads_nothing_and_closes_what_it_opens() -> None:
    image = "data:image/jpeg;base64,AAAA"
    report = a_report()
    gallery = [report["mistakes"][0] | {"image": image}]
    page = Page(report_page(report, gallery, {"loss": {"x": [0, 1], "y": [1.0, 0.5]}}))
    assert page.open == []
    assert {url for url in page.wanted if not url.startswith("#")} == {image}
    assert not re.search(r"@import|url\(|<script", report_page(report, [], {}))


def test_the_page_says_the_numbers_and_no_name_becomes_markup() -> None:
    page = report_page(a_report(), [], {})
    text = Page(page).text
    assert "<b>model</b>" in text
    assert "<b>model</b>" not in page
    assert "87.0 %" in text  # mask or violation right: 20 of 23
    assert "12,345 parameters" in text
    assert "5.00 MB" in text


def test_a_report_of_predictions_alone_does_without_file_time_and_curves() -> None:
    items = [
        Judged(item.case, Answer(item.reading.state))
        for item in several()
        if item.face.fault is None
    ]
    numbers = without_nan(figures(items, SCORING))
    page = report_page(a_report(model={"name": "theirs"}, classification=numbers), [], {})
    assert Page(page).open == []
    assert "MB" not in page
    assert "<svg" not in page


def test_every_link_within_the_page_finds_its_section() -> None:
    page = report_page(a_report(), [], {"loss": {"x": [0], "y": [1.0]}})
    anchors = {url[1:] for url in Page(page).wanted if url.startswith("#")}
    assert {"states", "faults", "curves", "slices", "mistakes", "training", "model"} <= anchors
    assert anchors <= set(re.findall(r'id="(\w+)"', page))


def test_a_curve_of_validation_alone_says_so() -> None:
    points = {"x": [0, 1], "y": [1.0, 0.5]}
    both = {"train_loss": points, "val_loss": points, "val_accuracy": points}
    text = Page(report_page(a_report(), [], both)).text
    assert "train loss" in text  # in the legend of the chart that they share
    alone = re.findall("<figcaption>([^<]+)", report_page(a_report(), [], both))[-2:]
    assert alone == ["loss", "val accuracy"]


def test_the_worst_mistake_is_the_surest() -> None:
    mistakes = a_report()["mistakes"]
    assert len(mistakes) == 3  # two sides, one state; another fault is no other state
    chances = [m["probabilities"][_state(m["label"])] for m in mistakes]
    assert chances == sorted(chances)


def _state(label: str) -> str:
    return label if label in ("mask", "no_mask") else "incorrect"


def test_models_are_compared_on_one_page() -> None:
    result = compare({"one": several(), "two": several()}, SCORING)
    models = {name: {**m, "facts": {"megabytes": 1.5}} for name, m in result["models"].items()}
    data = [{"name": "made", "split": "val", "pictures": 3, "faces": 24}]
    page = Page(compare_page(without_nan({**result, "models": models, "data": data})))
    assert page.open == []
    assert page.wanted == []
    assert "2 models compared" in page.text
    assert "1.000" in page.text  # the chance that two equal models differ as they do


def test_a_curve_is_named_where_the_other_models_have_none() -> None:
    silent = [Judged(item.case, Answer(item.reading.state)) for item in several()]
    result = compare({"sure": several(), "silent": silent}, SCORING)
    models = {name: {**m, "facts": {}} for name, m in result["models"].items()}
    page = compare_page(without_nan({**result, "models": models, "data": []}))
    assert re.findall(r"<li><span[^>]*></span>([^<]+)</li>", page) == ["sure"] * 3


def test_points_are_where_their_values_belong() -> None:
    chart = str(line_chart([Series("one", [0, 1], [0, 1])], Axis("x"), Axis("y")))
    (points,) = re.findall(r'class="line c0" points="([^"]+)"', chart)
    (x0, y0), (x1, y1) = (map(float, point.split(",")) for point in points.split())
    assert x0 < x1
    assert y0 > y1  # up is less in SVG
    assert ">0.2<" in chart
    assert ">1.0<" in chart


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_a_value_that_is_none_is_left_out(value: Any) -> None:
    chart = str(line_chart([Series("one", [0, 0.5, 1], [0, value, 1])], Axis("x"), Axis("y")))
    (points,) = re.findall(r'class="line c0" points="([^"]+)"', chart)
    assert len(points.split()) == 2


def test_a_bar_is_as_high_as_its_accuracy() -> None:
    bins = [
        {"low": 0.4, "high": 0.5, "faces": 4, "confidence": 0.45, "accuracy": 0.25},
        {"low": 0.9, "high": 1.0, "faces": 100, "confidence": 0.95, "accuracy": 1.0},
    ]
    heights = [float(h) for h in re.findall(r'height="([\d.]+)"', str(reliability_chart(bins)))]
    assert heights[0] == pytest.approx(heights[1] / 4, abs=0.1)


DETECTION = {
    "library": "faster-coco-eval 9.9",
    "pictures": 3,
    "faces": 24,
    "min_face_px": 32,
    "max_detections": 100,
    "average_precision": {"no_mask": {"faces": 10, "ap": 0.51, "ap50": 0.82, "ap75": 0.43}},
    "lowest_score": 0.05,
    "threshold": 0.5,
    "recall_by_size": {"32-64": {"faces": 24, "recall": 0.937, "recall_at_threshold": 0.871}},
}
SPEED = {"alone": 3.25, "alone_p90": 4.5, "of_five": 1.75, "threads": 2, "processors": 4}


def test_a_report_shows_everything_that_it_is_to_show() -> None:
    report = a_report(detection=DETECTION, speed=SPEED)
    source = report_page(report, [], {"loss": {"x": [0, 1], "y": [1.0, 0.5]}})
    drawn = re.findall(r"<figure><svg.+?</svg>.*?<figcaption>([\w ]+)", source, re.DOTALL)
    assert drawn == [
        "ROC",
        "Precision and recall",
        "Reliability of the likeliest state",
        "Reliability of mask or violation",
        "Abstaining",
        "loss",
    ]
    text = Page(source).text
    numbers = report["classification"]
    areas = [curve["auc"]["value"] for curve in numbers["curves"]["roc"].values()]
    assert areas
    assert all(f"{area:.4f}" in text for area in areas)
    for kind in ("states", "sides"):
        assert f"ECE {numbers['curves']['reliability'][kind]['ece']:.3f}" in text
    for family, _, name in (key.partition("/") for key in numbers["slices"]):
        assert family in text
        assert name.replace("_", " ") in text
    for score in numbers["states"]["scores"].values():
        for measure in ("precision", "recall", "f1"):
            low, high = (score[measure][end] for end in ("low", "high"))
            assert low is None or f"{100 * low:.1f} %\u2013{100 * high:.1f} %" in text
    for told in (
        "1.75 ms",
        "alone 3.25 ms",
        "5.00 MB",
        "82.0 %",
        "51.0 %",
        "93.7 %",
        "87.1 %",
        "score from 0.5",
    ):
        assert told in text


def test_a_comparison_shows_everything_that_it_is_to_show() -> None:
    result = compare({"one": several(), "two": several()}, SCORING)
    facts = {"megabytes": 1.5, "parameters": 77, "ms_of_five": 2.25, "ms_alone": 3.5}
    models = {name: {**m, "facts": facts} for name, m in result["models"].items()}
    source = compare_page(without_nan({**result, "models": models, "data": []}))
    drawn = re.findall(r"<figure><svg.+?</svg>.*?<figcaption>([\w ]+)", source, re.DOTALL)
    assert drawn == [
        "ROC of violation against mask",
        "Precision and recall of violation",
        "Share of wrong sides among the answered faces",
    ]
    text = Page(source).text
    for told in ("McNemar", "bootstrap", "1.5", "77", "2.25", "3.5"):
        assert told in text
    for name in next(iter(result["models"].values()))["slices"]:
        assert name.partition("/")[2].replace("_", " ") in text
