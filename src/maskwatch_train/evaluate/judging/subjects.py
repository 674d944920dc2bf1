"""What is evaluated: a model folder, an ONNX file with its card, or a file of predictions."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from maskwatch.errors import CardError, ModelNotFound
from maskwatch.masks.labels import LABELS
from maskwatch.masks.onnx import OnnxMaskClassifier
from maskwatch.models.card import CARD_FILE, ModelCard, read_card
from maskwatch.types import Box, Face, Frame
from maskwatch_train.evaluate.cases import Case
from maskwatch_train.evaluate.judging.any_model import AnyClassifier
from maskwatch_train.evaluate.judging.predictions import Predictions, read_predictions
from maskwatch_train.evaluate.outcomes import Judge, Judged, judge

THREADS = 2
WARM_UP, ROUNDS = 5, 30
FACE_PX = 90
"""Size of the made faces that time is measured with."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that says how masks are worn."""

    name: str
    about: dict[str, Any]
    """What a report says of it: file, size, parameters, checksum, licence."""
    classifier: Judge | None = None
    """None for a file of predictions, and for what is known to have said something."""
    predictions: Predictions | None = None
    """None for a model."""

    def judged(self, cases: Sequence[Case]) -> tuple[Judged, ...]:
        """What it says of labelled faces, of which those of one picture are neighbours.

        Raises:
            DataError: a picture cannot be read, or the predictions do not fit.
            ValueError: there is nothing to ask.
        """
        if self.predictions is not None:
            return self.predictions.judged(cases)
        if self.classifier is None:
            raise ValueError(f"{self.name}: neither a classifier nor predictions")
        return judge(self.classifier, cases)


def open_subject(place: Path, threads: int = THREADS) -> Subject:
    """Opens what a path names.

    Args:
        place: a model folder, its model file, or a JSON file of predictions.
        threads: of one inference.

    Raises:
        DataError: the predictions cannot be used.
        ModelError: the folder, its card or its file cannot be used.
    """
    if place.suffix == ".json" and place.name != CARD_FILE:
        predictions = read_predictions(place)
        about = {"predictions": place.name}
        return Subject(predictions.name, about, predictions=predictions)
    card = _card_of(place)
    # Of any model: it also checks the card.
    any_model = AnyClassifier.from_folder(card.folder, threads)
    classifier: Judge = any_model
    if card.labels == LABELS and card.model_path.suffix == ".onnx" and any_model.is_fed_as_ours:
        # As it runs in the product, not as the adapter for all models would run it.
        classifier = OnnxMaskClassifier.from_folder(card.folder, threads=threads)
    return Subject(f"{card.name} {card.version}", describe(card), classifier)


def _card_of(place: Path) -> ModelCard:
    if not place.exists():
        raise ModelNotFound(f"{place}: no such file or folder")
    card = read_card(place if place.is_dir() else place.parent, "mask_classifier", None)
    if place.is_file() and place.name not in (CARD_FILE, card.file):
        raise CardError(f"{place}: the card beside it is of {card.file}")
    return card


def describe(card: ModelCard) -> dict[str, Any]:
    """Facts about a model's file and card, ready for JSON."""
    about: dict[str, Any] = {
        "file": card.file,
        "bytes": sum((card.folder / name).stat().st_size for name in (card.file, *card.files)),
        "sha256": card.sha256,
        "labels": list(card.labels),
        "settings": card.settings,
        "licence": card.summary.get("licence"),
    }
    if card.model_path.suffix == ".onnx":
        tensors = onnx.load(card.model_path).graph.initializer
        about["parameters"] = sum(int(np.prod(tensor.dims)) for tensor in tensors)
    return about


def speed(classifier: Judge, threads: int = THREADS) -> dict[str, Any]:
    """Time of one face, alone and among five, with everything from crop to answer.

    Returns:
        Milliseconds per face: ``alone`` and ``of_five`` (medians of `ROUNDS`), ``alone_p90``.
    """
    noise = np.random.default_rng(0).integers(0, 255, (360, 640, 3), dtype=np.uint8)
    frame = Frame("made", 0, 0.0, noise)
    alone = _times(classifier, frame, 1)
    of_five = _times(classifier, frame, 5) / 5
    return {
        "alone": float(np.median(alone)),
        "alone_p90": float(np.quantile(alone, 0.9)),
        "of_five": float(np.median(of_five)),
        "threads": threads,
        "processors": os.cpu_count(),
    }


def _times(classifier: Judge, frame: Frame, count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    faces = [
        Face(Box(10.0 + 120 * i, 60.0, 10.0 + 120 * i + FACE_PX, 60.0 + 1.2 * FACE_PX), 1.0)
        for i in range(count)
    ]
    seconds = []
    for _ in range(WARM_UP + ROUNDS):
        start = time.perf_counter()
        classifier(frame, faces)
        seconds.append(time.perf_counter() - start)
    return 1000 * np.array(seconds[WARM_UP:])
