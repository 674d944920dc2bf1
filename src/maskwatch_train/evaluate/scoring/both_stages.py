"""A detector and a classifier on the sets street and bala, alone and together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from maskwatch.faces.base import FaceDetector
from maskwatch.masks.base import MaskClassifier
from maskwatch_train.data import bala, street
from maskwatch_train.data.sets import read_set
from maskwatch_train.evaluate.cases import cases_of_images, cases_of_pictures
from maskwatch_train.evaluate.outcomes import judge
from maskwatch_train.evaluate.scoring.classifier import classifier_markdown, evaluate_classifier
from maskwatch_train.evaluate.scoring.end_to_end import (
    end_to_end_markdown,
    evaluate_end_to_end,
    see_images,
)
from maskwatch_train.evaluate.scoring.figures import INTERVAL_SEED


class Scored(NamedTuple):
    """One report."""

    name: str
    """Of its files."""
    numbers: dict[str, Any]
    text: str
    """The numbers as Markdown."""


def score_both_stages(
    data: Path, split: str, faces: FaceDetector, masks: MaskClassifier
) -> Iterator[Scored]:
    """The classifier on street, both on street and, of the test split, the classifier on bala.

    Args:
        data: folder with the sets street and bala.
        split: of both.
        faces: finds them.
        masks: judges them.

    Raises:
        DataError: a set or a picture cannot be read.
    """
    images = read_set(data / street.NAME, split).images
    on_street = evaluate_classifier(
        judge(masks, cases_of_images(images, street.NAME)), INTERVAL_SEED
    )
    text = classifier_markdown(on_street, f"Mask classifier on street, {split}")
    yield Scored(f"street-{split}", on_street, text)
    together = evaluate_end_to_end(see_images(faces, masks, images), INTERVAL_SEED)
    text = end_to_end_markdown({"maskwatch": together}, f"Both stages on street, {split}")
    yield Scored(f"end-to-end-{split}", together, text)
    if split != "test":
        return
    published = bala.read_bala(data / bala.NAME, "test", "80_20")
    corrected = bala.corrected(data / bala.NAME, published)
    for name, portraits, labels in (
        ("bala-test", published, "labels as published"),
        ("bala-corrected-test", corrected, "corrected labels"),
    ):
        on_bala = evaluate_classifier(
            judge(masks, cases_of_pictures(portraits, bala.NAME, faces)), INTERVAL_SEED
        )
        title = f"Mask classifier on bala, grouped test side, {labels}"
        yield Scored(name, on_bala, classifier_markdown(on_bala, title))
