"""One frame through the stages; no threads, no clock, no I/O of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from maskwatch.faces.base import FaceDetector, Wanted, find
from maskwatch.masks.base import MaskClassifier
from maskwatch.masks.refine import without_repeats
from maskwatch.tracks.surroundings import Sweeps
from maskwatch.tracks.tracker import Tracker
from maskwatch.types import TIME_SLACK_S, Face, Frame, MaskReading, Track


@dataclass(frozen=True, slots=True)
class FrameResult:
    """Everything that one frame of a video yielded."""

    source: str
    frame_index: int
    t: float
    """Seconds since the first frame of the source."""
    readings: tuple[MaskReading, ...]
    """Of every face wanted, best detector score first; in a frame that was not looked at, those of
    the people in it, as last judged."""
    tracks: tuple[Track, ...]
    """The people seen in this frame, by id. Faces that are nobody yet are only in ``readings``."""
    found: tuple[Face, ...] = ()
    """Every face found, wanted or not; none in a frame that was not looked at."""
    is_look: bool = True
    """False for a frame that was not looked at: nobody was missed in it."""

    def without_weak(self, min_score: float) -> FrameResult:
        """The same without the faces of a lower detector score that are nobody."""
        kept = (
            reading
            for reading, track in self.readings_with_tracks()
            if track is not None or reading.face.score >= min_score
        )
        return replace(self, readings=tuple(kept))

    def readings_with_tracks(self) -> list[tuple[MaskReading, Track | None]]:
        """Every reading with the person it belongs to, None for a face that is nobody yet."""
        owners = {id(track.reading): track for track in self.tracks}
        return [(reading, owners.get(id(reading))) for reading in self.readings]


def read_faces(
    frame: Frame, faces: Sequence[Face], classifier: MaskClassifier
) -> list[MaskReading]:
    """Judges the faces of one frame; what was found twice on one face is one reading."""
    return without_repeats(classifier(frame, faces))


@dataclass(frozen=True, slots=True)
class LookSettings:
    """How often a video is looked at; in between, people are where their movement takes them."""

    interval_s: float = 0.1
    """Time between looks while somebody is new, lost or in doubt, or two people meet. The vote on
    a person spans over a second, so more looks than ten a second change no verdict. 0 looks at
    every frame."""
    calm: float = 2.5
    """So many times as long while everybody is known and of one mind."""
    sweep: float = 10.0
    """While everybody is in sight and nothing else moves, the whole picture is looked at after so
    many times ``interval_s``, and in between only where people are, by a detector that can."""
    rarest_sweep: float = 20.0
    """The same, once such looks brought nobody new."""
    restless_sizes: float = 0.5
    """A face that moved so far since the last look, in its own sizes, is looked for at once."""
    small_faces: bool = False
    """Whether far people in large pictures are looked for too, as they are in still images: it
    takes several times as long."""

    def __post_init__(self) -> None:
        if not (self.interval_s >= 0 and self.restless_sizes > 0):  # NaN is neither
            raise ValueError("need interval_s >= 0 and restless_sizes > 0")
        if not 1 <= self.calm <= self.sweep <= self.rarest_sweep:
            raise ValueError("need 1 <= calm <= sweep <= rarest_sweep")


EVERY_FRAME = LookSettings(interval_s=0.0)


class Pipeline:
    """The stages in a row, for the frames of one source in order.

    Args:
        detector: finds faces.
        classifier: judges them.
        tracker: follows them; belongs to this source alone.
        looks: how often the first two are asked.
        wanted: which of the faces found are judged; by default all of them.
    """

    def __init__(
        self,
        detector: FaceDetector,
        classifier: MaskClassifier,
        tracker: Tracker,
        looks: LookSettings = EVERY_FRAME,
        wanted: Wanted = list,
    ) -> None:
        self._detector = detector
        self._classifier = classifier
        self._tracker = tracker
        self._looks = looks
        self._wanted = wanted
        self._looked_t: float | None = None
        self._sweeps = Sweeps(looks.sweep * looks.interval_s, looks.rarest_sweep * looks.interval_s)

    def __call__(self, frame: Frame) -> FrameResult:
        """Takes one frame through the stages, or only moves the people on if it is too soon."""
        due = frame.has_image and self._is_due(frame.t)
        return self._look(frame) if due else self._move_on(frame)

    def _is_due(self, t: float) -> bool:
        if self._looked_t is None or t < self._looked_t:
            return True
        waited_s = t - self._looked_t + TIME_SLACK_S
        if waited_s >= self._looks.calm * self._looks.interval_s:
            return True
        if waited_s >= self._looks.interval_s and not self._is_calm(t):
            return True
        return self._tracker.greatest_move(self._looked_t, t) > self._looks.restless_sizes

    def _is_calm(self, t: float) -> bool:
        return self._tracker.is_calm and not self._tracker.has_encounter(t)

    def _move_on(self, frame: Frame) -> FrameResult:
        tracks = tuple(self._tracker.coast(frame))
        readings = tuple(track.reading for track in tracks)
        return FrameResult(frame.source, frame.index, frame.t, readings, tracks, is_look=False)

    def _look(self, frame: Frame) -> FrameResult:
        found = self._find(frame)
        self._looked_t = frame.t
        readings = read_faces(frame, self._wanted(found), self._classifier)
        tracks = tuple(self._tracker.update(frame, readings))
        return FrameResult(
            frame.source, frame.index, frame.t, tuple(readings), tracks, tuple(found)
        )

    def _find(self, frame: Frame) -> list[Face]:
        """The faces of the whole picture, or only those where people are if that is enough."""
        known = self._tracker.is_complete
        people = self._tracker.expected_boxes(frame.t) if known else None
        places = None if self._sweeps.is_due(frame, people) else people
        return find(self._detector, frame, places, small_faces=self._looks.small_faces)
