"""``maskwatch-train compare``: models on the same faces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskwatch.errors import UsageError
from maskwatch.faces.yunet import YuNetDetector
from maskwatch.models import DEFAULT_DETECTOR
from maskwatch_train.cli.judging import cases_with_bar, judged_with_bar, named_sets, say_matches
from maskwatch_train.cli.options import DetectorFolder, MinFace, Report, Split, Threads
from maskwatch_train.cli.say import say
from maskwatch_train.evaluate.cases import SCORED_FROM_PX
from maskwatch_train.evaluate.judging.subjects import THREADS, open_subject
from maskwatch_train.evaluate.names import distinct
from maskwatch_train.evaluate.pages.report_of import write_comparison
from maskwatch_train.evaluate.scoring.compare import compare
from maskwatch_train.evaluate.scoring.figures import Scoring

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
Name = Annotated[str, typer.Option(help="Name of the files.")]


def compare_models(
    models: Models,
    on: On,
    report: Report,
    split: Split = "val",
    detector: DetectorFolder = DEFAULT_DETECTOR,
    name: Name = "compare",
    min_face_px: MinFace = SCORED_FROM_PX,
    threads: Threads = THREADS,
) -> None:
    """Compare models on the same faces, and test whether they differ by more than chance."""
    subjects = [open_subject(place, threads) for place in models]
    if len(subjects) < 2:
        raise UsageError("give two models or more")
    names = distinct([subject.name for subject in subjects], models)
    sets = named_sets(on, split)
    faces = YuNetDetector.from_folder(detector, threads=threads)
    cases = cases_with_bar(sets, faces)
    judged = {}
    for label, subject in zip(names, subjects, strict=True):
        say(f"{label} on {len(cases)} faces")
        judged[label] = judged_with_bar(subject, cases)
        say_matches(subject, sets, cases)
    result = compare(judged, Scoring(min_face_px=min_face_px))
    for path in write_comparison(
        result, sets, dict(zip(names, subjects, strict=True)), report, name
    ):
        say(f"wrote {path}")
