"""``maskwatch-train export-detector``: the run of a face detector becomes a model folder."""

from __future__ import annotations

from dataclasses import asdict

from maskwatch.faces.yunet import YuNetSettings
from maskwatch_train.cli.card_text import read_summary
from maskwatch_train.cli.options import RunFolder, Scores, Summary, Target, Version
from maskwatch_train.cli.runs import say_if_stopped
from maskwatch_train.cli.say import say
from maskwatch_train.detector.network import ExportedYuNet, load_yunet
from maskwatch_train.detector.train import DetectorRecipe, weights_of
from maskwatch_train.exporting.onnx import (
    DETECTOR,
    DETECTOR_NAME,
    CardText,
    to_onnx,
    write_model_folder,
)
from maskwatch_train.running.recipe import read_recipe
from maskwatch_train.running.run_folder import RECIPE_FILE


def export_detector(
    run: RunFolder, to: Target, version: Version, summary: Summary, scores: Scores = None
) -> None:
    """Write the face detector of a run as a model folder."""
    recipe = read_recipe(run / RECIPE_FILE, DetectorRecipe)
    network = load_yunet(weights_of(run))
    say_if_stopped(run, recipe)
    text = CardText(
        name=DETECTOR_NAME,
        version=version,
        kind="face_detector",
        labels=(),
        settings=asdict(YuNetSettings()),
        summary=read_summary(summary, scores),
    )
    write_model_folder(to_onnx(ExportedYuNet(network), DETECTOR), text, to)
    say(f"wrote {to}")
