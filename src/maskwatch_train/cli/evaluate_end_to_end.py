"""``maskwatch-train evaluate-end-to-end``: classifier and face detector, alone and together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskwatch.faces.yunet import YuNetDetector
from maskwatch.masks.onnx import OnnxMaskClassifier
from maskwatch.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR
from maskwatch_train.cli.options import DataFolder, DetectorFolder, Report, Split
from maskwatch_train.cli.say import say
from maskwatch_train.evaluate.scoring.both_stages import score_both_stages
from maskwatch_train.evaluate.scoring.report import write_report

ClassifierFolder = Annotated[
    Path,
    typer.Option(
        "--classifier", show_default="in the package", help="Model folder of the classifier."
    ),
]


def end_to_end(
    data: DataFolder,
    report: Report,
    split: Split = "val",
    detector: DetectorFolder = DEFAULT_DETECTOR,
    classifier: ClassifierFolder = DEFAULT_CLASSIFIER,
) -> None:
    """Score a classifier on street and bala, alone and with the detector."""
    masks = OnnxMaskClassifier.from_folder(classifier)
    for scored in score_both_stages(data, split, YuNetDetector.from_folder(detector), masks):
        write_report(report, scored.name, scored.numbers, scored.text)
        say(scored.text)
