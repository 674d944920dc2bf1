"""One frame through the stages; no threads, no clock, no I/O of its own."""

from __future__ import annotations

from dataclasses import dataclass

from maskwatch.faces.base import FaceDetector
from maskwatch.masks.base import MaskClassifier
from maskwatch.masks.refine import without_repeats
from maskwatch.tracks.tracker import Tracker
from maskwatch.types import Frame, MaskReading, Track


@dataclass(frozen=True, slots=True)
class FrameResult:
    """Everything that one frame of a video yielded."""

    source: str
    frame_index: int
    t: float
    """Seconds since the first frame of the source."""
    readings: tuple[MaskReading, ...]
    """Of every face found, best detector score first."""
    tracks: tuple[Track, ...]
    """The people seen in this frame, by id. Faces that are nobody yet are only in ``readings``."""

    def readings_with_tracks(self) -> list[tuple[MaskReading, Track | None]]:
        """Every reading with the person it belongs to, None for a face that is nobody yet."""
        owners = {id(track.reading): track for track in self.tracks}
        return [(reading, owners.get(id(reading))) for reading in self.readings]


def read_faces(
    frame: Frame, detector: FaceDetector, classifier: MaskClassifier
) -> list[MaskReading]:
    """Finds the faces of one picture and judges each: all there is to do for a still image."""
    return without_repeats(classifier(frame, detector(frame)))


class Pipeline:
    """The stages in a row, for the frames of one source in order."""

    def __init__(
        self, detector: FaceDetector, classifier: MaskClassifier, tracker: Tracker
    ) -> None:
        self._detector = detector
        self._classifier = classifier
        self._tracker = tracker

    def __call__(self, frame: Frame) -> FrameResult:
        """Takes one frame through detector, classifier and tracker."""
        readings = read_faces(frame, self._detector, self._classifier)
        tracks = self._tracker.update(frame, readings)
        return FrameResult(frame.source, frame.index, frame.t, tuple(readings), tuple(tracks))
