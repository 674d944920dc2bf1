"""Remembers how the faces of one source were judged, so that only news are judged again.

A network that looks at a face ten times a second says the same thing ten times a second. Once it
has said so for long enough, surely enough, and the face looks as it did, its last reading stands
in for the next ones. It is asked again as soon as the face looks different where masks are, or
larger, and now and then in any case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwatch.geometry import box_array, iou_matrix
from maskwatch.masks.base import MaskClassifier
from maskwatch.types import TIME_SLACK_S, Box, Face, Frame, Image, MaskReading, State

_GRID = 16
"""Side in pixels at which looks at a face are compared."""


@dataclass(frozen=True, slots=True)
class MemorySettings:
    """When the last reading of a face stands in for a new one."""

    alike_s: float = 0.6
    """The network must have said the same for so long: what the evidence for a change of verdict
    must last, so that all of it is made by looking."""
    keep_s: float = 0.75
    """A reading that is older is made anew. A nose over a mask may look no more different than a
    head that turns, so this bounds how late a change is noticed: looks that come every 0.3 s while
    all is calm, and 0.6 s of evidence, make a verdict within 1.5 s."""
    sure: float = 0.9
    """The likelier side, mask or violation, must have at least this probability."""
    changed: float = 0.4
    """A face whose picture differs by more is judged anew; see `difference`. Of pictures of one
    person, a mask differs from one below the chin by 0.57, from none by 0.53, from a hand by 0.42
    and from one below the nose by 0.27; of looks at calm faces of four clips, 90 % differ by less
    than 0.1 to 0.36 from the one before."""
    grown: float = 1.25
    """A face that is larger by this factor is judged anew: it can be seen better."""
    same_iou: float = 0.4
    """Overlap with where a face was last that makes it the same face."""
    forget_s: float = 1.0
    """A face that was not seen for so long is forgotten."""

    def __post_init__(self) -> None:
        if min(self.alike_s, self.keep_s, self.changed, self.forget_s) < 0 or self.grown < 1:
            raise ValueError("times and differences must not be negative, grown at least 1")
        if not (0 <= self.sure <= 1 and 0 < self.same_iou <= 1):
            raise ValueError("need 0 <= sure <= 1 and 0 < same_iou <= 1")


@dataclass(slots=True, eq=False)
class _Known:
    """A face as last judged."""

    reading: MaskReading
    judged: Face
    """As the detector found it when it was judged."""
    picture: NDArray[np.float32]
    judged_t: float
    alike_since: float
    box: Box
    """Where the detector found it last."""
    seen_t: float


class _Seen(NamedTuple):
    """A face of the present frame."""

    face: Face
    picture: NDArray[np.float32]
    known: _Known | None
    due: bool


class ReadingMemory:
    """Says which faces of a frame are to be judged, and adds the readings of the others.

    For the frames of one source, in order.

    Args:
        settings: when a face is judged anew.
    """

    def __init__(self, settings: MemorySettings | None = None) -> None:
        self._settings = settings or MemorySettings()
        self._known: list[_Known] = []
        self._seen: list[_Seen] = []

    def due(self, frame: Frame, faces: Sequence[Face]) -> list[Face]:
        """Those of the faces that have to be judged now."""
        self._seen = []
        for face, known in zip(faces, self._recognise(frame.t, faces), strict=True):
            picture = face_picture(frame.image, face.box)
            due = known is None or self._is_due(known, frame, face, picture)
            self._seen.append(_Seen(face, picture, known, due))
        return [seen.face for seen in self._seen if seen.due]

    def complete(self, frame: Frame, fresh: Sequence[MaskReading]) -> list[MaskReading]:
        """The readings of all faces that `due` was last asked about, in their order.

        Args:
            frame: the same.
            fresh: of those that were due.
        """
        news = iter(fresh)
        height, width = frame.image.shape[:2]
        readings = []
        for seen in self._seen:
            known = seen.known
            if seen.due or known is None:
                readings.append(next(news))
                self._learn(frame.t, seen, readings[-1])
            else:
                readings.append(_carried_over(known, seen.face, width, height))
                known.box, known.seen_t = seen.face.box, frame.t
        self._forget(frame.t)
        return readings

    def _recognise(self, t: float, faces: Sequence[Face]) -> list[_Known | None]:
        """For each face the known one that overlaps it most, each at most once."""
        if not faces or not self._known or t < max(each.seen_t for each in self._known):
            return [None] * len(faces)
        overlap = iou_matrix(
            box_array(face.box for face in faces), box_array(each.box for each in self._known)
        )
        found: list[_Known | None] = [None] * len(faces)
        for _ in range(min(overlap.shape)):
            row, column = np.unravel_index(int(np.argmax(overlap)), overlap.shape)
            if overlap[row, column] < self._settings.same_iou:
                break
            found[int(row)] = self._known[int(column)]
            overlap[row, :] = overlap[:, column] = -1
        return found

    def _is_due(
        self, known: _Known, frame: Frame, face: Face, picture: NDArray[np.float32]
    ) -> bool:
        settings = self._settings
        return (
            not self._is_sure(known.reading)
            or known.judged_t - known.alike_since < settings.alike_s - TIME_SLACK_S
            or frame.t - known.judged_t >= settings.keep_s - TIME_SLACK_S
            or face.box.side > settings.grown * known.judged.box.side
            or not self._looks_alike(known, frame, picture)
        )

    def _looks_alike(self, known: _Known, frame: Frame, picture: NDArray[np.float32]) -> bool:
        """Where the detector sees it now, or where it was: boxes of the same face vary a little."""
        if difference(picture, known.picture) <= self._settings.changed:
            return True
        there = face_picture(frame.image, known.judged.box)
        return difference(there, known.picture) <= self._settings.changed

    def _is_sure(self, reading: MaskReading) -> bool:
        if reading.state is State.UNKNOWN or reading.probabilities is None:
            return True  # of not being able to tell
        mask = reading.probabilities.mask
        return max(mask, 1 - mask) >= self._settings.sure

    def _learn(self, t: float, seen: _Seen, reading: MaskReading) -> None:
        alike_since, before = t, seen.known
        if before is not None:
            self._known.remove(before)
            if (before.reading.state, before.reading.fault) == (reading.state, reading.fault):
                alike_since = before.alike_since
        face = seen.face
        self._known.append(_Known(reading, face, seen.picture, t, alike_since, face.box, t))

    def _forget(self, now: float) -> None:
        oldest = now - self._settings.forget_s
        self._known = [each for each in self._known if oldest <= each.seen_t <= now]


class RememberingClassifier:
    """A ``MaskClassifier`` for the frames of one source, in order.

    Args:
        classifier: is asked about the faces that have to be judged.
        settings: when that is.
    """

    def __init__(self, classifier: MaskClassifier, settings: MemorySettings | None = None) -> None:
        self._classifier = classifier
        self._memory = ReadingMemory(settings)

    def __call__(self, frame: Frame, faces: Sequence[Face]) -> list[MaskReading]:
        """One reading per face, in the same order; those of known faces may be remembered."""
        due = self._memory.due(frame, faces)
        return self._memory.complete(frame, self._classifier(frame, due) if due else ())


def face_picture(image: Image, box: Box) -> NDArray[np.float32]:
    """A face as a small grey picture that does not depend on brightness and contrast.

    Args:
        image: ``(H, W, 3)`` uint8 BGR.
        box: in pixels of it.

    Returns:
        ``(16, 16)`` with mean 0 and standard deviation 1, or all 0 for a flat picture.
    """
    height, width = image.shape[:2]
    x0, y0 = min(max(int(box.x0), 0), width - 1), min(max(int(box.y0), 0), height - 1)
    part = image[y0 : max(int(box.y1), y0 + 1), x0 : max(int(box.x1), x0 + 1)]
    # A few points of each square are enough to average over, and quicker than all.
    points = cv2.resize(part, (4 * _GRID, 4 * _GRID), interpolation=cv2.INTER_LINEAR)
    small = cv2.resize(points, (_GRID, _GRID), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    mean, deviation = cv2.meanStdDev(grey)  # a tenth of the time that NumPy takes
    return (grey.astype(np.float32) - mean.item()) / max(deviation.item(), 1.0)


def difference(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Mean absolute difference of the lower halves of two pictures of `face_picture`.

    Over the whole face, eyes and forehead that stay as they are would outweigh a mask that goes.

    Returns:
        0 for the same, about 1.1 for two that have nothing to do with each other.
    """
    lower = slice(_GRID // 2, None)
    return float(np.abs(a[lower] - b[lower]).mean())


def _carried_over(known: _Known, face: Face, width: int, height: int) -> MaskReading:
    """The last reading, its box where the face is now."""
    then, placed, now = known.judged.box, known.reading.face.box, face.box
    across, down = now.width / then.width, now.height / then.height
    box = Box(
        max(0.0, now.x0 + (placed.x0 - then.x0) * across),
        max(0.0, now.y0 + (placed.y0 - then.y0) * down),
        min(float(width), now.x1 + (placed.x1 - then.x1) * across),
        min(float(height), now.y1 + (placed.y1 - then.y1) * down),
    )
    return replace(known.reading, face=replace(face, box=box))
