"""One camera of the service: capture, inference, rules, and what comes of it.

Two threads: one captures, the other waits for the models and works out what follows. Neither
waits for a database or a network.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from maskwatch.config.privacy import Photos, PrivacyConfig
from maskwatch.events.camera import (
    CameraWatch,
    Closed,
    Continued,
    Left,
    News,
    Opened,
    Point,
    Presence,
    Sight,
    Watched,
)
from maskwatch.events.photos import Photo
from maskwatch.frames.reach import Reach
from maskwatch.runtime.live.child import DecoderProcess
from maskwatch.runtime.live.messages import DecoderOrder
from maskwatch.runtime.monitoring.capture import AbortableDecoding, Capture, Link
from maskwatch.runtime.monitoring.chronicle import (
    Chronicle,
    Entry,
    EpisodeOpened,
    EpisodeUpdated,
    UncertainFace,
)
from maskwatch.runtime.monitoring.clock import ClockWatch
from maskwatch.runtime.monitoring.control import CameraPhase, CameraStatus
from maskwatch.runtime.monitoring.finish import (
    FinishedPhoto,
    finish_photo,
    live_picture,
    packed,
)
from maskwatch.runtime.monitoring.gaze import Gaze
from maskwatch.runtime.monitoring.inference import (
    InferenceFailed,
    InferenceStopped,
    Look,
    SharedInference,
)
from maskwatch.runtime.monitoring.live_hub import LiveHub, LivePerson
from maskwatch.runtime.monitoring.minutes import MinuteSums
from maskwatch.runtime.monitoring.rates import Rate
from maskwatch.runtime.monitoring.rules import rules_of
from maskwatch.store.ids import new_id
from maskwatch.store.records import EpisodeRecord, HealthRecord, PersonRecord, TimelinePoint
from maskwatch.tracks.tracker import TrackerSettings
from maskwatch.types import Box, Episode, Face, Frame

if TYPE_CHECKING:
    from maskwatch.config.cameras import CameraConfig

_log = logging.getLogger(__name__)

_LOOK_AT_MAILBOX_S = 0.5
_UNWATCHED_EVERY_S = 5.0
"""How often a live picture is made while nobody looks at it."""

_UNCERTAIN_EVERY_S = 600.0
"""At most one face per camera is proposed for labelling in this time."""

_RETRY_MODELS_S = 1.0


@dataclass(frozen=True, slots=True)
class LaneSetting:
    """What all lanes share."""

    inference: SharedInference
    chronicle: Chronicle
    hub: LiveHub
    privacy: PrivacyConfig
    zone: tzinfo
    score: float
    """From which detector score on something is a face, as the model recommends."""
    model_version: str = ""
    connect: Callable[[DecoderOrder], AbortableDecoding] = DecoderProcess
    tracking: TrackerSettings = field(default_factory=TrackerSettings)
    reach: Reach = field(default_factory=Reach)
    """Where the addresses of cameras of the dashboard may lead."""
    wall: Callable[[], float] = time.time
    """The time of day in seconds, to notice that the clock is set."""


@dataclass(frozen=True, slots=True)
class _Clock:
    """What the time of day was at a moment on the clock of the frames' source."""

    t: float
    at: datetime

    def moment(self, t: float) -> datetime:
        """The time of day at ``t``."""
        return self.at + timedelta(seconds=t - self.t)


class CameraLane:
    """Watches one camera from `start` to `stop`.

    Args:
        name: of the camera.
        config: its section.
        setting: what all lanes share.
        first_person: number of the first person.
        from_dashboard: where the camera was added.
    """

    def __init__(
        self,
        name: str,
        config: CameraConfig,
        setting: LaneSetting,
        *,
        first_person: int = 1,
        from_dashboard: bool = False,
    ) -> None:
        self.name = name
        self.config = config
        self.from_dashboard = from_dashboard
        self._setting = setting
        self._rules = rules_of(config)
        score = setting.score if config.min_score is None else config.min_score
        weak = min(score, setting.tracking.min_score)
        self._min_score = weak
        tracking = replace(setting.tracking, start_score=max(score, weak), min_score=weak)
        self._tracking = tracking
        self._watch = self._new_watch(first_person)
        self._gaze = Gaze(self._watch, self._judged)
        self._minutes = MinuteSums(name)
        reach = setting.reach if from_dashboard else None
        self._capture = Capture(name, config, self._on_link, connect=setting.connect, reach=reach)
        self._looks = Rate()
        self._latency_s = Rate()
        self._people = 0
        self._ids: dict[tuple[int, float], str] = {}
        self._clock: _Clock | None = None
        self._clock_watch = ClockWatch(setting.wall)
        self._looked_at: float | None = None
        """When somebody may last have been seen; None once nobody is taken to be there."""
        self._shown_at = self._asked_at = float("-inf")
        self._shown_violators: set[int] = set()
        self._models_fail = self._is_frozen = self._is_connected = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch {name}", daemon=True)

    def start(self) -> None:
        """Starts watching."""
        self._capture.start()
        self._thread.start()

    def request_stop(self) -> None:
        """Has both threads end soon; returns at once."""
        self._stopping.set()
        self._capture.request_stop()

    def join(self, timeout_s: float) -> bool:
        """Whether both threads have ended, now or within the time."""
        deadline = time.monotonic() + timeout_s
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        captured = self._capture.join(max(0.0, deadline - time.monotonic()))
        return captured and not self._thread.is_alive()

    @property
    def offered_fps(self) -> float:
        """Pictures a second that come to be looked at."""
        return self._capture.offered.per_second()

    @property
    def fps(self) -> float:
        """Pictures a second that are looked at."""
        return self._looks.per_second()

    @property
    def next_person(self) -> int:
        """The number of whoever comes next."""
        return self._watch.next_person

    @property
    def tried(self) -> bool:
        """Whether the camera has been reached, or not, at least once."""
        return self._capture.link.phase is not CameraPhase.CONNECTING

    def status(self) -> CameraStatus:
        """How it is doing."""
        capture, link, fps = self._capture, self._capture.link, self.fps
        local = datetime.now(UTC).astimezone(self._setting.zone).replace(tzinfo=None)
        return CameraStatus(
            camera=self.name,
            address=self.config.address,
            phase=link.phase,
            since=link.since,
            reason=link.reason,
            attempt=link.attempt,
            retry_in_s=link.retry_in_s,
            width=capture.size[1],
            height=capture.size[0],
            fps=fps,
            offered_fps=self.offered_fps,
            frames=int(self._looks.total),
            dropped=capture.dropped,
            damaged=capture.damaged,
            latency_s=self._latency_s.per_second() / fps if fps > 0 else None,
            last_frame_at=capture.last_frame_at,
            people=self._people if link.phase is CameraPhase.WATCHING else 0,
            required=self._rules.required_somewhere(local),
            from_dashboard=self.from_dashboard,
        )

    def _new_watch(self, first_person: int) -> CameraWatch:
        return CameraWatch(self.name, self._rules, self._tracking, first_person, packed)

    def _run(self) -> None:
        mailbox = self._capture.mailbox
        try:
            while not self._stopping.is_set():
                if mailbox.wait(_LOOK_AT_MAILBOX_S):
                    self._look()
                elif self._capture.link.phase is not CameraPhase.WATCHING:
                    self._look_at_nothing()
        except InferenceStopped:
            pass
        self._tell(self._watch.end())
        self._setting.chronicle.write(self._minutes.rest())
        self._note_models("")  # the next lane knows nothing of it, and could not take it back

    def _look(self) -> None:
        try:
            look = self._setting.inference.look(
                lambda: self._capture.mailbox.take(0), self._gaze.wanted, self._places
            )
            if look is not None:
                self._take_in(look)
        except InferenceFailed as error:
            self._fail(str(error))
        except InferenceStopped:
            raise
        except Exception as error:  # noqa: BLE001 - the boundary: no camera goes blind in silence
            _log.exception("camera %s: a picture could not be worked on", self.name)
            self._fail(f"a picture could not be worked on: {error}")
        else:
            self._note_models("")

    def _look_at_nothing(self) -> None:
        """Nobody is told to be there unseen; after long nobody is remembered either."""
        self._people = 0
        self._show_nobody()
        if self._looked_at is not None:
            unseen_s = time.monotonic() - self._looked_at
            if unseen_s > self._rules.gone_after_s:
                self._give_up_everybody()

    def _give_up_everybody(self) -> None:
        """Ends what is open, as of the last picture: whoever is there later is somebody new."""
        self._looked_at = None
        self._tell(self._watch.end())
        self._watch = self._new_watch(self._watch.next_person)
        self._gaze = Gaze(self._watch, self._judged)

    def _fail(self, reason: str) -> None:
        self._note_models(reason)
        self._look_at_nothing()
        self._stopping.wait(_RETRY_MODELS_S)

    def _places(self, frame: Frame) -> Sequence[Box] | None:
        if self._setting.hub.is_watched(self.name):
            self._gaze.wants_whole = True  # each picture is shown
        return self._gaze.places(frame)

    def _judged(self, frame: Frame, found: Sequence[Face]) -> list[Face]:
        height, width = frame.image.shape[:2]
        wanted = [
            face
            for face in found
            if face.score >= self._min_score and face.box.side >= self.config.min_face_px
        ]
        return self._rules.zones.judged(wanted, width, height)

    def _take_in(self, look: Look) -> None:
        frame = look.frame
        if step_s := self._clock_watch.step_s():
            _log.warning("camera %s: the clock was set by %+.0f s", self.name, step_s)
            # Else what began before would end at a time that does not fit its start.
            self._give_up_everybody()
        self._clock = _Clock(frame.t, _taken_at(frame))
        sight = self._gaze.sight(look)
        local = _taken_at(frame).astimezone(self._setting.zone).replace(tzinfo=None)
        watched = self._watch.look(sight, local)
        self._looked_at = time.monotonic()
        self._tell(watched.news)
        self._people = len(watched.people)
        self._show(sight, watched)
        self._propose(watched)
        minute = _taken_at(frame).replace(second=0, microsecond=0)
        states = [(each.zone, each.track.reading.state) for each in watched.people]
        self._setting.chronicle.write(self._minutes.add(minute, states))
        self._looks.add()
        self._latency_s.add((datetime.now(UTC) - _taken_at(frame)).total_seconds())

    def _show(self, sight: Sight, watched: Watched) -> None:
        hub, now = self._setting.hub, time.monotonic()
        if self._stopping.is_set():
            return  # a lane with other settings may be in its place by now
        violators = {each.track.id for each in watched.people if each.episode_s is not None}
        # Where nobody looks, channels such as MQTT still tell whether there is a violation now.
        is_news = violators != self._shown_violators or hub.is_watched(self.name)
        if not is_news and now - self._shown_at < _UNWATCHED_EVERY_S:
            return
        if not sight.is_whole:
            self._gaze.wants_whole = True
            return
        self._shown_at, self._shown_violators = now, violators
        privacy = self._setting.privacy
        jpeg = live_picture(sight, watched.people, privacy)
        clock = _Clock(sight.frame.t, _taken_at(sight.frame))
        # How somebody wears a mask is said of nobody where only counts may be shown.
        shown = () if privacy.statistics_only else watched.people
        people = tuple(self._live_person(each, clock) for each in shown)
        hub.publish(self.name, jpeg, people, _taken_at(sight.frame))

    def _show_nobody(self) -> None:
        """Leaves the last picture with its time, and takes the people away from it."""
        hub = self._setting.hub
        view = hub.peek(self.name)
        if view is not None and view.people and not self._stopping.is_set():
            hub.publish(self.name, view.jpeg, (), view.at)
            self._shown_at, self._shown_violators = float("-inf"), set()

    def _live_person(self, presence: Presence, clock: _Clock) -> LivePerson:
        track = presence.track
        start_s = presence.episode_s
        return LivePerson(
            track=track.id,
            state=track.verdict.state,
            fault=track.verdict.fault,
            coverage=track.verdict.coverage,
            zone=presence.zone,
            since=clock.moment(presence.first_t),
            episode_id=None if start_s is None else self._ids.get((track.id, start_s)),
            exempt=presence.exemption is not None,
            face_px=track.reading.face.box.side,
        )

    def _propose(self, watched: Watched) -> None:
        """Puts a doubtful face into the queue for labels, where faces may be seen at all."""
        photo, now, privacy = watched.uncertain, time.monotonic(), self._setting.privacy
        if photo is None or privacy.photos is not Photos.CLEAR:
            return
        if now - self._asked_at < _UNCERTAIN_EVERY_S:
            return
        finished = finish_photo(photo, privacy, _taken_at(photo.frame))
        if finished is None:
            return
        self._asked_at = now
        subject = photo.faces[0]
        face = UncertainFace(new_id(), self.name, finished, subject.state, subject.fault)
        self._setting.chronicle.write([face])

    def _tell(self, news: Sequence[News]) -> None:
        entries = [self._entry(each) for each in news]
        if entries:
            self._setting.chronicle.write(entries)

    def _entry(self, news: News) -> Entry:
        clock = self._clock
        assert clock is not None  # noqa: S101 - news come of pictures
        if isinstance(news, Opened):
            return self._opened(news, clock)
        if isinstance(news, Left):
            return PersonRecord(
                id=new_id(),
                camera=self.name,
                zone=news.zone,
                track=news.person.track,
                state=news.person.state,
                fault=news.person.fault,
                first_at=clock.moment(news.person.first_s),
                last_at=clock.moment(news.person.last_s),
            )
        return self._updated(news, clock)

    def _opened(self, news: Opened, clock: _Clock) -> EpisodeOpened:
        episode, setting = news.episode, self._setting
        episode_id = new_id()
        self._ids[episode.track, episode.start_s] = episode_id
        record = EpisodeRecord(
            id=episode_id,
            camera=self.name,
            zone=news.zone,
            track=episode.track,
            state=episode.state,
            fault=episode.fault,
            coverage=news.coverage,
            started_at=clock.moment(episode.start_s),
            model_version=setting.model_version,
        )
        photo = None if news.photo is None else self._finished(news.photo)
        return EpisodeOpened(record, datetime.now(UTC), photo, _timeline(news.points, clock))

    def _finished(self, photo: Photo) -> FinishedPhoto | None:
        """The photo as it may be kept; None when none may, or when it cannot be made."""
        try:
            return finish_photo(photo, self._setting.privacy, _taken_at(photo.frame))
        except Exception:  # noqa: BLE001 - out of memory, say: the episode matters more
            _log.exception("camera %s: the photo of an episode cannot be made", self.name)
            return None

    def _updated(self, news: Continued | Closed, clock: _Clock) -> EpisodeUpdated:
        episode: Episode = news.episode
        key = (episode.track, episode.start_s)
        is_over = isinstance(news, Closed)
        return EpisodeUpdated(
            id=self._ids.pop(key) if is_over else self._ids[key],
            state=episode.state,
            fault=episode.fault,
            coverage=news.coverage,
            ended_at=clock.moment(episode.end_s) if is_over else None,
            timeline=_timeline(news.points, clock),
        )

    def _on_link(self, link: Link) -> None:
        """Writes down what changed: the connection, or whether the picture is frozen."""
        if self._is_frozen and link.phase is not CameraPhase.FROZEN:
            self._is_frozen = False
            self._note_trouble("frozen", "ok", "")
        if link.phase is CameraPhase.LOST:
            self._is_connected = False
            self._note_trouble("connection", "lost", link.reason)
        elif link.phase in (CameraPhase.WATCHING, CameraPhase.FROZEN) and not self._is_connected:
            self._is_connected = True
            self._note_trouble("connection", "connected", "")
        if link.phase is CameraPhase.FROZEN:
            self._is_frozen = True
            self._note_trouble("frozen", "frozen", link.reason)

    def _note_models(self, reason: str) -> None:
        if bool(reason) != self._models_fail:
            self._models_fail = bool(reason)
            self._note_trouble("inference", "failed" if reason else "ok", reason)

    def _note_trouble(self, kind: str, state: str, reason: str) -> None:
        record = HealthRecord(new_id(), datetime.now(UTC), self.name, kind, state, reason)
        self._setting.chronicle.write([record])


def _taken_at(frame: Frame) -> datetime:
    return frame.captured_at or datetime.now(UTC)


def _timeline(points: Sequence[Point], clock: _Clock) -> tuple[TimelinePoint, ...]:
    return tuple(
        TimelinePoint(
            clock.moment(point.t),
            point.reading.state,
            point.reading.fault,
            point.reading.coverage,
            point.reading.quality,
        )
        for point in points
    )
