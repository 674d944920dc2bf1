"""``maskwatch-train evaluate``, ``compare`` and ``evaluate-detector``: models become reports."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from maskwatch.errors import UsageError
from maskwatch.faces.base import FaceDetector
from maskwatch.faces.mtcnn import MtcnnDetector, MtcnnSettings
from maskwatch.faces.ssd_res10 import SsdRes10Detector
from maskwatch.faces.yunet import YuNetDetector
from maskwatch.masks.onnx import OnnxMaskClassifier
from maskwatch.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR
from maskwatch_train.cli.data.progress import advancing, counting
from maskwatch_train.cli.export_run import DETECTOR_NAME
from maskwatch_train.cli.say import say
from maskwatch_train.cli.train import DataFolder, WeightsFolder
from maskwatch_train.data import bala, street
from maskwatch_train.data.sets import LabelledSet, read_every, read_set
from maskwatch_train.evaluate.cases import (
    SCORED_FROM_PX,
    Case,
    cases_of,
    cases_of_images,
    cases_of_pictures,
)
from maskwatch_train.evaluate.classifier import classifier_markdown, evaluate_classifier
from maskwatch_train.evaluate.coco import evaluate_detection, locate, located_by
from maskwatch_train.evaluate.compare import compare
from maskwatch_train.evaluate.detector import (
    detector_markdown,
    evaluate_detector,
    run_detector,
)
from maskwatch_train.evaluate.end_to_end import (
    end_to_end_markdown,
    evaluate_end_to_end,
    see_images,
)
from maskwatch_train.evaluate.figures import Scoring
from maskwatch_train.evaluate.names import shortest_ends
from maskwatch_train.evaluate.outcomes import Judged, judge
from maskwatch_train.evaluate.report import write_report
from maskwatch_train.evaluate.report_of import (
    ReportFiles,
    report_of,
    write_comparison,
    write_report_files,
)
from maskwatch_train.evaluate.stock_yunet import StockYuNet
from maskwatch_train.evaluate.subjects import THREADS, Subject, open_subject
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
Split = Annotated[
    str, typer.Option(help="val to choose between models; test only to report; train; all.")
]
Report = Annotated[Path, typer.Option("--report", help="Folder for the files of the report.")]
BothSets = Annotated[
    Path | None,
    typer.Option("--data", help="Without MODEL and DATA: folder with the sets street and bala."),
]
DetectorFolder = Annotated[
    Path,
    typer.Option(
        "--detector", show_default="in the package", help="Model folder of the face detector."
    ),
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
MinFace = Annotated[
    float, typer.Option("--min-face-px", help="Smaller faces count in the slices of size only.")
]
Threads = Annotated[int, typer.Option(min=1, help="Threads of one inference.")]

LOWEST_SCORE = 0.05
"""Detectors report everything from this score on; the tables apply their own thresholds."""
INTERVAL_SEED = 1
MOST_BYTES = 200
"""Of the name of a report, to which endings come: file systems take 255."""


def detectors(
    data: DataFolder,
    weights: WeightsFolder,
    report: Report,
    split: Split = "val",
    detector: DetectorFolder = DEFAULT_DETECTOR,
) -> None:
    """Compare a face detector with the unmodified weights, SSD-ResNet10 and MTCNN."""
    images = read_set(data / street.NAME, split).images
    ours = YuNetDetector.from_folder(detector)
    ours.settings = replace(ours.settings, score_threshold=LOWEST_SCORE)
    stock = weights / "yunet_n_640_640.onnx"
    # The first is what the others' unmatched detections are compared with.
    candidates: dict[str, FaceDetector] = {
        "YuNet, unmodified weights": StockYuNet(stock, ours.settings.long_side, LOWEST_SCORE),
        DETECTOR_NAME: ours,
        "SSD-ResNet10": SsdRes10Detector(weights / "ssd_res10", LOWEST_SCORE),
        "MTCNN": MtcnnDetector(settings=MtcnnSettings(score_threshold=0.3)),
    }
    results = []
    for name, candidate in candidates.items():
        say(f"{name} on {len(images)} pictures")
        watched = advancing(images, "Finding faces", len(images))
        results.append(evaluate_detector(images, run_detector(name, candidate, watched)))
    text = detector_markdown(results, f"Face detectors on street, {split}")
    write_report(report, f"detectors-{split}", {"split": split, "detectors": results}, text)
    say(text)


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
    chosen = _sets(sets, split)
    # Only finding faces needs every detection; the rest takes those that the product would.
    faces = YuNetDetector.from_folder(detector, threads=threads)
    training = read_training_log(run) if run else None
    say(f"{subject.name} on {', '.join(one.name for one in chosen)}, {split}")
    cases = _cases(chosen, faces)
    judged = _judged(subject, cases)
    _say_matches(subject, chosen, cases)
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


Models = Annotated[
    list[Path],
    typer.Argument(
        metavar="MODEL...",
        help="Model folders, ONNX files or predictions as JSON; the first is the reference.",
    ),
]
On = Annotated[
    list[Path], typer.Option("--on", help="DATA as of evaluate; may be given several times.")
]
CompareName = Annotated[str, typer.Option(help="Name of the files.")]


def compare_models(
    models: Models,
    on: On,
    report: Report,
    split: Split = "val",
    detector: DetectorFolder = DEFAULT_DETECTOR,
    name: CompareName = "compare",
    min_face_px: MinFace = SCORED_FROM_PX,
    threads: Threads = THREADS,
) -> None:
    """Compare models on the same faces, and test whether they differ by more than chance."""
    subjects = [open_subject(place, threads) for place in models]
    if len(subjects) < 2:
        raise UsageError("give two models or more")
    names = distinct([subject.name for subject in subjects], models)
    sets = _sets(on, split)
    faces = YuNetDetector.from_folder(detector, threads=threads)
    cases = _cases(sets, faces)
    judged = {}
    for label, subject in zip(names, subjects, strict=True):
        say(f"{label} on {len(cases)} faces")
        judged[label] = _judged(subject, cases)
        _say_matches(subject, sets, cases)
    result = compare(judged, Scoring(min_face_px=min_face_px, seed=INTERVAL_SEED))
    for path in write_comparison(
        result, sets, dict(zip(names, subjects, strict=True)), report, name
    ):
        say(f"wrote {path}")


def _cases(sets: Sequence[LabelledSet], detector: FaceDetector) -> list[Case]:
    with counting(detector, "Looking at pictures", sum(len(one.paths) for one in sets)) as looking:
        return [case for one in sets for case in cases_of(one, looking)]


def _judged(subject: Subject, cases: Sequence[Case]) -> tuple[Judged, ...]:
    if subject.classifier is None:
        return subject.judged(cases)
    pictures = len({case.picture for case in cases})
    with counting(subject.classifier, "Judging faces", pictures) as asking:
        return replace(subject, classifier=asking).judged(cases)


def _say_matches(subject: Subject, sets: Sequence[LabelledSet], cases: Sequence[Case]) -> None:
    """Says how well a file of predictions fits the sets; of a model there is nothing to say."""
    if subject.predictions:
        boxed = [image.path for one in sets for image in one.images]
        whole = [picture.path for one in sets for picture in one.pictures]
        say(subject.predictions.matches(boxed + whole, cases))


def _sets(places: Sequence[Path], split: str) -> list[LabelledSet]:
    """Sets as `read_every` reads them, each under a name of its own."""
    found = read_every(places, split)
    names = distinct([one.name for one in found], places)
    return [replace(one, name=name) for one, name in zip(found, names, strict=True)]


def distinct(names: Sequence[str], places: Sequence[Path]) -> list[str]:
    """The names, each once: where models or sets have the same, with the end of their path.

    One that is given twice gets a number, too.
    """
    ends = shortest_ends(places)
    told = [
        name if names.count(name) == 1 else f"{name} ({ends[place]})"
        for name, place in zip(names, places, strict=True)
    ]
    return [
        text if told.count(text) == 1 else f"{text} {told[: i + 1].count(text)}"
        for i, text in enumerate(told)
    ]


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
