"""What ``evaluate`` and ``compare`` do alike: read sets, find and judge faces, with bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from maskwatch.faces.base import FaceDetector
from maskwatch_train.cli.data.progress import counting
from maskwatch_train.cli.say import say
from maskwatch_train.data.sets import LabelledSet, read_every
from maskwatch_train.evaluate.cases import Case, cases_of
from maskwatch_train.evaluate.judging.subjects import Subject
from maskwatch_train.evaluate.names import distinct
from maskwatch_train.evaluate.outcomes import Judged


def named_sets(places: Sequence[Path], split: str) -> list[LabelledSet]:
    """Sets as `read_every` reads them, each under a name of its own."""
    found = read_every(places, split)
    names = distinct([one.name for one in found], places)
    return [replace(one, name=name) for one, name in zip(found, names, strict=True)]


def cases_with_bar(sets: Sequence[LabelledSet], detector: FaceDetector) -> list[Case]:
    """The faces of some sets, with a bar over their pictures."""
    with counting(detector, "Looking at pictures", sum(len(one.paths) for one in sets)) as looking:
        return [case for one in sets for case in cases_of(one, looking)]


def judged_with_bar(subject: Subject, cases: Sequence[Case]) -> tuple[Judged, ...]:
    """What a model says of each face, with a bar over their pictures."""
    if subject.classifier is None:
        return subject.judged(cases)
    pictures = len({case.picture for case in cases})
    with counting(subject.classifier, "Judging faces", pictures) as asking:
        return replace(subject, classifier=asking).judged(cases)


def say_matches(subject: Subject, sets: Sequence[LabelledSet], cases: Sequence[Case]) -> None:
    """Says how well a file of predictions fits the sets; of a model there is nothing to say."""
    if subject.predictions:
        boxed = [image.path for one in sets for image in one.images]
        whole = [picture.path for one in sets for picture in one.pictures]
        say(subject.predictions.matches(boxed + whole, cases))
