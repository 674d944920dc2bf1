"""A pass over sources, one after the other: look at each frame, tell everybody who wants to know.

What goes wrong with one source or one output is noted, and the rest goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, TypeVar

from maskwatch.draw import Mark, draw_marks, pixelate
from maskwatch.errors import MaskwatchError, OutputError, SourceError
from maskwatch.faces.base import FaceDetector, Wanted, wanted_faces
from maskwatch.frames.base import FrameSource, is_single_picture
from maskwatch.frames.discover import SourceSpec
from maskwatch.masks.base import MaskClassifier
from maskwatch.outputs.base import EpisodeSink, FrameSink, JudgedFrame, PictureSink
from maskwatch.outputs.summary import RunSummary, SourceSummary
from maskwatch.pipeline import EVERY_FRAME, LookSettings
from maskwatch.runtime.runs.hindsight import Hindsight, VeiledFrame
from maskwatch.runtime.runs.watch import MovingWatch, StillWatch, Watch
from maskwatch.tracks.tracker import TrackerSettings
from maskwatch.types import Box, Episode, Frame, Image

_log = logging.getLogger(__name__)

MUCH_DAMAGED = 0.01
"""Share of the frames of a recording: where more cannot be decoded, it has not been looked at as a
whole. Some are usual where recordings begin, end or were joined."""
NOT_LAST = "live, without an end: name it last, or watch several with `maskwatch serve`"
"""Why a live source is refused that others follow."""
_EVERY_FACE = replace(EVERY_FRAME, small_faces=True)


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """What counts as a face, and whether it may be shown."""

    min_face_px: float = 0.0
    """Faces with a shorter side than this are left out."""
    blur: bool = False
    """Pixelate, in pictures, every face that the detector found, those left out as well. Every
    frame is then looked at, and for far faces too: none may come into view between two looks."""
    looks: LookSettings = EVERY_FRAME
    """How often faces are looked for in videos."""


@dataclass(frozen=True, slots=True)
class Models:
    """What finds faces and what judges them."""

    detector: FaceDetector
    """Should deliver weak faces too, down to ``TrackerSettings.floor_score``."""
    classifier: MaskClassifier


@dataclass(frozen=True, slots=True)
class Sinks:
    """Where results go. A sink that fails is closed and not used again."""

    frames: Sequence[FrameSink] = ()
    episodes: Sequence[EpisodeSink] = ()
    pictures: Callable[[SourceSpec, FrameSource], Sequence[PictureSink]] = lambda *_: ()
    """Makes, for each source, what gets its finished pictures."""
    is_summary_kept: bool = False
    """Whether the summary goes somewhere, too, so that a run is of use even without any sink."""


class SessionListener:
    """Is told while a session runs, in the session's own thread; does nothing by itself."""

    def source_opened(self, source: FrameSource) -> None:
        """Its frames come next."""

    def frame_done(self, frame: Frame) -> None:
        """The frame has been looked at, and its results are written."""

    def source_done(self, summary: SourceSummary) -> None:
        """The source has ended; ``summary.error`` says if it should not have."""

    def output_failed(self, error: OutputError) -> None:
        """An output cannot be written, and is given up."""

    def should_stop(self) -> bool:
        """Asked after each frame; True ends the session."""
        return False


class Session:
    """Looks at sources.

    Args:
        models: what looks.
        open_source: from a spec to a source that is yet to be entered.
        sinks: where results go; those for frames and episodes are closed by `run`.
        settings: see there.
        tracking: from which detector score on a face counts, and how faces become people.
        listener: whom to tell.
    """

    def __init__(
        self,
        models: Models,
        open_source: Callable[[SourceSpec], FrameSource],
        sinks: Sinks,
        settings: SessionSettings | None = None,
        *,
        tracking: TrackerSettings | None = None,
        listener: SessionListener | None = None,
    ) -> None:
        self._models = models
        self._open_source = open_source
        self._sinks = sinks
        self._settings = settings or SessionSettings()
        self._tracking = tracking or TrackerSettings()
        self._listener = listener or SessionListener()
        self._guard = _Guard(self._listener)

    def run(self, specs: Sequence[SourceSpec], not_found: Sequence[SourceError] = ()) -> RunSummary:
        """Looks at all sources.

        Ctrl-C ends the run early, with everything closed properly; so it ends when no result can
        be written any more. A live source that is not the last one is refused: it has no end.

        Args:
            specs: the sources, in order.
            not_found: requests that led to no source, for the summary.
        """
        summaries: list[SourceSummary] = []
        interrupted = False
        try:
            for place, spec in enumerate(specs, 1):
                visit = _Visit(spec, self._models, self._settings, self._tracking)
                try:
                    self._go_through(visit, is_last=place == len(specs))
                finally:
                    self._add_episodes(visit.watch.end())
                    summaries.append(visit.summary())
                self._listener.source_done(summaries[-1])
                if visit.is_in_vain or self._listener.should_stop():
                    break
        except KeyboardInterrupt:
            interrupted = True
        finally:
            self._guard.close(self._sinks.frames)
            self._guard.close(self._sinks.episodes)
        return RunSummary(
            tuple(summaries),
            tuple(not_found),
            tuple(self._guard.errors),
            interrupted,
            not_reached=tuple(spec.name for spec in specs[len(summaries) :]),
        )

    def _go_through(self, visit: _Visit, *, is_last: bool) -> None:
        """Looks at one source; what goes wrong with it is noted, a mistake of this program too."""
        try:
            with self._open_source(visit.spec) as source:
                if source.is_live and not is_last:
                    raise SourceError(visit.spec.name, NOT_LAST)
                visit.prepare_for(source)
                self._listener.source_opened(source)
                pictures = self._sinks.pictures(visit.spec, source)
                try:
                    self._look_at_frames(visit, source, pictures)
                finally:
                    visit.note_damage(source)
                    self._guard.close(pictures)
                if visit.is_much_damaged and not source.is_live:
                    raise SourceError(visit.spec.name, visit.damage)
        except SourceError as error:
            visit.error = error
        except MaskwatchError:
            raise
        except Exception as error:  # noqa: BLE001 - the boundary: what was seen must not be lost
            _log.exception("%s: looking at it failed", visit.spec.name)
            reason = f"looking at it failed ({type(error).__name__}: {error})"
            visit.error = SourceError(visit.spec.name, reason)

    def _look_at_frames(
        self, visit: _Visit, source: FrameSource, pictures: Sequence[PictureSink]
    ) -> None:
        try:
            for frame in source:
                if visit.is_in_vain:
                    raise SourceError(visit.spec.name, "stopped: no result can be written any more")
                judged = visit.look(frame)
                self._write(judged, visit, pictures)
                self._listener.frame_done(frame)
                visit.is_in_vain = self._is_in_vain(pictures)
                if self._listener.should_stop():
                    return
        finally:
            self._show(visit.veiled_rest(), pictures)

    def _is_in_vain(self, pictures: Sequence[PictureSink]) -> bool:
        """Whether all that was asked for has failed, such as by ``head`` that has read enough."""
        sinks: list[_Closable] = [*self._sinks.frames, *self._sinks.episodes]
        if not sinks or self._sinks.is_summary_kept:
            return False
        return not self._guard.working([*sinks, *pictures])

    def _write(self, judged: JudgedFrame, visit: _Visit, pictures: Sequence[PictureSink]) -> None:
        # First of all, so that whatever happens meanwhile no picture is shown without it.
        veiled = visit.veiled(judged) if self._guard.working(pictures) else ()
        for sink in self._guard.working(self._sinks.frames):
            with self._guard(sink):
                sink.write(judged)
        self._add_episodes(judged.ended)
        self._show(veiled, pictures)

    def _show(self, veiled: Iterable[VeiledFrame], pictures: Sequence[PictureSink]) -> None:
        for each in veiled:
            wanting = self._guard.working(pictures)
            if wanting:
                image = finished_picture(each.judged, each.hidden)
                for sink in wanting:
                    with self._guard(sink):
                        sink.write(image, each.judged.frame.t)

    def _add_episodes(self, episodes: Sequence[Episode]) -> None:
        if episodes:
            for sink in self._guard.working(self._sinks.episodes):
                with self._guard(sink):
                    sink.add(episodes)


def finished_picture(judged: JudgedFrame, hidden: Sequence[Box]) -> Image:
    """The frame with its faces marked, after the boxes to hide are pixelated.

    Where people are followed, a face is marked from when it is somebody: what shows for a frame
    or two is more often a flower than a face, and has no verdict.
    """
    image = pixelate(judged.frame.image, hidden) if hidden else judged.frame.image
    marks = [
        Mark.of_reading(reading) if track is None else Mark.of_track(track)
        for reading, track in judged.faces
        if track is not None or not judged.is_followed
    ]
    return draw_marks(image, marks)


class _Visit:
    """One source being looked at."""

    def __init__(
        self,
        spec: SourceSpec,
        models: Models,
        settings: SessionSettings,
        tracking: TrackerSettings,
    ) -> None:
        self.spec = spec
        self.error: SourceError | None = None
        self.is_in_vain = False
        """Whether no result can be written any more."""
        self._models = models
        self._settings = settings
        self._tracking = tracking
        self._hindsight = Hindsight(wait_s=0.0)
        self._frames = self._readings = self._places = self._damaged = 0
        wanted = self._wanted_from(tracking.start_score)
        self.watch: Watch = StillWatch(models.detector, models.classifier, wanted)

    def prepare_for(self, source: FrameSource) -> None:
        """Follows people, unless the open source turns out to be a single picture."""
        if not is_single_picture(source):
            if self._settings.blur:
                self._hindsight = Hindsight()
            self.watch = MovingWatch(
                self.spec.name,
                self._models.detector,
                self._models.classifier,
                self._tracking,
                _EVERY_FACE if self._settings.blur else self._settings.looks,
                self._wanted_from(self._tracking.floor_score),
            )

    def look(self, frame: Frame) -> JudgedFrame:
        judged = self.watch.look(frame)
        self._frames += 1
        self._readings += len(judged.faces)
        self._places = frame.index + 1
        return judged

    def note_damage(self, source: FrameSource) -> None:
        """To be called when its frames are over."""
        self._damaged = source.damaged
        self._places = max(self._places, source.frame_count or 0)

    @property
    def is_much_damaged(self) -> bool:
        """Whether so much was left out that the source has not been looked at as a whole."""
        return self._damaged > MUCH_DAMAGED * self._places

    @property
    def damage(self) -> str:
        """In words."""
        return f"{self._damaged} of {self._places} frames are damaged and were left out"

    def veiled(self, judged: JudgedFrame) -> Iterable[VeiledFrame]:
        """The frames that may be shown since this last one, with what must not be recognised."""
        return self._hindsight.add(judged, judged.found if self._settings.blur else ())

    def veiled_rest(self) -> Iterable[VeiledFrame]:
        """Those that may be shown because there are no more."""
        return self._hindsight.rest()

    def _wanted_from(self, score: float) -> Wanted:
        return partial(wanted_faces, min_score=score, min_face_px=self._settings.min_face_px)

    def summary(self) -> SourceSummary:
        return SourceSummary(
            source=self.spec.name,
            kind=self.spec.kind.value,
            frames=self._frames,
            readings=self._readings,
            tally=self.watch.tally,
            episodes=self.watch.episodes,
            error=self.error,
            damaged=self._damaged,
        )


class _Closable(Protocol):
    def close(self) -> None: ...


_Sink = TypeVar("_Sink", bound=_Closable)


class _Guard:
    """Gives up sinks that fail, keeps the error, and lets everything else go on."""

    def __init__(self, listener: SessionListener) -> None:
        self._listener = listener
        self._given_up: set[_Closable] = set()
        self.errors: list[OutputError] = []

    def working(self, sinks: Sequence[_Sink]) -> list[_Sink]:
        """Those that have not failed yet."""
        return [sink for sink in sinks if sink not in self._given_up]

    @contextmanager
    def __call__(self, sink: _Closable) -> Iterator[None]:
        """Around the use of a sink."""
        try:
            yield
        except OutputError as error:
            self._given_up.add(sink)
            self.errors.append(error)
            self._listener.output_failed(error)
            with suppress(OutputError):  # the same trouble again
                sink.close()

    def close(self, sinks: Sequence[_Closable]) -> None:
        """Closes those that have not failed."""
        for sink in self.working(sinks):
            with self(sink):
                sink.close()
