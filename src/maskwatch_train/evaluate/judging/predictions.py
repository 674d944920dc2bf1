"""Predictions of any program as JSON: what is said of each face, without the model that says it.

One object with ``format`` (1), ``name`` and ``faces``. Each face has ``picture`` (its path, or so
much of the end of it as tells it from all others of the data); ``box`` (left, top, right, bottom in
pixels) where the picture shows several; and ``probabilities`` by names among `CLASSES`, which sum
to 1, or ``state`` and perhaps ``fault``, or all of them, when the state counts. ``score`` is the
confidence of the program's own detector; without it ``box`` says which face an entry is about, and
not that the program found it there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskwatch.geometry import box_array, iou_matrix
from maskwatch.outputs.files import make_folder, write_whole
from maskwatch.types import Box, Fault, State
from maskwatch_train.errors import DataError, reading
from maskwatch_train.evaluate.answers import NOTHING_SAID, Answer, answer_from_classes
from maskwatch_train.evaluate.cases import Case
from maskwatch_train.evaluate.names import FileNames, absolute, shortest_ends
from maskwatch_train.evaluate.outcomes import Judged

FORMAT = 1
MATCH_IOU = 0.5
"""A prediction is about the labelled face that its box overlaps at least so much."""
NAME_PARTS = 3
"""So many last parts of a picture's path are written, and more where they fit another too."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a program said of one face."""

    picture: Path
    """The end of its path, or all of it."""
    box: Box | None
    """Pixels; None where the picture shows one face."""
    score: float | None
    """Confidence of the program's detector in [0, 1]; None where it did not find the face."""
    answer: Answer


class Predictions:
    """All predictions of one program.

    Args:
        file: that they are from, for messages.
        name: of the program or model.
        faces: in any order.
    """

    def __init__(self, file: Path, name: str, faces: Iterable[Prediction]) -> None:
        self.file = file
        self.name = name
        self._faces = tuple(faces)

    @property
    def are_detections(self) -> bool:
        """Whether the program found every face itself, so that finding can be scored too."""
        return all(face.box and face.score is not None for face in self._faces)

    def about(self, pictures: Iterable[Path]) -> dict[Path, list[Prediction]]:
        """Those of each picture.

        Raises:
            DataError: what one of them calls its picture fits several.
        """
        wholes = {picture: absolute(picture) for picture in pictures}
        found: dict[Path, list[Prediction]] = {whole: [] for whole in wholes.values()}
        for face, whole in zip(self._faces, self._meant(wholes), strict=True):
            if whole is not None:
                found[whole].append(face)
        return {picture: found[whole] for picture, whole in wholes.items()}

    def _meant(self, pictures: Iterable[Path]) -> list[Path | None]:
        """The `absolute` path of the picture that each prediction is about; None where none is."""
        files = FileNames(pictures)
        return [self._clear(face.picture, _fitting(files, face.picture)) for face in self._faces]

    def _clear(self, name: Path, meant: Sequence[Path]) -> Path | None:
        if len(meant) > 1:
            raise DataError(
                self.file,
                f"picture {str(name)!r} fits {len(meant)} pictures, such as {meant[0]} and "
                f"{meant[1]}: give more of its path",
            )
        return meant[0] if meant else None

    def judged(self, cases: Sequence[Case]) -> tuple[Judged, ...]:
        """What was said of each case; nothing, where the file leaves it out.

        Raises:
            DataError: a prediction fits several of their pictures, or none fits any; or one without
                a box is about a picture of several labelled faces, or not the only one of its
                picture.
        """
        found = self.about(case.picture for case in cases)
        self._check_boxes(found, cases)
        if cases and not any(found.values()):
            raise DataError(
                self.file,
                f"none of its {len(self._faces)} entries is about a picture of the data, "
                f"such as {cases[0].picture}",
            )
        return tuple(
            Judged(case, NOTHING_SAID if answer is None else answer)
            for case, answer in zip(cases, _answers(cases, found), strict=True)
        )

    def _check_boxes(
        self, found: Mapping[Path, Sequence[Prediction]], cases: Sequence[Case]
    ) -> None:
        labelled: dict[Path, set[Box]] = {}
        for case in cases:
            labelled.setdefault(case.picture, set()).add(case.face.box)
        for picture, boxes in labelled.items():
            said = found[picture]
            if all(face.box for face in said) or (len(boxes) == 1 and len(said) == 1):
                continue
            raise DataError(
                self.file,
                f"{len(said)} of its entries are about {picture}, where {len(boxes)} faces are "
                "labelled: each needs its box",
            )

    def matches(self, pictures: Iterable[Path], cases: Sequence[Case]) -> str:
        """How well the file fits the data, as a sentence for people.

        Args:
            pictures: all of the data, also those without a labelled face.
            cases: the labelled faces.

        Raises:
            DataError: a prediction fits several pictures.
        """
        known = set(pictures)
        found = self.about(known)
        strange = self._meant(known).count(None)
        without = _answers(cases, found).count(None)
        return (
            f"{self.name}: {strange} of {len(self._faces)} entries are about no picture of the "
            f"data, {without} of {len(cases)} labelled faces have no entry"
        )


def _fitting(files: FileNames, picture: Path) -> list[Path]:
    """The files that a name fits, as it stands or as a program on Windows writes it."""
    return files.meant(picture) or files.meant(Path(str(picture).replace("\\", "/")))


def _answers(
    cases: Sequence[Case], found: Mapping[Path, Sequence[Prediction]]
) -> list[Answer | None]:
    """What was said of each face, among all that was said of its picture; None if nothing was."""
    of_picture: dict[Path, list[int]] = {}
    for place, case in enumerate(cases):
        of_picture.setdefault(case.picture, []).append(place)
    answers: list[Answer | None] = [None] * len(cases)
    for picture, places in of_picture.items():
        told = _answers_in_picture([cases[place] for place in places], found[picture])
        for place, answer in zip(places, told, strict=True):
            answers[place] = answer
    return answers


def _answers_in_picture(cases: Sequence[Case], said: Sequence[Prediction]) -> list[Answer | None]:
    """An entry is about the face that it overlaps most; of several the surest one counts."""
    if not all(face.box for face in said):  # the only entry of its picture
        return [said[0].answer] * len(cases)
    boxes = box_array(face.box for face in said if face.box is not None)
    overlaps = np.maximum(
        iou_matrix(box_array(case.box for case in cases), boxes),
        iou_matrix(box_array(case.face.box for case in cases), boxes),
    )
    about = (overlaps >= MATCH_IOU) & (overlaps == overlaps.max(axis=0))

    def surest(case: int) -> Answer | None:
        entries = np.flatnonzero(about[case]).tolist()
        best = max(entries, key=lambda i: (said[i].score or 0.0, overlaps[case, i]), default=None)
        return None if best is None else said[best].answer

    return [surest(case) for case in range(len(cases))]


def read_predictions(path: Path) -> Predictions:
    """Reads a file of predictions.

    Raises:
        DataError: it is missing or damaged, or an entry makes no sense; says which.
    """
    try:
        with reading(path):
            data = json.loads(path.read_text(encoding="utf-8-sig"))
        if data["format"] != FORMAT:
            raise DataError(path, f"format {data['format']!r}, this version reads {FORMAT}")
        name, entries = str(data["name"]), list(data["faces"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(path, f"not a file of predictions: {error!r}") from error
    faces = []
    for number, entry in enumerate(entries):
        try:
            faces.append(_prediction(entry))
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(path, f"entry {number} of faces: {error!r}") from error
    return Predictions(path, name, faces)


def _prediction(entry: object) -> Prediction:
    if not isinstance(entry, dict):
        raise TypeError(f"{entry!r} is not an object")
    picture = Path(entry["picture"])
    if not picture.name:
        raise ValueError(f"picture {entry['picture']!r} names no file")
    box = None if entry.get("box") is None else _box(entry["box"])
    score = None if entry.get("score") is None else float(entry["score"])
    if score is not None and not 0 <= score <= 1:
        raise ValueError(f"score {score} is not in [0, 1]")
    return Prediction(picture, box, score, _said(entry))


def _box(edges: Iterable[Any]) -> Box:
    box = Box(*(float(value) for value in edges))
    if not (all(map(math.isfinite, box)) and box.side > 0):
        raise ValueError(f"box {list(box)} is none: expected left, top, right, bottom in pixels")
    return box


def _said(entry: Mapping[str, Any]) -> Answer:
    classes = entry.get("probabilities")
    likeliest = answer_from_classes(dict(classes)) if classes is not None else None
    if "state" not in entry:
        if likeliest is None:
            raise ValueError("neither probabilities nor state")
        return likeliest
    fault = Fault(entry["fault"]) if entry.get("fault") else None
    state = State(entry["state"])
    if fault is not None and state is not State.INCORRECT:
        raise ValueError(f"fault {fault.value!r} does not go with {state.value!r}")
    return Answer(state, fault, likeliest.probabilities if likeliest else None)


def write_predictions(path: Path, name: str, judged: Sequence[Judged]) -> None:
    """Writes what a model said, whole or not at all, as `read_predictions` reads it.

    The boxes are those where it was told to look, so that no entry has a score.

    Raises:
        OutputError: the file cannot be written.
    """
    names = shortest_ends((item.case.picture for item in judged), NAME_PARTS)
    faces = []
    for item in judged:
        reading = item.reading
        entry: dict[str, Any] = {
            "picture": names[item.case.picture],
            "box": list(item.case.box),
            "state": reading.state.value,
        }
        if reading.fault is not None:
            entry["fault"] = reading.fault.value
        if reading.probabilities is not None:
            given = reading.probabilities._asdict()
            entry["probabilities"] = {key: round(value, 6) for key, value in given.items()}
        faces.append(entry)
    content = {"format": FORMAT, "name": name, "faces": faces}
    make_folder(path.parent)
    write_whole(path, (json.dumps(content, indent=1) + "\n").encode())
