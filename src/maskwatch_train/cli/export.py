"""``maskwatch-train export-detector`` and ``export-classifier``: weights become a model folder."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from maskwatch.masks.labels import LABELS, UNREADABLE_INDEX, softmax
from maskwatch_train.classifier.augment import ruin
from maskwatch_train.classifier.calibrate import Abstention, choose_abstention, fit_temperature
from maskwatch_train.classifier.network import ExportedClassifier
from maskwatch_train.classifier.samples import Sample
from maskwatch_train.classifier.train import RECIPE_FILE, ClassifierRecipe, load_run, predict
from maskwatch_train.cli.train import (
    TEACHER_CACHE,
    DataFolder,
    WeightsFolder,
    say,
    validation_samples,
)
from maskwatch_train.detector.network import ExportedYuNet, load_yunet
from maskwatch_train.detector.train import DetectorRecipe
from maskwatch_train.engine import BEST_WEIGHTS, WEIGHTS
from maskwatch_train.errors import DataError
from maskwatch_train.evaluate.headline import headline
from maskwatch_train.export import (
    DETECTOR,
    CardText,
    classifier_signature,
    to_onnx,
    write_model_folder,
)
from maskwatch_train.recipe import read_recipe

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
MIN_READABLE_PX = 32
"""Calibration looks at faces from this size on, the same that the scores are stated for."""
UNKNOWN_BUDGET = 0.01
"""Share of readable validation faces that may become ``unknown``."""
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
    """
    try:
        summary: dict[str, Any] = tomllib.loads(text.read_text(encoding="utf-8"))
        reports = {
            path.stem: headline(json.loads(path.read_text(encoding="utf-8")), DETECTOR_NAME)
            for path in scores or []
        }
    except OSError as error:
        raise DataError(Path(str(error.filename)), error.strerror or "cannot be read") from error
    except ValueError as error:
        raise DataError(text, str(error)) from error
    return {**summary, "scores": reports}


def export_detector(
    run: RunFolder, to: Target, version: Version, summary: Summary, scores: Scores = None
) -> None:
    """Write the face detector of a run as a model folder."""
    recipe = read_recipe(run / RECIPE_FILE, DetectorRecipe)
    network = load_yunet(run / (BEST_WEIGHTS if recipe.keep_best else WEIGHTS))
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
    data: DataFolder,
    weights: WeightsFolder,
    version: Version,
    summary: Summary,
    scores: Scores = None,
) -> None:
    """Calibrate the classifier of a run on validation data and write it as a model folder."""
    recipe, network = load_run(run, weights)
    samples = validation_samples(data, weights, run / TEACHER_CACHE)
    logits = predict(network, samples, recipe.size, recipe.margin)
    labels = np.array([sample.label for sample in samples])
    clear = (labels != UNREADABLE_INDEX) & np.array(
        [sample.size >= MIN_READABLE_PX for sample in samples]
    )
    temperature = fit_temperature(logits[clear], labels[clear])

    def probabilities(faces: list[Sample]) -> NDArray[np.float64]:
        settled = predict(
            network,
            faces,
            recipe.size,
            recipe.margin,
            temperature=temperature,
            second_look_below=SECOND_LOOK_BELOW,
        )
        return softmax(settled, temperature)

    readable = [sample for sample, is_clear in zip(samples, clear, strict=True) if is_clear]
    abstention = choose_abstention(
        probabilities(readable), probabilities(spoiled(samples)), UNKNOWN_BUDGET
    )
    text = CardText(
        name="maskwatch-masks",
        version=version,
        kind="mask_classifier",
        labels=LABELS,
        settings=settings(recipe, temperature, abstention),
        summary={
            **read_summary(summary, scores),
            "calibration": {
                "faces": int(clear.sum()),
                "readable_called_unknown": abstention.unknown_share,
                "unreadable_called_unknown": abstention.caught_share,
            },
        },
    )
    exported = ExportedClassifier(network)
    write_model_folder(to_onnx(exported, classifier_signature(recipe.size)), text, to)
    say(f"wrote {to}: temperature {temperature}, {abstention}")


def settings(
    recipe: ClassifierRecipe, temperature: float, abstention: Abstention
) -> dict[str, float]:
    """The card's settings, as ``maskwatch.masks.onnx.ClassifierSettings`` names them."""
    return {
        "size": recipe.size,
        "margin": recipe.margin,
        "temperature": temperature,
        "abstain_below": abstention.abstain_below,
        "unreadable_above": abstention.unreadable_above,
        "min_face_px": MIN_FACE_PX,
        "second_look_below": SECOND_LOOK_BELOW,
    }


def spoiled(samples: list[Sample]) -> list[Sample]:
    """What should become ``unknown``: unreadable samples, and every fifth of the others ruined."""
    rng = np.random.default_rng(0)
    unreadable = [sample for sample in samples if sample.label == UNREADABLE_INDEX]
    readable = [sample for sample in samples if sample.label != UNREADABLE_INDEX]
    ruined = [replace(s, image=ruin(s.image, rng), label=UNREADABLE_INDEX) for s in readable[::5]]
    return unreadable + ruined
