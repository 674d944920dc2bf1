"""``maskwatch-train export``: a model folder in another format, if it still says the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from maskwatch.faces.yunet import YuNetDetector
from maskwatch.models import DEFAULT_DETECTOR
from maskwatch_train.cli.options import DetectorFolder
from maskwatch_train.cli.say import say
from maskwatch_train.data.sets import read_set
from maskwatch_train.evaluate.cases import cases_of
from maskwatch_train.exporting.formats import FORMATS, NEED_INPUTS
from maskwatch_train.release.convert import export
from maskwatch_train.release.parity import ParityLimits

LIMITS = ParityLimits()
CALIBRATION_PICTURES = 300
"""Of each set's training side; more than enough for the faces that are wanted."""

Source = Annotated[Path, typer.Argument(metavar="MODEL", help="Model folder with an ONNX file.")]
Target = Annotated[Path, typer.Option("--to", help="Model folder to write; must not exist.")]
Format = Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.")]
On = Annotated[
    list[Path],
    typer.Option(
        "--on",
        help="DATA as of evaluate; may be given several times. Eight bits are calibrated on its "
        "training side.",
    ),
]
Split = Annotated[str, typer.Option(help="Split that the files are compared on.")]
RecallDrop = Annotated[
    float, typer.Option(help="How far the recall of any class may fall, as a share.")
]
MeanDrift = Annotated[float, typer.Option(help="How far probabilities may drift on average.")]


def export_model(
    model: Source,
    to: Target,
    form: Format,
    on: On,
    split: Split = "val",
    detector: DetectorFolder = DEFAULT_DETECTOR,
    recall_drop: RecallDrop = LIMITS.recall_drop,
    mean_drift: MeanDrift = LIMITS.mean_drift,
) -> None:
    """Write a mask classifier in another format; refuse it if its answers change."""
    faces = YuNetDetector.from_folder(detector)
    compared = [case for place in on for case in cases_of(read_set(place, split), faces)]
    calibration = []
    if form in NEED_INPUTS:
        some = [read_set(place, "train").some(CALIBRATION_PICTURES) for place in on]
        calibration = [case for one in some for case in cases_of(one, faces)]
    limits = replace(LIMITS, recall_drop=recall_drop, mean_drift=mean_drift)
    found = export(model, to, form, calibration, compared, limits, say)
    say(
        f"wrote {to}: {found.changed} of {found.faces} faces read otherwise, "
        f"probabilities differ by {found.mean_drift:.5f} on average, {found.max_drift:.4f} at most"
    )
