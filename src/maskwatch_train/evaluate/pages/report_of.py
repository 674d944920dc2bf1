"""The whole report of one model: numbers first, then the files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwatch.outputs.files import make_folder, write_whole
from maskwatch_train.data.sets import LabelledSet
from maskwatch_train.evaluate.judging.predictions import write_predictions
from maskwatch_train.evaluate.judging.subjects import THREADS, Subject, speed
from maskwatch_train.evaluate.names import shortest_ends
from maskwatch_train.evaluate.outcomes import Judged
from maskwatch_train.evaluate.pages import mistakes
from maskwatch_train.evaluate.pages.page import compare_page, report_page
from maskwatch_train.evaluate.scoring.figures import Scoring, figures
from maskwatch_train.evaluate.scoring.report import without_nan

FORMAT = 1


@dataclass(frozen=True, slots=True, eq=False)
class ReportFiles:
    """What is written: all of it under one name.

    Attributes:
        folder: made when it is missing.
        stem: name of the files without their ending.
        gallery: how many of the worst mistakes are shown as pictures; 0 keeps all faces out of
            the report.
    """

    folder: Path
    stem: str
    gallery: int = 24


def report_of(
    subject: Subject,
    sets: Sequence[LabelledSet],
    judged: Sequence[Judged],
    scoring: Scoring,
    *,
    detection: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    threads: int = THREADS,
) -> dict[str, Any]:
    """The numbers of a report, ready for JSON.

    Args:
        subject: what was asked.
        sets: what it was asked about.
        judged: what it said.
        scoring: how faces are counted.
        detection: from `maskwatch_train.evaluate.scoring.coco.evaluate_detection`.
        training: from `read_training_log`.
        threads: that time is measured with.
    """
    return {
        "format": FORMAT,
        "model": {"name": subject.name, **subject.about},
        "data": [_described(one) for one in sets],
        "classification": figures(judged, scoring),
        "detection": detection,
        "training": training or None,
        "speed": speed(subject.classifier, threads) if subject.classifier else None,
        "mistakes": _mistakes(judged, scoring.min_face_px),
    }


def _mistakes(judged: Sequence[Judged], min_face_px: float) -> list[dict[str, Any]]:
    names = shortest_ends(item.case.picture for item in judged)
    worst = mistakes.worst(judged, min_face_px)
    return [mistakes.described(item, names[item.case.picture]) for item in worst]


def _described(one: LabelledSet) -> dict[str, Any]:
    return {
        "name": one.name,
        "split": one.split,
        "pictures": len({i.path for i in one.images} | {p.path for p in one.pictures}),
        "faces": sum(len(image.faces) for image in one.images) + len(one.pictures),
    }


def write_report_files(
    report: Mapping[str, Any], judged: Sequence[Judged], files: ReportFiles
) -> list[Path]:
    """Writes the page, its numbers and what was said of each face.

    Raises:
        DataError: a picture of the gallery cannot be read.
        OutputError: a file cannot be written.

    Returns:
        ``STEM.html``, ``STEM.json`` and ``STEM.predictions.json``.
    """
    clean = without_nan(report)
    shown = mistakes.worst(judged, clean["classification"]["min_face_px"])[: files.gallery]
    gallery = [
        told | {"image": mistakes.picture_of(item)}
        for item, told in zip(shown, clean["mistakes"], strict=False)
    ]
    page = report_page(clean, gallery, clean["training"] or {})
    make_folder(files.folder)
    paths = [files.folder / f"{files.stem}{end}" for end in (".html", ".json", ".predictions.json")]
    write_whole(paths[0], page.encode())
    write_whole(paths[1], (json.dumps(clean, indent=1, allow_nan=False) + "\n").encode())
    write_predictions(paths[2], clean["model"]["name"], judged)
    return paths


def write_comparison(
    result: Mapping[str, Any],
    sets: Sequence[LabelledSet],
    subjects: Mapping[str, Subject],
    folder: Path,
    stem: str,
) -> list[Path]:
    """Writes the page that puts models side by side, and its numbers.

    Args:
        result: of `maskwatch_train.evaluate.scoring.compare.compare`.
        sets: what the models were asked about.
        subjects: the models by the names that the result knows.
        folder: made when it is missing.
        stem: name of the files without their ending.

    Raises:
        OutputError: a file cannot be written.
    """
    models = {
        name: {**model, "facts": _facts(subjects[name])} for name, model in result["models"].items()
    }
    told = {"format": FORMAT, **result, "models": models, "data": [_described(s) for s in sets]}
    clean = without_nan(told)
    make_folder(folder)
    paths = [folder / f"{stem}.html", folder / f"{stem}.json"]
    write_whole(paths[0], compare_page(clean).encode())
    write_whole(paths[1], (json.dumps(clean, indent=1, allow_nan=False) + "\n").encode())
    return paths


def _facts(subject: Subject) -> dict[str, Any]:
    size = subject.about.get("bytes")
    time = speed(subject.classifier) if subject.classifier else {}
    return {
        "megabytes": _rounded(size and size / 1e6),
        "parameters": subject.about.get("parameters"),
        "ms_alone": _rounded(time.get("alone")),
        "ms_of_five": _rounded(time.get("of_five")),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
