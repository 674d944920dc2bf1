"""What a classifier said of labelled faces, as arrays."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskwatch.masks.labels import LABELS, label_index, likeliest_state
from maskwatch.types import Face, Fault, Frame, MaskReading, State
from maskwatch_train.data.labelled import LabelledFace
from maskwatch_train.evaluate.answers import Answer
from maskwatch_train.evaluate.cases import Case
from maskwatch_train.pictures import frame_of

STATES = (State.MASK, State.INCORRECT, State.NO_MASK, State.UNKNOWN)
UNKNOWN_INDEX = STATES.index(State.UNKNOWN)
NO_FAULT = len(LABELS)
"""Class, after those of ``LABELS``, of a mask that is worn incorrectly in an unknown way."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One labelled face and what was said of it."""

    case: Case
    reading: MaskReading | Answer

    @property
    def group(self) -> str:
        """Group of near-duplicate pictures."""
        return self.case.group

    @property
    def face(self) -> LabelledFace:
        """The label."""
        return self.case.face


def is_right_side(said: State, labelled: State) -> bool:
    """Whether mask or violation was said of a face that is it; ``unknown`` is neither."""
    return said is not State.UNKNOWN and said.is_violation == labelled.is_violation


Judge: TypeAlias = Callable[[Frame, Sequence[Face]], Sequence[MaskReading | Answer]]
"""What a ``MaskClassifier`` is, and what any other model can be made."""


def judge(classifier: Judge, cases: Sequence[Case]) -> tuple[Judged, ...]:
    """Gives a classifier the faces of cases, picture by picture; each with score 1.

    Cases of one picture have to be neighbours.

    Raises:
        DataError: a picture cannot be read.
    """
    judged: list[Judged] = []
    for path, of_picture in itertools.groupby(cases, key=lambda case: case.picture):
        some = list(of_picture)
        frame = frame_of(path)
        readings = classifier(frame, [Face(case.box, 1.0) for case in some])
        judged += [Judged(case, reading) for case, reading in zip(some, readings, strict=True)]
    return tuple(judged)


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Labels and readings of N faces whose state is known."""

    groups: NDArray[np.str_]
    """``(N,)``"""
    state: NDArray[np.int64]
    """``(N,)`` label, index into `STATES`."""
    read: NDArray[np.int64]
    """``(N,)`` reading, index into `STATES`."""
    forced: NDArray[np.int64]
    """``(N,)`` `forced_state`, index into `STATES`."""
    label: NDArray[np.int64]
    """``(N,)`` label with its fault, index into ``LABELS``, or `NO_FAULT`."""
    read_label: NDArray[np.int64]
    """``(N,)`` reading with its fault, index into ``LABELS``, or `NO_FAULT`; unknown is
    ``unreadable``."""
    probabilities: NDArray[np.float64]
    """``(N, 3)`` of mask, incorrect, no_mask; NaN without probabilities."""

    def take(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> Outcomes:
        """Some of the faces."""
        return Outcomes(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @property
    def decided(self) -> Outcomes:
        """The faces whose reading is not ``unknown``."""
        return self.take(self.read != UNKNOWN_INDEX)

    @property
    def right_side(self) -> NDArray[np.bool_]:
        """``(N,)`` `is_right_side` of each face."""
        out: NDArray[np.bool_] = self.read != UNKNOWN_INDEX
        out &= (self.read == 0) == (self.state == 0)
        return out

    @property
    def with_labels(self) -> Outcomes:
        """The faces of whose mask the label says how it is worn."""
        return self.take(self.label != NO_FAULT)

    @property
    def with_probabilities(self) -> Outcomes:
        """The faces that were given to the model at all."""
        return self.take(~np.isnan(self.probabilities[:, 0]))


def outcomes(judged: Sequence[Judged]) -> Outcomes:
    """Lays out what was said of the faces whose state is known; the others are left out."""
    known = [item for item in judged if item.face.state is not State.UNKNOWN]
    readings = [item.reading for item in known]
    nothing = (float("nan"),) * 3
    return Outcomes(
        groups=np.array([item.group for item in known], dtype=np.str_),
        state=_indices(STATES.index(item.face.state) for item in known),
        read=_indices(STATES.index(reading.state) for reading in readings),
        forced=_indices(STATES.index(forced_state(reading)) for reading in readings),
        label=_indices(_label(item.face.state, item.face.fault) for item in known),
        read_label=_indices(_label(reading.state, reading.fault) for reading in readings),
        probabilities=np.array(
            [reading.probabilities or nothing for reading in readings], dtype=np.float64
        ).reshape(-1, 3),
    )


def _indices(values: Iterable[int]) -> NDArray[np.int64]:
    return np.array(list(values), dtype=np.int64)


def _label(state: State, fault: Fault | None) -> int:
    unnamed = state is State.INCORRECT and fault is None
    return NO_FAULT if unnamed else label_index(state, fault)


def forced_state(reading: MaskReading | Answer) -> State:
    """What was said; instead of ``unknown`` the likeliest state, where there are probabilities."""
    if reading.state is not State.UNKNOWN or reading.probabilities is None:
        return reading.state
    return likeliest_state(reading.probabilities)


def top_state(o: Outcomes) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Of M faces that have probabilities that of the likeliest state, and whether it is right."""
    given = o.with_probabilities
    return given.probabilities.max(axis=1), given.probabilities.argmax(axis=1) == given.state


def sides(o: Outcomes) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The same of the likelier of mask and violation."""
    given = o.with_probabilities
    mask = given.probabilities[:, 0]
    return np.maximum(mask, 1 - mask), (mask >= 0.5) == (given.state == 0)
