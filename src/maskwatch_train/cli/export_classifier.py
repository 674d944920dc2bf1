"""``maskwatch-train export-classifier``: a classifier's run becomes a calibrated model folder."""

from __future__ import annotations

import onnx
import onnxruntime as ort

from maskwatch.masks.labels import LABELS, softmax
from maskwatch.models.session import CPU
from maskwatch_train.classifier.calibrate import calibrate
from maskwatch_train.classifier.network import ExportedClassifier
from maskwatch_train.classifier.prepare import validation_samples
from maskwatch_train.classifier.train import CropJudge, judge_of, load_run, predict
from maskwatch_train.cli.card_text import read_summary
from maskwatch_train.cli.options import (
    DataSets,
    RunFolder,
    Scores,
    StartingWeights,
    Summary,
    Target,
    Version,
)
from maskwatch_train.cli.runs import say_if_stopped
from maskwatch_train.cli.say import say
from maskwatch_train.data.sets import read_sets
from maskwatch_train.exporting.onnx import (
    CardText,
    classifier_signature,
    to_onnx,
    write_model_folder,
)
from maskwatch_train.release.parity import ParityLimits, require_alike

SECOND_LOOK_BELOW = 0.8
"""Faces less sure than this, one in thirteen of street's validation split, are judged again,
mirrored. Higher values gained nothing more there."""
MIN_FACE_PX = 20
"""Faces under this size are ``unknown`` without asking: the labels of such are guesses, and most
things that are mistaken for faces are so small."""


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
    say_if_stopped(run, recipe)
    told = read_summary(summary, scores)
    samples = validation_samples(read_sets(data, "val"), weights, run, say)
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


def _judge_of_file(model: onnx.ModelProto) -> CropJudge:
    session = ort.InferenceSession(model.SerializeToString(), providers=[CPU])
    return lambda crops: session.run(["logits"], {"pixels": crops})[0]
