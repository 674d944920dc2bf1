"""Doubles for the seams: sources, detectors, classifiers, channels that do what they are told.

For our own tests and those of anybody who builds on this package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Self

import numpy as np

from maskwatch.alerts.base import Alert
from maskwatch.errors import SourceError
from maskwatch.types import (
    Box,
    Face,
    Fault,
    Frame,
    MaskReading,
    State,
    StateProbabilities,
)


def blank_frames(
    times: Sequence[float], *, width: int = 640, height: int = 480, source: str = "scripted"
) -> list[Frame]:
    """Black frames at the given times (seconds), indexed from 0."""
    image = np.zeros((height, width, 3), dtype=np.uint8)
    return [Frame(source, index, t, image) for index, t in enumerate(times)]


def face_at(x: float, y: float, size: float = 80.0, score: float = 0.9) -> Face:
    """A square face with its centre at (x, y), in pixels."""
    half = size / 2
    return Face(Box(x - half, y - half, x + half, y + half), score)


def reading_of(
    face: Face,
    state: State,
    fault: Fault | None = None,
    *,
    quality: float = 1.0,
    confidence: float = 0.9,
) -> MaskReading:
    """A reading with probabilities that fit its state.

    Args:
        face: the face that was judged.
        state: the judgement; ``unknown`` gets even probabilities and the reason "scripted".
        fault: for ``incorrect``, where it defaults to ``nose_out``.
        quality: in [0, 1].
        confidence: probability of ``state``; the other two states share the rest.
    """
    if state is State.UNKNOWN:
        even = StateProbabilities(1 / 3, 1 / 3, 1 / 3)
        return MaskReading(face, state, None, even, quality, reason="scripted")
    if state is State.INCORRECT and fault is None:
        fault = Fault.NOSE_OUT
    rest = (1 - confidence) / 2
    probabilities = StateProbabilities(
        *(confidence if state.value == name else rest for name in StateProbabilities._fields)
    )
    return MaskReading(face, state, fault, probabilities, quality)


class ScriptedSource:
    """A frame source that yields what it was given.

    Args:
        frames: the frames, in order.
        error: raised after the last frame, as by a file that breaks off or a camera that is lost.
        is_live: what the source says of itself.
        fps: what the source says of itself.
        damaged: what the source says of itself.
    """

    def __init__(
        self,
        frames: Sequence[Frame],
        *,
        error: SourceError | None = None,
        is_live: bool = False,
        fps: float | None = None,
        damaged: int = 0,
    ) -> None:
        self._frames = list(frames)
        self._error = error
        self._is_live = is_live
        self._fps = fps
        self.damaged = damaged
        self.entered = 0
        self.exited = 0

    @property
    def name(self) -> str:
        """The source of the first frame, or "scripted" without frames."""
        return self._frames[0].source if self._frames else "scripted"

    @property
    def is_live(self) -> bool:
        """As given."""
        return self._is_live

    @property
    def frame_count(self) -> int | None:
        """Number of frames; None for a live source."""
        return None if self._is_live else len(self._frames)

    @property
    def fps(self) -> float | None:
        """As given."""
        return self._fps

    def __enter__(self) -> Self:
        self.entered += 1
        return self

    def __exit__(self, *exc: object) -> None:
        self.exited += 1

    def __iter__(self) -> Iterator[Frame]:
        yield from self._frames
        if self._error is not None:
            raise self._error


class FixedDetector:
    """Finds the same faces in every frame, best score first."""

    def __init__(self, faces: Sequence[Face]) -> None:
        self._faces = sorted(faces, key=lambda face: -face.score)

    def __call__(self, frame: Frame) -> list[Face]:  # noqa: ARG002 - the seam's signature
        """The faces, whatever the frame shows."""
        return list(self._faces)


class ScriptedDetector:
    """Finds the faces written down for the index of the frame, none for other frames."""

    def __init__(self, faces: Mapping[int, Sequence[Face]]) -> None:
        self._faces = faces

    def __call__(self, frame: Frame) -> list[Face]:
        """The faces of ``frame.index``, best score first."""
        return sorted(self._faces.get(frame.index, ()), key=lambda face: -face.score)


class FixedClassifier:
    """Judges every face alike."""

    def __init__(self, state: State, fault: Fault | None = None, *, quality: float = 1.0) -> None:
        self._state = state
        self._fault = fault
        self._quality = quality

    def __call__(
        self,
        frame: Frame,  # noqa: ARG002 - the seam's signature
        faces: Sequence[Face],
    ) -> list[MaskReading]:
        """One reading per face, in the same order."""
        return [reading_of(face, self._state, self._fault, quality=self._quality) for face in faces]


class ScriptedClassifier:
    """Judges each face as a function of frame and face says."""

    def __init__(self, judge: Callable[[Frame, Face], MaskReading]) -> None:
        self._judge = judge

    def __call__(self, frame: Frame, faces: Sequence[Face]) -> list[MaskReading]:
        """One reading per face, in the same order."""
        return [self._judge(frame, face) for face in faces]


class RecordingChannel:
    """An alert channel that keeps what it is given.

    Args:
        answer: called with each alert before it is kept; an error that it returns is raised.
    """

    def __init__(self, answer: Callable[[Alert], Exception | None] | None = None) -> None:
        self._answer = answer
        self.alerts: list[Alert] = []
        """What was to be sent, failed attempts included."""
        self.closed = 0

    def send(self, alert: Alert) -> None:
        """Keeps the alert."""
        error = None if self._answer is None else self._answer(alert)
        self.alerts.append(alert)
        if error is not None:
            raise error

    def close(self) -> None:
        """Counts."""
        self.closed += 1
