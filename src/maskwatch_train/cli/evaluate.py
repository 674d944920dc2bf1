"""``maskwatch-train evaluate``: a model becomes a report."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from maskwatch.errors import UsageError
from maskwatch.faces.yunet import YuNetDetector
from maskwatch.masks.onnx import OnnxMaskClassifier
from maskwatch.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR
from maskwatch_train.cli.data.progress import advancing
from maskwatch_train.cli.judging import cases_with_bar, judged_with_bar, named_sets, say_matches
from maskwatch_train.cli.options import DetectorFolder, MinFace, Report, Split, Threads
from maskwatch_train.cli.say import say
from maskwatch_train.data import bala, street
from maskwatch_train.data.sets import read_set
from maskwatch_train.evaluate.cases import SCORED_FROM_PX, cases_of_images, cases_of_pictures
from maskwatch_train.evaluate.judging.subjects import THREADS, open_subject
from maskwatch_train.evaluate.outcomes import judge
from maskwatch_train.evaluate.pages.report_of import ReportFiles, report_of, write_report_files
from maskwatch_train.evaluate.scoring.classifier import classifier_markdown, evaluate_classifier
from maskwatch_train.evaluate.scoring.coco import evaluate_detection, locate, located_by
from maskwatch_train.evaluate.scoring.detector import LOWEST_SCORE
from maskwatch_train.evaluate.scoring.end_to_end import (
    end_to_end_markdown,
    evaluate_end_to_end,
    see_images,
)
from maskwatch_train.evaluate.scoring.figures import INTERVAL_SEED, Scoring
from maskwatch_train.evaluate.scoring.report import write_report
from maskwatch_train.evaluate.training_log import read_training_log

Model = Annotated[
    Path | None,
    typer.Argument(help="Model folder, its ONNX file, or predictions as JSON."),
]
Sets = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[DATA]...",
        help="Manifests, or folders with labels.json (as street) or labels.csv (as bala).",
    ),
]
BothSets = Annotated[
    Path | None,
    typer.Option("--data", help="Without MODEL and DATA: folder with the sets street and bala."),
]
ClassifierFolder = Annotated[
    Path,
    typer.Option(
        "--classifier",
        show_default="in the package",
        help="With --data: model folder of the classifier.",
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
    report: Report,
    model: Model = None,
    sets: Sets = None,
    split: Split = "val",
    detector: DetectorFolder = DEFAULT_DETECTOR,
    run: Run = None,
    name: Name = None,
    gallery: Gallery = 24,
    min_face_px: MinFace = SCORED_FROM_PX,
    threads: Threads = THREADS,
    data: BothSets = None,
    classifier: ClassifierFolder = DEFAULT_CLASSIFIER,
) -> None:
    """Report on a model: an HTML page, its numbers and the model's predictions as JSON.

    Without MODEL and DATA, score the classifier of the package on street and bala, alone and with
    the detector, as Markdown and JSON.
    """
    if model is None and data is not None:
        _both_stages(data, report, split, detector, classifier)
        return
    if model is None or not sets or data is not None:
        raise UsageError("give MODEL and DATA..., or --data with the sets street and bala")
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
    found = None
    if images and subject.classifier:
        faces.settings = replace(faces.settings, score_threshold=LOWEST_SCORE)
        watched = advancing(images, "Finding faces", len(images))
        found = locate(watched, faces, subject.classifier)
    elif images and subject.predictions:
        if subject.predictions.are_detections:
            found = located_by(subject.predictions, images)
        else:
            say(f"{subject.name}: not every entry has a box and a score, finding is not scored")
    numbers = report_of(
        subject,
        chosen,
        judged,
        Scoring(min_face_px=min_face_px, seed=INTERVAL_SEED),
        detection=evaluate_detection(images, found, min_face_px) if found else None,
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


def _both_stages(data: Path, report: Path, split: str, detector: Path, classifier: Path) -> None:
    images = read_set(data / street.NAME, split).images
    faces = YuNetDetector.from_folder(detector)
    masks = OnnxMaskClassifier.from_folder(classifier)
    on_street = evaluate_classifier(
        judge(masks, cases_of_images(images, street.NAME)), INTERVAL_SEED
    )
    text = classifier_markdown(on_street, f"Mask classifier on street, {split}")
    write_report(report, f"street-{split}", on_street, text)
    say(text)
    together = evaluate_end_to_end(see_images(faces, masks, images), INTERVAL_SEED)
    text = end_to_end_markdown({"maskwatch": together}, f"Both stages on street, {split}")
    write_report(report, f"end-to-end-{split}", together, text)
    say(text)
    if split == "test":
        published = bala.read_bala(data / bala.NAME, "test", "80_20")
        for name, portraits, labels in (
            ("bala-test", published, "labels as published"),
            (
                "bala-corrected-test",
                bala.corrected(data / bala.NAME, published),
                "corrected labels",
            ),
        ):
            on_bala = evaluate_classifier(
                judge(masks, cases_of_pictures(portraits, bala.NAME, faces)), INTERVAL_SEED
            )
            title = f"Mask classifier on bala, grouped test side, {labels}"
            text = classifier_markdown(on_bala, title)
            write_report(report, name, on_bala, text)
            say(text)
