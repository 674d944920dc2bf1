"""``maskwatch-train evaluate-detector`` and ``evaluate``: model folders become reports."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from maskwatch.faces.base import FaceDetector
from maskwatch.faces.mtcnn import MtcnnDetector, MtcnnSettings
from maskwatch.faces.ssd_res10 import SsdRes10Detector
from maskwatch.faces.yunet import YuNetDetector
from maskwatch.masks.onnx import OnnxMaskClassifier
from maskwatch.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR
from maskwatch_train.cli.export import DETECTOR_NAME
from maskwatch_train.cli.train import DataFolder, WeightsFolder, say
from maskwatch_train.data.bala import read_bala
from maskwatch_train.data.street import read_street
from maskwatch_train.evaluate.cases import cases_of_images, cases_of_pictures
from maskwatch_train.evaluate.classifier import classifier_markdown, evaluate_classifier
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
from maskwatch_train.evaluate.outcomes import judge
from maskwatch_train.evaluate.report import write_report
from maskwatch_train.evaluate.stock_yunet import StockYuNet

Split = Annotated[str, typer.Option(help="val to choose between models; test only to report.")]
Report = Annotated[Path, typer.Option("--report", help="Folder for the JSON and Markdown files.")]
DetectorFolder = Annotated[Path, typer.Option("--detector", help="Model folder.")]
ClassifierFolder = Annotated[Path, typer.Option("--classifier", help="Model folder.")]

LOWEST_SCORE = 0.05
"""Detectors report everything from this score on; the tables apply their own thresholds."""
INTERVAL_SEED = 1


def detectors(
    data: DataFolder,
    weights: WeightsFolder,
    report: Report,
    split: Split = "val",
    detector: DetectorFolder = DEFAULT_DETECTOR,
) -> None:
    """Compare a face detector with the unmodified weights, SSD-ResNet10 and MTCNN."""
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
    images = read_street(data / "street", split)
    results = []
    for name, candidate in candidates.items():
        say(f"{name} on {len(images)} pictures")
        results.append(evaluate_detector(images, run_detector(name, candidate, images)))
    text = detector_markdown(results, f"Face detectors on street, {split}")
    write_report(report, f"detectors-{split}", {"split": split, "detectors": results}, text)
    say(text)


def pipeline(
    data: DataFolder,
    report: Report,
    split: Split = "val",
    detector: DetectorFolder = DEFAULT_DETECTOR,
    classifier: ClassifierFolder = DEFAULT_CLASSIFIER,
) -> None:
    """Score a classifier on labelled boxes, and detector and classifier together."""
    faces = YuNetDetector.from_folder(detector)
    masks = OnnxMaskClassifier.from_folder(classifier)
    images = read_street(data / "street", split)
    on_street = evaluate_classifier(judge(masks, cases_of_images(images, "street")), INTERVAL_SEED)
    text = classifier_markdown(on_street, f"Mask classifier on street, {split}")
    write_report(report, f"street-{split}", on_street, text)
    say(text)
    together = evaluate_end_to_end(see_images(faces, masks, images), INTERVAL_SEED)
    text = end_to_end_markdown({"maskwatch": together}, f"Both stages on street, {split}")
    write_report(report, f"end-to-end-{split}", together, text)
    say(text)
    if split == "test":
        portraits = read_bala(data / "bala", "test", "80_20")
        on_bala = evaluate_classifier(
            judge(masks, cases_of_pictures(portraits, "bala", faces)), INTERVAL_SEED
        )
        text = classifier_markdown(on_bala, "Mask classifier on bala, grouped test side")
        write_report(report, "bala-test", on_bala, text)
        say(text)
