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
from maskwatch_train.evaluate.charts import (
    Axis,
    Series,
    fitted,
    line_chart,
    reliability_chart,
)

MAX_FIGURE_DIGITS = 3
NOTHING = "-"
"""Stands where there is no number."""


def report_page(
    report: Mapping[str, Any],
    gallery: Sequence[Mapping[str, Any]],
    training: Mapping[str, Mapping[str, Sequence[float]]],
) -> str:
    """The report of one model.

    Args:
        report: as `maskwatch_train.evaluate.report_of.report_of` gives it, without NaN.
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
        sections=[*sections, ("model", "model")],
        charts=_charts({report["model"]["name"]: curves}) if curves else None,
        areas={kind: _areas(curves[kind]) for kind in ("roc", "precision_recall")}
        if curves
        else None,
        slices=_families(report["classification"]["slices"]),
        gallery=gallery,
        training=_training_charts(training),
    )


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


def _charts(models: Mapping[str, Mapping[str, Any]]) -> dict[str, Markup]:
    """The charts of one model: its states are the curves."""
    (curves,) = models.values()
    risk = curves["risk_coverage"]
    as_run = risk["as_run"]
    mark = None if as_run["risk"] is None else (as_run["coverage"], as_run["risk"])
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
        "risk": risk_chart({"wrong side": risk}, {"wrong side": mark}),
    }


def risk_chart(
    curves: Mapping[str, Mapping[str, Any]],
    marks: Mapping[str, tuple[float, float] | None],
) -> Markup:
    """Risk over coverage of one model or several; the mark is where each really runs."""
    risks = [value for curve in curves.values() for value in curve["y"][len(curve["y"]) // 20 :]]
    risks += [mark[1] for mark in marks.values() if mark]
    return line_chart(
        [
            Series(name, curve["x"], curve["y"], marks[name], "as it runs")
            for name, curve in curves.items()
        ],
        Axis("coverage"),
        Axis("risk", 0.0, max([0.01, *risks]) * 1.1),
    )


def _training_charts(
    training: Mapping[str, Mapping[str, Sequence[float]]],
) -> list[tuple[str, Markup]]:
    """One chart per measure: ``train_loss`` and ``val_loss`` share one."""
    charts: dict[str, list[Series]] = {}
    for name, curve in training.items():
        side, _, measure = name.partition("_")
        shared = side in ("train", "val") and measure
        kind = (measure if shared else name).removesuffix("_epoch")
        charts.setdefault(kind, []).append(Series(_words(name), curve["x"], curve["y"]))
    return [
        (
            kind,
            line_chart(
                series,
                fitted("epoch", [x for one in series for x in one.x]),
                fitted(_words(kind), [y for one in series for y in one.y]),
            ),
        )
        for kind, series in charts.items()
    ]


def _render(template: str, **values: Any) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("maskwatch_train.evaluate"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=False,
    )
    environment.filters |= {"percent": _percent, "figure": _figure, "words": _words}
    environment.globals["zip"] = zip
    made_at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return environment.get_template(template).render(version=__version__, made_at=made_at, **values)


def _percent(value: float | None) -> str:
    return NOTHING if value is None or math.isnan(value) else f"{100 * value:.1f} %"


def _figure(value: float | None) -> str:
    if value is None or math.isnan(value):
        return NOTHING
    return f"{value:.{MAX_FIGURE_DIGITS}f}".rstrip("0").rstrip(".") if value else "0"


def _words(name: str) -> str:
    return str(name).replace("_", " ")
