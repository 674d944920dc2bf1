"""``maskwatch-train recalibrate``: the thresholds of a model folder, fitted anew."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from maskwatch.masks.labels import LABELS
from maskwatch.models.card import CARD_FILE, read_card
from maskwatch.outputs.files import write_whole
from maskwatch_train.classifier.calibrate import calibrate
from maskwatch_train.classifier.prepare import validation_samples
from maskwatch_train.cli.card_text import read_scores
from maskwatch_train.cli.options import DataSets, Scores, StartingWeights
from maskwatch_train.cli.say import say
from maskwatch_train.data.sets import read_sets
from maskwatch_train.evaluate.judging.engines import open_engine


def recalibrate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Model folder of a classifier.")],
    data: DataSets,
    weights: StartingWeights = None,
    scores: Scores = None,
) -> None:
    """Fit temperature and thresholds of a model folder anew, after export to another format."""
    card = read_card(model, "mask_classifier", LABELS)
    card.verify()
    told = read_scores(scores or [])
    judge = open_engine(card.model_path).run
    with tempfile.TemporaryDirectory() as folder:
        samples = validation_samples(read_sets(data, "val"), weights, Path(folder), say)
    size, margin = card.setting("size"), card.setting("margin")
    second_look_below = card.settings.get("second_look_below", 0.0)
    found = calibrate(judge, samples, size, margin, second_look_below, say)
    values = json.loads((model / CARD_FILE).read_text(encoding="utf-8"))
    values["settings"].update(found.settings)
    values["summary"]["calibration"] = found.summary
    # Scores without the new thresholds are no longer true.
    values["summary"]["scores"] = told
    write_whole(model / CARD_FILE, (json.dumps(values, indent=2) + "\n").encode())
    say(f"{model}: {found}")
