"""Predictions of any program as JSON: what is said of each face, without the model that says it.

One object with ``format`` (1), ``name`` and ``faces``. Each face has ``picture`` (its path, or as
much of the end of it as tells it from others); ``box`` where the picture shows several; and
``probabilities`` by names among `CLASSES`, or ``state`` and perhaps ``fault``, or all of them, when
the state counts. ``score`` is the confidence of the program's own detector.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from maskwatch.geometry import iou_matrix
from maskwatch.outputs.files import make_folder, write_whole
from maskwatch.types import Box, Fault, State
from maskwatch_train.errors import DataError
from maskwatch_train.evaluate.answers import NOTHING_SAID, Answer, answer_from_classes
from maskwatch_train.evaluate.cases import Case
from maskwatch_train.evaluate.outcomes import Judged

FORMAT = 1
MATCH_IOU = 0.5
"""A prediction is about the labelled face that its box overlaps at least so much."""
NAME_PARTS = 3
"""So many last parts of a picture's path tell it from others in the files that are written."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a program said of one face."""

    picture: PurePosixPath
    box: Box | None
    """Pixels; None where the picture shows one face."""
    score: float
    """Confidence of the program's detector in [0, 1]; 1 where none is given."""
    answer: Answer


class Predictions:
    """All predictions of one program.

    Args:
        name: of the program or model.
        faces: in any order.
    """

    def __init__(self, name: str, faces: Iterable[Prediction]) -> None:
        self.name = name
        self._by_file: dict[str, list[Prediction]] = {}
        for face in faces:
            self._by_file.setdefault(face.picture.name, []).append(face)

    @property
    def have_boxes(self) -> bool:
        """Whether every prediction says where its face is, so that finding can be scored too."""
        return all(face.box for some in self._by_file.values() for face in some)

    def of(self, picture: Path) -> tuple[Prediction, ...]:
        """Those of one picture."""
        some = self._by_file.get(picture.name, [])
        return tuple(face for face in some if _is_end(face.picture, picture))

    def judged(self, cases: Sequence[Case]) -> tuple[Judged, ...]:
        """What was said of each case; nothing, where the file leaves it out."""
        return tuple(Judged(case, self._answer(case)) for case in cases)

    def _answer(self, case: Case) -> Answer:
        said = self.of(case.picture)
        boxed = [face for face in said if face.box]
        for face in said:
            if face.box is None:
                return face.answer
        if not boxed:
            return NOTHING_SAID
        boxes = np.array([face.box for face in boxed], dtype=np.float64)
        overlaps = [
            iou_matrix(np.array([box], dtype=np.float64), boxes)[0]
            for box in (case.box, case.face.box)
        ]
        overlap = np.maximum(*overlaps)
        best = int(overlap.argmax())
        return boxed[best].answer if overlap[best] >= MATCH_IOU else NOTHING_SAID


def _is_end(part: PurePosixPath, whole: Path) -> bool:
    return whole.parts[-len(part.parts) :] == part.parts


def read_predictions(path: Path) -> Predictions:
    """Reads a file of predictions.

    Raises:
        DataError: it is missing or damaged, or an entry makes no sense; says which.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise DataError(path, f"format {data['format']!r}, this version reads {FORMAT}")
        name, entries = str(data["name"]), list(data["faces"])
    except OSError as error:
        raise DataError(path, error.strerror or "cannot be read") from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(path, f"not a file of predictions: {error!r}") from error
    faces = []
    for number, entry in enumerate(entries):
        try:
            faces.append(_prediction(entry))
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(path, f"entry {number} of faces: {error!r}") from error
    return Predictions(name, faces)


def _prediction(entry: Mapping[str, Any]) -> Prediction:
    box = Box(*(float(value) for value in entry["box"])) if entry.get("box") else None
    score = float(entry.get("score", 1.0))
    if not 0 <= score <= 1:
        raise ValueError(f"score {score} is not in [0, 1]")
    return Prediction(PurePosixPath(entry["picture"]), box, score, _said(entry))


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

    Raises:
        OutputError: the file cannot be written.
    """
    faces = []
    for item in judged:
        reading = item.reading
        entry: dict[str, Any] = {
            "picture": "/".join(item.case.picture.parts[-NAME_PARTS:]),
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
