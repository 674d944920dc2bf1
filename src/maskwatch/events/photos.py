"""Which picture shows a violation best, and who else is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from maskwatch.geometry import are_covered, box_array, iou_matrix
from maskwatch.types import (
    TIME_SLACK_S,
    Box,
    Face,
    Fault,
    Frame,
    MaskReading,
    State,
    TimedBox,
    Track,
)

if TYPE_CHECKING:
    from maskwatch.events.camera import Sight

MATCH_IOU = 0.3
"""Overlap from which two boxes are of one face: the classifier moves boxes a little."""
_TRACE_IOU = 0.5
"""A place to hide that overlaps the subject's of the same moment by this much is their own trace. A
bystander before or behind the subject is of another size, or comes there at another moment."""

_MOST_KEPT = 6
"""People whose picture is held at a time."""
_MOST_UNPACKED = 2
"""Pictures of 1080p take 6 MB each until they are packed."""
_SETTLED_S = 1.0
"""A picture that has been the best for so long will hardly be replaced soon."""


@dataclass(frozen=True, slots=True)
class PhotoFace:
    """A face in a photo."""

    box: Box
    state: State
    """As read; that of the subject of an episode by the limit of the rule."""
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
    traces: tuple[Box, ...]
    """Where the subject was a moment ago: to be hidden as well unless the subject is shown."""
    strength: float
    """How well it shows a violation, in [0, 1]."""
    track: int
    """The subject's number."""

    @classmethod
    def of(cls, sight: Sight, track: Track) -> Photo:
        """The photo of one of the people in a picture."""
        subject = track.reading
        mine = [subject.face.box, *_same_face(subject.face, sight.found)]
        others = [face.box for face in sight.found if face.box not in mine]
        places = [place for place in sight.hidden if place.box not in mine]
        own = [place for place in places if _is_trace(place, track)]
        others += [place.box for place in places if place not in own]
        faces = [_face(subject, is_subject=True)]
        faces += [_face(r, is_subject=False) for r in sight.readings if r.face is not subject.face]
        faces += [
            PhotoFace(face.box, State.UNKNOWN)
            for face in sight.found
            if face.box not in mine and not _is_judged(face, sight.readings)
        ]
        hidden, traces = tuple(dict.fromkeys(others)), tuple(place.box for place in own)
        return cls(sight.frame, tuple(faces), hidden, traces, _strength(subject), track.id)


class PhotoBook:
    """Keeps, for a few people who may be about to have an episode, their best picture.

    Args:
        pack: gives the same frame in less memory.
    """

    def __init__(self, pack: Callable[[Frame], Frame]) -> None:
        self._pack = pack
        self._best: dict[int, Photo] = {}
        self._unpacked: set[int] = set()
        """People whose picture is not packed."""

    def offer(self, sight: Sight, track: Track) -> None:
        """Shows a picture of a person; it is kept if it shows a violation better.

        Args:
            sight: what is in the picture.
            track: of the person, with the verdict and the reading by the alert rule.
        """
        read = track.reading.state
        if read is State.MASK and track.verdict.state is State.MASK:
            self.drop(track.id)  # what there was, a hand before the face say, is over
        elif sight.is_whole and (read.is_violation or track.verdict.state.is_violation):
            kept = self._best.get(track.id)
            if kept is None or _strength(track.reading) > kept.strength:
                self._best[track.id] = Photo.of(sight, track)
                self._unpacked.add(track.id)
                self._make_room(track.id)

    def settle(self, t: float) -> None:
        """Packs pictures that are old, or too many; to be called after the offers of each look."""
        frames = sorted({self._best[each].frame for each in self._unpacked}, key=_taken)
        while frames and (len(frames) > _MOST_UNPACKED or t - frames[0].t >= _SETTLED_S):
            frame = frames.pop(0)
            packed = self._pack(frame)
            for person in [each for each in self._unpacked if self._best[each].frame is frame]:
                self._best[person] = replace(self._best[person], frame=packed)
                self._unpacked.discard(person)

    def has(self, person: int) -> bool:
        """Whether there is a picture of a person."""
        return person in self._best

    def take(self, person: int) -> Photo | None:
        """The best picture, which is then no longer kept."""
        self._unpacked.discard(person)
        return self._best.pop(person, None)

    def drop(self, person: int, before: float = float("inf")) -> None:
        """Forgets a person's picture, if it was taken before some time in seconds."""
        if self.has(person) and self._best[person].frame.t < before - TIME_SLACK_S:
            self.take(person)

    def _make_room(self, newest: int) -> None:
        while len(self._best) > _MOST_KEPT:
            others = [person for person in self._best if person != newest]
            self.drop(min(others, key=lambda person: self._best[person].frame.t))


def _taken(frame: Frame) -> float:
    return frame.t


def _face(reading: MaskReading, *, is_subject: bool) -> PhotoFace:
    return PhotoFace(
        reading.face.box, reading.state, reading.fault, reading.coverage, is_subject=is_subject
    )


def _same_face(face: Face, found: Iterable[Face]) -> list[Box]:
    """The detection that a face comes from: the classifier moves boxes a little."""
    boxes = [each.box for each in found]
    if not boxes:
        return []
    overlap = iou_matrix(box_array([face.box]), box_array(boxes))[0]
    best = int(overlap.argmax())
    return [boxes[best]] if overlap[best] >= MATCH_IOU else []


def _is_judged(face: Face, readings: Iterable[MaskReading]) -> bool:
    boxes = box_array(reading.face.box for reading in readings)
    return bool(are_covered(box_array([face.box]), boxes, MATCH_IOU)[0])


def _strength(reading: MaskReading) -> float:
    """How surely it shows no mask worn as it should be: also above a limit of coverage."""
    if reading.probabilities is None or reading.state is State.UNKNOWN:
        return 0.0
    return reading.quality * (1.0 - reading.probabilities.mask)


def _is_trace(place: TimedBox, track: Track) -> bool:
    """Whether it was the person who was there then, or the place is that of their face now.

    Somebody else may come where the person just was.
    """
    then = [each.reading.face.box for each in track.recent if each.t == place.t]
    own = box_array([track.reading.face.box, *then])
    return bool(are_covered(box_array([place.box]), own, _TRACE_IOU)[0])
