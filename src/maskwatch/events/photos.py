"""Which picture shows a violation best, and who else is in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from maskwatch.geometry import iou_matrix, overlap_of_smaller
from maskwatch.types import Box, Face, Fault, Frame, MaskReading, State, Track

if TYPE_CHECKING:
    from maskwatch.events.camera import Sight

_SAME_FACE_IOU = 0.3
_TRACE_OVERLAP = 0.2
"""A place to hide that shares more than this with the subject is the subject's own trace."""

_MOST_KEPT = 6
"""Pictures held at a time: with 1080p, 6 MB each."""


@dataclass(frozen=True, slots=True)
class PhotoFace:
    """A face in a photo."""

    box: Box
    state: State
    fault: Fault | None = None
    coverage: float | None = None
    is_subject: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A picture of somebody, before any blurring."""

    frame: Frame
    faces: tuple[PhotoFace, ...]
    """The subject comes first."""
    hidden: tuple[Box, ...]
    """Where faces of others are, or were a moment ago."""
    clarity: float
    """How well it shows what it is about, in [0, 1]."""

    @classmethod
    def of(cls, sight: Sight, track: Track) -> Photo:
        """The photo of one of the people in a picture."""
        subject = track.reading
        mine = [subject.face.box, *_same_face(subject.face, sight.found)]
        others = [face.box for face in sight.found if face.box not in mine]
        traces = [box for box in sight.hidden if not _is_trace(box, subject.face.box)]
        faces = [_face(subject, is_subject=True)]
        faces += [_face(r, is_subject=False) for r in sight.readings if r is not subject]
        faces += [
            PhotoFace(face.box, State.UNKNOWN)
            for face in sight.found
            if face.box not in mine and not _is_judged(face, sight.readings)
        ]
        return cls(
            sight.frame, tuple(faces), tuple(dict.fromkeys([*others, *traces])), clarity_of(subject)
        )


class PhotoBook:
    """Keeps, for a few people who may be about to have an episode, their best picture."""

    def __init__(self) -> None:
        self._best: dict[int, Photo] = {}

    def offer(self, sight: Sight, track: Track) -> None:
        """Shows a picture of a person; it is kept if it shows a violation better."""
        if track.verdict.state is State.MASK:
            self.drop(track.id)
        elif track.reading.state.is_violation or track.verdict.state.is_violation:
            kept = self._best.get(track.id)
            if kept is None or clarity_of(track.reading) > kept.clarity:
                self._best[track.id] = Photo.of(sight, track)
                self._make_room(track.id)

    def take(self, person: int) -> Photo | None:
        """The best picture, which is then no longer kept."""
        return self._best.pop(person, None)

    def drop(self, person: int) -> None:
        """Forgets a person's picture."""
        self._best.pop(person, None)

    def _make_room(self, newest: int) -> None:
        while len(self._best) > _MOST_KEPT:
            others = [person for person in self._best if person != newest]
            del self._best[min(others, key=lambda person: self._best[person].frame.t)]


def clarity_of(reading: MaskReading) -> float:
    """How clearly a reading shows its state, in [0, 1]."""
    if reading.probabilities is None or reading.state is State.UNKNOWN:
        return 0.0
    return reading.quality * reading.probabilities.of(reading.state)


def _face(reading: MaskReading, *, is_subject: bool) -> PhotoFace:
    return PhotoFace(
        reading.face.box, reading.state, reading.fault, reading.coverage, is_subject=is_subject
    )


def _same_face(face: Face, found: Iterable[Face]) -> list[Box]:
    """The detection that a face comes from: the classifier moves boxes a little."""
    boxes = [each.box for each in found]
    if not boxes:
        return []
    overlap = iou_matrix(np.array([face.box]), np.array(boxes))[0]
    best = int(overlap.argmax())
    return [boxes[best]] if overlap[best] >= _SAME_FACE_IOU else []


def _is_judged(face: Face, readings: Iterable[MaskReading]) -> bool:
    boxes = [reading.face.box for reading in readings]
    return bool(boxes) and bool(
        iou_matrix(np.array([face.box]), np.array(boxes)).max() >= _SAME_FACE_IOU
    )


def _is_trace(box: Box, subject: Box) -> bool:
    return bool(overlap_of_smaller(np.array([box]), np.array([subject]))[0, 0] > _TRACE_OVERLAP)
