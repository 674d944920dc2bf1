"""A detector and a classifier on the sets street and bala, alone and together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from maskwatch.faces.base import FaceDetector
from maskwatch.masks.base import MaskClassifier
from maskwatch_train.data import bala, street
from maskwatch_train.data.sets import read_set
from maskwatch_train.evaluate.cases import Case, cases_of, cases_of_pictures
from maskwatch_train.evaluate.outcomes import judge
from maskwatch_train.evaluate.scoring.end_to_end import (
    end_to_end_markdown,
    evaluate_end_to_end,
    see_images,
)
from maskwatch_train.evaluate.scoring.figures import Scoring, figures
from maskwatch_train.evaluate.scoring.report import table, with_interval
from maskwatch_train.evaluate.scoring.slices import SCORES


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

    def alone(name: str, cases: Sequence[Case], title: str) -> Scored:
        told = figures(judge(masks, cases), Scoring())
        return Scored(name, {"classification": told}, classifier_markdown(told, title))

    on_street = read_set(data / street.NAME, split)
    cases = cases_of(on_street, faces)
    yield alone(f"street-{split}", cases, f"Mask classifier on street, {split}")
    together = evaluate_end_to_end(see_images(faces, masks, on_street.images))
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
        cases = cases_of_pictures(portraits, bala.NAME, faces)
        yield alone(name, cases, f"Mask classifier on bala, grouped test side, {labels}")


def classifier_markdown(told: Mapping[str, Any], title: str) -> str:
    """What `figures` tells, but for its curves, as tables."""
    populations = {"all": told, **told["populations"]}
    scores = [
        [name, *(_entry(some["headline"], name) for some in populations.values())]
        for name in told["headline"]
    ]
    slices = [
        [name, str(some["faces"]), *(with_interval(some[measure]) for measure in SCORES)]
        for name, some in told["slices"].items()
    ]
    classes = told["labels"] or told["states"]
    shares = ("precision", "recall", "f1")
    confusion = [
        [name, *map(str, row), *(with_interval(of_class[share]) for share in shares)]
        # The rows after these are of what is only read, as "cannot tell": no face is labelled so.
        for (name, of_class), row in zip(
            classes["scores"].items(), classes["confusion"], strict=False
        )
    ]
    header = ["score", *(f"{name} ({some['faces']})" for name, some in populations.items())]
    unreadable = told["unreadable"]
    return (
        f"# {title}\n\n"
        f"Faces of at least {told['min_face_px']:g} px; 95 % intervals by bootstrap over groups "
        "of pictures, those of slices by Wilson's formula. Plain names count `unknown` as wrong, "
        "`decided` leaves it out, `forced` takes the likeliest state instead.\n\n"
        f"{table(header, scores)}\n"
        f"Of {unreadable['faces']} faces that nobody could tell, {unreadable['called_unknown']} "
        "are read as `unknown`.\n\n"
        f"{table(['slice', 'faces', *SCORES], slices)}\n"
        "Label in rows, reading in columns:\n\n"
        f"{table(['', *classes['order'], *shares], confusion)}"
    )


def _entry(scores: Mapping[str, Mapping[str, float]], name: str) -> str:
    return with_interval(scores[name]) if name in scores else "-"
