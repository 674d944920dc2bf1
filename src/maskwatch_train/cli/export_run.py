"""``maskwatch-train export-detector``, ``export-classifier``, ``recalibrate``: runs to models."""

from __future__ import annotations

import json
import tempfile
import tomllib
from pathlib import Path
from typing import Annotated, Any

import onnx
import onnxruntime as ort
import typer

from maskwatch.errors import UsageError
from maskwatch.masks.labels import LABELS, softmax
from maskwatch.models.card import CARD_FILE, read_card
from maskwatch.models.session import CPU
from maskwatch.outputs.files import write_whole
from maskwatch_train.classifier.calibrate import calibrate
from maskwatch_train.classifier.network import ExportedClassifier
from maskwatch_train.classifier.train import RECIPE_FILE, Judge, judge_of, load_run, predict
from maskwatch_train.cli.say import say
from maskwatch_train.cli.train import (
    DataSets,
    StartingWeights,
    detector_weights,
    validation_samples,
)
from maskwatch_train.detector.network import ExportedYuNet, load_yunet
from maskwatch_train.detector.train import DetectorRecipe
from maskwatch_train.engine import Moves, is_over, read_log
from maskwatch_train.errors import DataError
from maskwatch_train.evaluate.engines import open_engine
from maskwatch_train.evaluate.headline import headline
from maskwatch_train.export import (
    DETECTOR,
    CardText,
    classifier_signature,
    to_onnx,
    write_model_folder,
)
from maskwatch_train.recipe import read_recipe
from maskwatch_train.release.parity import ParityLimits, require_alike

RunFolder = Annotated[Path, typer.Argument(help="Folder of a finished run.")]
Target = Annotated[Path, typer.Option("--to", help="Model folder to write.")]
Version = Annotated[str, typer.Option("--model-version", help="Version written in the card.")]
Summary = Annotated[
    Path, typer.Option("--summary", help="TOML file with the card's text: data, licence, limits.")
]
Scores = Annotated[
    list[Path] | None,
    typer.Option("--scores", help="JSON report to put into the card; may be given several times."),
]

DETECTOR_NAME = "maskwatch-faces"
SECOND_LOOK_BELOW = 0.8
"""Faces less sure than this, one in thirteen of street's validation split, are judged again,
mirrored. Higher values gained nothing more there."""
DETECTOR_SETTINGS = {
    "score_threshold": 0.5,
    "iou_threshold": 0.45,
    "vote_iou": 0.6,
    "long_side": 640,
}
MIN_FACE_PX = 20
"""Faces under this size are ``unknown`` without asking: the labels of such are guesses, and most
things that are mistaken for faces are so small."""


def read_summary(text: Path, scores: list[Path] | None) -> dict[str, Any]:
    """The card's text with the scores of the reports under it.

    Raises:
        DataError: a file is missing or damaged.
        UsageError: two reports have the same name.
    """
    try:
        summary: dict[str, Any] = tomllib.loads(text.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(text, error.strerror or "cannot be read") from error
    except ValueError as error:
        raise DataError(text, str(error)) from error
    return {**summary, "scores": read_scores(scores or [])}


def read_scores(reports: list[Path]) -> dict[str, Any]:
    """The figures for a card, by the name of the report.

    Raises:
        DataError: a file is missing or damaged.
        UsageError: two reports have the same name.
    """
    found: dict[str, Any] = {}
    for path in reports:
        if path.stem in found:
            raise UsageError(f"--scores {path}: another report is called {path.stem!r}, too")
        try:
            report = json.loads(path.read_text(encoding="utf-8"))
            found[path.stem] = headline(report, DETECTOR_NAME)
        except OSError as error:
            raise DataError(path, error.strerror or "cannot be read") from error
        except ValueError as error:
            raise DataError(path, str(error)) from error
    return found


def export_detector(
    run: RunFolder, to: Target, version: Version, summary: Summary, scores: Scores = None
) -> None:
    """Write the face detector of a run as a model folder."""
    recipe = read_recipe(run / RECIPE_FILE, DetectorRecipe)
    network = load_yunet(detector_weights(run))
    _say_if_stopped(run, recipe)
    text = CardText(
        name=DETECTOR_NAME,
        version=version,
        kind="face_detector",
        labels=(),
        settings=DETECTOR_SETTINGS,
        summary=read_summary(summary, scores),
    )
    write_model_folder(to_onnx(ExportedYuNet(network), DETECTOR), text, to)
    say(f"wrote {to}")


def export_classifier(
    run: RunFolder,
    to: Target,
    data: DataSets,
    version: Version,
    summary: Summary,
    weights: StartingWeights = None,
    scores: Scores = None,
) -> None:
    """Calibrate the classifier of a run on validation data and write it as a model folder.

    Nothing is written if the file says something else than the network.
    """
    recipe, network = load_run(run)
    _say_if_stopped(run, recipe)
    told = read_summary(summary, scores)
    samples = validation_samples(data, weights, run)
    found = calibrate(
        judge_of(network), samples, recipe.size, recipe.margin, SECOND_LOOK_BELOW, say
    )
    text = CardText(
        name="maskwatch-masks",
        version=version,
        kind="mask_classifier",
        labels=LABELS,
        settings={
            "size": recipe.size,
            "margin": recipe.margin,
            **found.settings,
            "min_face_px": MIN_FACE_PX,
            "second_look_below": SECOND_LOOK_BELOW,
        },
        summary={**told, "calibration": found.summary},
    )
    model = to_onnx(ExportedClassifier(network), classifier_signature(recipe.size))
    before, after = (
        softmax(predict(judge, samples, recipe.size, recipe.margin), found.temperature)
        for judge in (judge_of(network), _judge_of_file(model))
    )
    require_alike(before, after, ParityLimits(), f"{run} as ONNX")
    write_model_folder(model, text, to)
    say(f"wrote {to}: {found}")


def _say_if_stopped(run: Path, recipe: Moves) -> None:
    done = read_log(run)
    # Without a log it is the mean of several, or was restored.
    if done and not is_over(done, recipe.epochs, recipe.patience):
        say(
            f"{run}: this run was stopped after {len(done)} of {recipe.epochs} epochs; the command "
            "that began it goes on with it"
        )


def _judge_of_file(model: onnx.ModelProto) -> Judge:
    session = ort.InferenceSession(model.SerializeToString(), providers=[CPU])
    return lambda crops: session.run(["logits"], {"pixels": crops})[0]


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
        samples = validation_samples(data, weights, Path(folder))
    size, margin = card.setting("size"), card.setting("margin")
    second_look_below = card.settings.get("second_look_below", 0.0)
    found = calibrate(judge, samples, size, margin, second_look_below, say)
    values = json.loads((model / CARD_FILE).read_text(encoding="utf-8"))
    values["settings"].update(found.settings)
    values["summary"]["calibration"] = found.summary
    if told:
        values["summary"]["scores"] = told
    write_whole(model / CARD_FILE, (json.dumps(values, indent=2) + "\n").encode())
    say(f"{model}: {found}")
