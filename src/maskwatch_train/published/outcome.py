"""What a run came to: the report of every classifier, and the few figures of the results table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwatch.metrics.intervals import wilson_interval
from maskwatch.types import State
from maskwatch_train.data.labelled import LabelledFace, LabelledPicture
from maskwatch_train.data.manifest import Manifest, ManifestRow
from maskwatch_train.data.sets import LabelledSet
from maskwatch_train.data.vocabulary import parse_label
from maskwatch_train.evaluate.answers import Answer, answer_from_classes
from maskwatch_train.evaluate.cases import Case, appearance_of
from maskwatch_train.evaluate.judging.subjects import Subject
from maskwatch_train.evaluate.metrics.classification import (
    accuracy,
    bootstrap_interval,
    class_scores,
    confusion_matrix,
    macro_f1,
)
from maskwatch_train.evaluate.outcomes import Judged
from maskwatch_train.evaluate.pages.report_of import ReportFiles, report_of, write_report_files
from maskwatch_train.evaluate.scoring.figures import Scoring
from maskwatch_train.evaluate.scoring.resample import INTERVAL_SEED
from maskwatch_train.evaluate.training_log import read_training_log
from maskwatch_train.pictures import read_picture, whole_of


def scores(
    probabilities: NDArray[np.float64],
    labels: NDArray[np.int64],
    groups: Sequence[str],
    classes: Sequence[str],
) -> dict[str, Any]:
    """The figures of one classifier on the test side, ready for JSON.

    Args:
        probabilities: ``(M, C)``.
        labels: ``(M,)``
        groups: of near-duplicates, of each.
        classes: names of the C classes.

    Returns:
        ``accuracy`` with Wilson's interval (``low``, ``high``) and that of a bootstrap over groups
        (``group_low``, ``group_high``), ``confusion`` with the truth in rows, ``classes`` with
        precision, recall, F1 and support, and ``macro_f1``.
    """
    read = probabilities.argmax(axis=1)
    confusion = confusion_matrix(labels, read, len(classes))
    right = read == labels
    wilson = wilson_interval(int(right.sum()), len(right)) or (float("nan"), float("nan"))
    drawn = bootstrap_interval(
        lambda rows: float(right[rows].mean()), np.array(groups), INTERVAL_SEED
    )
    by_class = class_scores(confusion)
    return {
        "tested": len(labels),
        "accuracy": {
            "value": accuracy(confusion),
            "low": wilson[0],
            "high": wilson[1],
            "group_low": drawn["low"],
            "group_high": drawn["high"],
        },
        "macro_f1": float(macro_f1(confusion, range(len(classes)))),
        "confusion": confusion.tolist(),
        "classes": {
            name: {
                "precision": float(by_class.precision[index]),
                "recall": float(by_class.recall[index]),
                "f1": float(by_class.f1[index]),
                "support": int(by_class.support[index]),
            }
            for index, name in enumerate(classes)
        },
    }


def write_reports(
    folder: Path,
    title: str,
    manifest: Manifest,
    tested: Sequence[ManifestRow],
    said: Mapping[str, NDArray[np.float64]],
    classes: Sequence[str],
) -> dict[str, float | None]:
    """The report of each classifier as one page, with curves and the worst mistakes.

    Args:
        folder: of the run; the pages go to ``reports`` in it.
        title: of the run.
        manifest: says where the pictures lie.
        tested: rows of the test side.
        said: probabilities ``(M, C)`` by classifier.
        classes: names of the C classes.

    Returns:
        Area under the ROC curve of violations, by classifier; None where there are none.

    Raises:
        DataError: a picture cannot be read.
        OutputError: a file cannot be written.
    """
    cases = [_case(manifest, row, index) for index, row in enumerate(tested)]
    sets = [LabelledSet(name, "test", (), _pictures(cases, name)) for name in _sets(tested)]
    areas: dict[str, float | None] = {}
    for name, probabilities in said.items():
        judged = tuple(
            Judged(case, _answer(row, classes))
            for case, row in zip(cases, probabilities, strict=True)
        )
        subject = Subject(f"{title}, {name}", {"labels": list(classes)})
        training = read_training_log(folder) if (folder / "log.csv").exists() else None
        report = report_of(subject, sets, judged, Scoring(0.0), training=training)
        write_report_files(report, judged, ReportFiles(folder / "reports", name))
        curve = report["classification"]["curves"]["roc"].get("violation")
        areas[name] = curve["auc"]["value"] if curve else None
    return areas


def _answer(probabilities: NDArray[np.float64], classes: Sequence[str]) -> Answer:
    """The likeliest class, as the papers and `scores` take it: no side is decided on first."""
    said = parse_label(classes[int(np.argmax(probabilities))])
    given = dict(zip(classes, probabilities.tolist(), strict=True))
    return Answer(said.state, said.fault, answer_from_classes(given).probabilities)


def _case(manifest: Manifest, row: ManifestRow, index: int) -> Case:
    path = manifest.path_of(row)
    pixels = read_picture(path)
    box = row.box or whole_of(pixels)
    face = LabelledFace(box, row.label or State.UNKNOWN, row.fault)
    appearance = appearance_of(pixels, box)
    return Case(row.source_set, path, index, row.global_group, face, box, appearance)


def _pictures(cases: Sequence[Case], name: str) -> tuple[LabelledPicture, ...]:
    return tuple(
        LabelledPicture(case.picture, case.face.state, "test", case.group)
        for case in cases
        if case.source == name
    )


def _sets(rows: Sequence[ManifestRow]) -> list[str]:
    return sorted({row.source_set for row in rows})
