"""The report as one HTML file: styles, charts and pictures are inside, nothing is loaded."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import jinja2
from markupsafe import Markup

from maskwatch import __version__
from maskwatch_train.evaluate.pages.charts import (
    Axis,
    Series,
    fitted,
    line_chart,
    reliability_chart,
)

MAX_FIGURE_DIGITS = 3
NOTHING = "-"
"""Stands where there is no number."""
HEADLINE = (
    ("side_accuracy", "mask or violation right", True),
    ("side_accuracy_decided", "the same, unknown left out", True),
    ("accuracy", "accuracy, three states", True),
    ("state_macro_f1", "macro F1, three states", True),
    ("nose_chin_macro_f1", "macro F1, nose out and under chin", True),
    ("called_mask", "violations called mask", True),
    ("unknown_rate", "unknown", True),
    ("state_ece", "calibration error (ECE)", False),
    ("risk_coverage_area", "area of risk over coverage", False),
)
"""Scores by key, as they are called on pages; whether they are shares."""


def report_page(
    report: Mapping[str, Any],
    gallery: Sequence[Mapping[str, Any]],
    training: Mapping[str, Mapping[str, Sequence[float]]],
) -> str:
    """The report of one model.

    Args:
        report: as `maskwatch_train.evaluate.pages.report_of.report_of` gives it, without NaN.
        gallery: the worst mistakes, each with ``image``, a data URI.
        training: curves by name, from `read_training_log`; may be empty.
    """
    curves = report["classification"]["curves"]
    sections = [("states", "states")]
    sections += [("faults", "faults")] if report["classification"]["labels"] else []
    sections += [("curves", "curves")] if curves else []
    sections += [("slices", "slices"), ("mistakes", "worst mistakes")]
    sections += [("detection", "detection")] if report["detection"] else []
    sections += [("training", "training")] if training else []
    return _render(
        "report.html.j2",
        title=f"{report['model']['name']}: mask report",
        report=report,
        scores=HEADLINE,
        sections=[*sections, ("model", "model")],
        charts=_charts(curves) if curves else None,
        areas={kind: _areas(curves[kind]) for kind in ("roc", "precision_recall")}
        if curves
        else None,
        slices=_families(report["classification"]["slices"]),
        gallery=gallery,
        training=_training_charts(training),
    )


FACTS = (
    ("megabytes", "size, MB"),
    ("parameters", "parameters"),
    ("ms_of_five", "time of a face of five, ms"),
    ("ms_alone", "time of a face alone, ms"),
)


def compare_page(result: Mapping[str, Any]) -> str:
    """Several models side by side.

    Args:
        result: of `evaluate.scoring.compare.compare`, without NaN, with ``data`` and the
            ``facts`` of each model.
    """
    models = result["models"]
    drawn = {name: model["curves"] for name, model in models.items() if model["curves"]}
    return _render(
        "compare.html.j2",
        title="Mask models compared",
        result=result,
        names=list(models),
        scores=HEADLINE,
        score_names={key: name for key, name, _ in HEADLINE},
        facts=FACTS,
        charts=_compared_charts(drawn) if drawn else None,
        slices=_families(
            {
                name: [model["slices"][name] for model in models.values()]
                for name in models[result["reference"]]["slices"]
            }
        ),
    )


def _compared_charts(models: Mapping[str, Mapping[str, Any]]) -> dict[str, Markup]:
    def violation(kind: str) -> list[Series]:
        some = {name: curves[kind].get("violation") for name, curves in models.items()}
        return [Series(name, curve["x"], curve["y"]) for name, curve in some.items() if curve]

    risks = {name: curves["risk_coverage"] for name, curves in models.items()}
    return {
        "roc": line_chart(
            violation("roc"),
            Axis("false positive rate"),
            Axis("true positive rate"),
            diagonal=True,
            names_one=True,
        ),
        "precision_recall": line_chart(
            violation("precision_recall"), Axis("recall"), Axis("precision"), names_one=True
        ),
        "risk": risk_chart(risks, names_one=True),
    }


def _as_run(risk: Mapping[str, Any]) -> tuple[float, float] | None:
    point = risk["as_run"]
    return None if point["risk"] is None else (point["coverage"], point["risk"])


def _areas(curves: Mapping[str, Any]) -> str:
    told = [f"{_words(name)} {curve['auc']['value']:.4f}" for name, curve in curves.items()]
    return ", ".join(told) or "nothing to tell apart"


def _families(slices: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, Any]]]]:
    def family(entry: tuple[str, Any]) -> str:
        return entry[0].partition("/")[0]

    return [
        (name, [(key.partition("/")[2], scores) for key, scores in some])
        for name, some in itertools.groupby(slices.items(), key=family)
    ]


def _charts(curves: Mapping[str, Any]) -> dict[str, Markup]:
    """The charts of one model: its states are the curves."""
    risk = curves["risk_coverage"]
    return {
        "roc": line_chart(
            [Series(_words(n), c["x"], c["y"]) for n, c in curves["roc"].items()],
            Axis("false positive rate"),
            Axis("true positive rate"),
            diagonal=True,
        ),
        "precision_recall": line_chart(
            [Series(_words(n), c["x"], c["y"]) for n, c in curves["precision_recall"].items()],
            Axis("recall"),
            Axis("precision"),
        ),
        "reliability_states": reliability_chart(curves["reliability"]["states"]["bins"]),
        "reliability_sides": reliability_chart(curves["reliability"]["sides"]["bins"]),
        "risk": risk_chart({"wrong side": risk}),
    }


def risk_chart(curves: Mapping[str, Mapping[str, Any]], *, names_one: bool = False) -> Markup:
    """Risk over coverage of one model or several; the mark is where each really runs."""
    marks = {name: _as_run(curve) for name, curve in curves.items()}
    risks = [value for curve in curves.values() for value in curve["y"][len(curve["y"]) // 20 :]]
    risks += [mark[1] for mark in marks.values() if mark]
    return line_chart(
        [
            Series(name, curve["x"], curve["y"], marks[name], "as it runs")
            for name, curve in curves.items()
        ],
        Axis("coverage"),
        Axis("risk", 0.0, max([0.01, *risks]) * 1.1),
        names_one=names_one,
    )


def _training_charts(
    training: Mapping[str, Mapping[str, Sequence[float]]],
) -> list[tuple[str, Markup]]:
    """One chart per measure: ``train_loss`` and ``val_loss`` share one, if both are there."""
    charts: dict[str, list[Series]] = {}
    for name, curve in training.items():
        side, _, measure = name.partition("_")
        shared = side in ("train", "val") and measure
        kind = (measure if shared else name).removesuffix("_epoch")
        charts.setdefault(kind, []).append(Series(_words(name), curve["x"], curve["y"]))
    return [
        (
            name,
            line_chart(
                series,
                fitted("epoch", [x for one in series for x in one.x]),
                fitted(name, [y for one in series for y in one.y]),
            ),
        )
        for kind, series in charts.items()
        # Alone, a curve keeps its whole name: a legend that told whose loss it is comes with two.
        for name in [_words(kind) if len(series) > 1 else series[0].name]
    ]


def _render(template: str, **values: Any) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("maskwatch_train.evaluate.pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=False,
    )
    environment.filters |= {
        "percent": _percent,
        "figure": _figure,
        "words": _words,
        "points": _points,
        "chance": _chance,
    }
    environment.globals["zip"] = zip
    made_at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return environment.get_template(template).render(version=__version__, made_at=made_at, **values)


def _percent(value: float | None) -> str:
    return NOTHING if value is None or math.isnan(value) else f"{100 * value:.1f} %"


def _figure(value: float | None) -> str:
    if value is None or math.isnan(value):
        return NOTHING
    return f"{value:.{MAX_FIGURE_DIGITS}f}".rstrip("0").rstrip(".") if value else "0"


def _points(value: float | None) -> str:
    return NOTHING if value is None or math.isnan(value) else f"{100 * value:+.2f}"


def _chance(value: float | None) -> str:
    if value is None or math.isnan(value):
        return NOTHING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _words(name: str) -> str:
    return str(name).replace("_", " ")
