"""``maskwatch-train evaluate``: a model becomes a report."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from maskwatch.faces.yunet import YuNetDetector
from maskwatch.models import DEFAULT_DETECTOR
from maskwatch_train.cli.data.progress import advancing
from maskwatch_train.cli.judging import cases_with_bar, judged_with_bar, named_sets, say_matches
from maskwatch_train.cli.options import DetectorFolder, MinFace, Report, Split, Threads
from maskwatch_train.cli.say import say
from maskwatch_train.evaluate.cases import SCORED_FROM_PX
from maskwatch_train.evaluate.judging.subjects import THREADS, open_subject
from maskwatch_train.evaluate.pages.report_of import ReportFiles, report_of, write_report_files
from maskwatch_train.evaluate.scoring.coco import evaluate_detection, locate, located_by
from maskwatch_train.evaluate.scoring.detector import LOWEST_SCORE
from maskwatch_train.evaluate.scoring.figures import Scoring
from maskwatch_train.evaluate.training_log import read_training_log

Model = Annotated[
    Path,
    typer.Argument(metavar="MODEL", help="Model folder, its ONNX file, or predictions as JSON."),
]
Sets = Annotated[
    list[Path],
    typer.Argument(
        metavar="DATA",
        help="Manifests, or folders with labels.json (as street) or labels.csv (as bala).",
    ),
]
Run = Annotated[
    Path | None,
    typer.Option("--run", help="Folder of the training run, whose log becomes curves."),
]
Name = Annotated[
    str | None, typer.Option(help="Name of the files; by default made from model, data and split.")
]
Gallery = Annotated[
    int, typer.Option(min=0, help="Worst mistakes to show; 0 keeps all faces out of the report.")
]

MOST_BYTES = 200
"""Of the name of a report, to which endings come: file systems take 255."""


def evaluate(
    model: Model,
    sets: Sets,
    report: Report,
    split: Split = "val",
    detector: DetectorFolder = DEFAULT_DETECTOR,
    run: Run = None,
    name: Name = None,
    gallery: Gallery = 24,
    min_face_px: MinFace = SCORED_FROM_PX,
    threads: Threads = THREADS,
) -> None:
    """Report on a model: an HTML page, its numbers and the model's predictions as JSON."""
    subject = open_subject(model, threads)
    chosen = named_sets(sets, split)
    # Only finding faces needs every detection; the rest takes those that the product would.
    faces = YuNetDetector.from_folder(detector, threads=threads)
    training = read_training_log(run) if run else None
    say(f"{subject.name} on {', '.join(one.name for one in chosen)}, {split}")
    cases = cases_with_bar(chosen, faces)
    judged = judged_with_bar(subject, cases)
    say_matches(subject, chosen, cases)
    images = [image for one in chosen for image in one.images]
    found = lowest_score = threshold = None
    if images and subject.classifier:
        lowest_score, threshold = LOWEST_SCORE, faces.settings.score_threshold
        watched = advancing(images, "Finding faces", len(images))
        found = locate(watched, faces.with_threshold(LOWEST_SCORE), subject.classifier)
    elif images and subject.predictions:
        if subject.predictions.are_detections:
            found = located_by(subject.predictions, images)
        else:
            say(f"{subject.name}: not every entry has a box and a score, finding is not scored")
    numbers = report_of(
        subject,
        chosen,
        judged,
        Scoring(min_face_px=min_face_px),
        detection=(
            evaluate_detection(images, found, min_face_px, lowest_score, threshold)
            if found
            else None
        ),
        training=training,
        threads=threads,
    )
    stem = name or _file_name([subject.name, *(one.name for one in chosen), split])
    files = ReportFiles(report, stem, gallery)
    for path in write_report_files(numbers, judged, files):
        say(f"wrote {path}")


def _file_name(words: Sequence[str]) -> str:
    """Words as the name of a file without its ending; of many, no longer than a name may be."""
    name = re.sub(r"[^\w.]+", "-", "-".join(words))
    if len(name.encode()) <= MOST_BYTES:
        return name
    # Letters of other scripts take up to four bytes.
    return f"{name[: MOST_BYTES // 5]}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"
