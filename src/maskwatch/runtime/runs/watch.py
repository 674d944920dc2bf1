"""What is done with the frames of one source: a picture is read, a video is followed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from maskwatch.events.episodes import EpisodeLog, in_order
from maskwatch.events.people import PeopleLog
from maskwatch.faces.base import FaceDetector, Wanted
from maskwatch.masks.base import MaskClassifier
from maskwatch.masks.memory import RememberingClassifier
from maskwatch.outputs.base import JudgedFrame
from maskwatch.outputs.summary import Condition, Tally
from maskwatch.pipeline import EVERY_FRAME, LookSettings, Pipeline, read_faces
from maskwatch.tracks.tracker import Tracker, TrackerSettings
from maskwatch.types import Episode, Frame


def new_pipeline(
    detector: FaceDetector,
    classifier: MaskClassifier,
    tracking: TrackerSettings,
    looks: LookSettings,
    wanted: Wanted = list,
) -> Pipeline:
    """The stages for the frames of one video: see `Pipeline`.

    Where not every frame is looked at, a face that looks as it did keeps its reading for a moment.
    """
    judge = RememberingClassifier(classifier) if looks.interval_s else classifier
    return Pipeline(detector, judge, Tracker(tracking), looks, wanted)


class Watch(Protocol):
    """Looks at the frames of one source, in order."""

    def look(self, frame: Frame) -> JudgedFrame:
        """What is in the frame."""
        ...

    def end(self) -> tuple[Episode, ...]:
        """To be called once, after the last frame: the episodes that had not ended before."""
        ...

    @property
    def episodes(self) -> tuple[Episode, ...]:
        """All episodes, in order of start; complete after `end`."""
        ...

    @property
    def tally(self) -> Tally:
        """The people of the source; complete after `end`."""
        ...


class StillWatch:
    """A picture: every face is a person, judged by one reading.

    Args:
        detector: finds faces.
        classifier: judges them.
        wanted: which of those found are judged.
    """

    def __init__(self, detector: FaceDetector, classifier: MaskClassifier, wanted: Wanted) -> None:
        self._detector = detector
        self._classifier = classifier
        self._wanted = wanted
        self._conditions: list[Condition] = []

    def look(self, frame: Frame) -> JudgedFrame:
        """What is in the picture."""
        found = self._detector(frame)
        readings = read_faces(frame, self._wanted(found), self._classifier)
        self._conditions.extend((each.state, each.fault) for each in readings)
        faces = tuple((reading, None) for reading in readings)
        return JudgedFrame(frame, faces, found=tuple(found))

    def end(self) -> tuple[Episode, ...]:
        """A picture has no duration, so no episodes."""
        return ()

    @property
    def episodes(self) -> tuple[Episode, ...]:
        """None."""
        return ()

    @property
    def tally(self) -> Tally:
        """One person per face."""
        return Tally.of(self._conditions)


class MovingWatch:
    """A video or camera: people are followed, judged by vote, and counted once.

    Args:
        source: name of the source.
        detector: finds faces, weak ones included.
        classifier: judges them.
        tracking: how faces become people; weaker ones than those that start a track are reported
            only when they belong to somebody.
        looks: how often faces are looked for.
        wanted: which of those found are judged.
    """

    def __init__(
        self,
        source: str,
        detector: FaceDetector,
        classifier: MaskClassifier,
        tracking: TrackerSettings,
        looks: LookSettings = EVERY_FRAME,
        wanted: Wanted = list,
    ) -> None:
        self._pipeline = new_pipeline(detector, classifier, tracking, looks, wanted)
        self._episode_log = EpisodeLog(source)
        self._people_log = PeopleLog(source)
        self._report_score = tracking.start_score
        self._ended: list[Episode] = []
        self._last_t = 0.0

    def look(self, frame: Frame) -> JudgedFrame:
        """What is in the frame."""
        result = self._pipeline(frame).without_weak(self._report_score)
        self._people_log.update(result.tracks)
        ended = self._episode_log.update(
            frame.index, frame.t, result.tracks, is_look=result.is_look
        )
        self._note(ended)
        self._last_t = frame.t
        faces = tuple(result.readings_with_tracks())
        return JudgedFrame(frame, faces, is_followed=True, ended=tuple(ended), found=result.found)

    def end(self) -> tuple[Episode, ...]:
        """The episodes still open at the last frame."""
        left = tuple(self._episode_log.close(self._last_t))
        self._note(left)
        return left

    def _note(self, ended: Sequence[Episode]) -> None:
        self._ended.extend(ended)
        self._people_log.add(ended)

    @property
    def episodes(self) -> tuple[Episode, ...]:
        """All episodes, in order of start."""
        return tuple(in_order(self._ended))

    @property
    def tally(self) -> Tally:
        """One person per track."""
        return Tally.of((person.state, person.fault) for person in self._people_log.people())
