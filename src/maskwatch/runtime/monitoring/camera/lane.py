"""One camera of the service: capture, inference, rules, and what comes of it.

Two threads: one captures, the other waits for the models and works out what follows. Neither
waits for a database or a network.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from maskwatch.config.privacy import PrivacyConfig
from maskwatch.events.camera import CameraWatch
from maskwatch.faces.base import wanted_faces
from maskwatch.frames.reach import Reach
from maskwatch.runtime.live.child import DecoderProcess
from maskwatch.runtime.live.messages import DecoderOrder
from maskwatch.runtime.monitoring.camera.capture import AbortableDecoding, Capture
from maskwatch.runtime.monitoring.camera.clock import ClockWatch
from maskwatch.runtime.monitoring.camera.display import Display
from maskwatch.runtime.monitoring.camera.gaze import Gaze
from maskwatch.runtime.monitoring.camera.minutes import MinuteSums
from maskwatch.runtime.monitoring.camera.reporter import Reporter
from maskwatch.runtime.monitoring.camera.rules import rules_of
from maskwatch.runtime.monitoring.camera.troubles import TroubleWatch
from maskwatch.runtime.monitoring.control import CameraPhase, CameraStatus
from maskwatch.runtime.monitoring.finish import packed, taken_at
from maskwatch.runtime.monitoring.inference import (
    InferenceFailed,
    InferenceStopped,
    Look,
    SharedInference,
)
from maskwatch.runtime.monitoring.live_hub import LiveHub
from maskwatch.runtime.monitoring.records.chronicle import Chronicle
from maskwatch.runtime.monitoring.throughput import Throughput
from maskwatch.tracks.tracker import TrackerSettings
from maskwatch.types import Box, Face, Frame

if TYPE_CHECKING:
    from maskwatch.config.cameras import CameraConfig

_log = logging.getLogger(__name__)

_LOOK_AT_MAILBOX_S = 0.5
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
    """How sure the detector must be of a face, as the model recommends."""
    model_version: str = ""
    connect: Callable[[DecoderOrder], AbortableDecoding] = DecoderProcess
    tracking: TrackerSettings = field(default_factory=TrackerSettings)
    reach: Reach = field(default_factory=Reach)
    """Where the addresses of cameras of the dashboard may lead."""
    wall: Callable[[], float] = time.time
    """The time of day in seconds, to notice that the clock is set."""


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
        self._tracking = setting.tracking.starting_from(score)
        self._watch = self._new_watch(first_person)
        self._gaze = Gaze(self._watch, self._judged)
        self._minutes = MinuteSums(name)
        self._reporter = Reporter(name, setting.chronicle, setting.privacy, setting.model_version)
        self._stopping = threading.Event()
        self._display = Display(name, setting.hub, setting.privacy, self._reporter, self._stopping)
        self._troubles = TroubleWatch(name, setting.chronicle)
        self._capture = Capture(
            name,
            config,
            self._troubles.note_link,
            connect=setting.connect,
            reach=setting.reach if from_dashboard else None,
        )
        self._looks = Throughput()
        self._latency_s = Throughput()
        self._people = 0
        self._clock_watch = ClockWatch(setting.wall)
        self._size: tuple[int, ...] | None = None
        """Height and width of the last picture."""
        self._looked_at: float | None = None
        """When somebody may last have been seen; None once nobody is taken to be there."""
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
        self._reporter.tell(self._watch.end())
        self._setting.chronicle.write(self._minutes.rest())
        # The next lane knows nothing of a trouble, and could not take it back.
        self._troubles.note_models("")

    def _look(self) -> None:
        try:
            look = self._setting.inference.look(
                lambda: self._capture.mailbox.take(0),
                self._gaze.wanted,
                self._places,
                self._stopping.is_set,
                small_faces=self.config.small_faces,
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
            self._troubles.note_models("")

    def _look_at_nothing(self) -> None:
        """Nobody is told to be there unseen; after long nobody is remembered either."""
        self._people = 0
        self._display.show_nobody()
        if self._looked_at is not None:
            unseen_s = time.monotonic() - self._looked_at
            if unseen_s > self._rules.gone_after_s:
                self._give_up_everybody()

    def _give_up_everybody(self) -> None:
        """Ends what is open, as of the last picture: whoever is there later is somebody new."""
        self._looked_at = None
        self._reporter.tell(self._watch.end())
        self._watch = self._new_watch(self._watch.next_person)
        self._gaze = Gaze(self._watch, self._judged)

    def _fail(self, reason: str) -> None:
        self._troubles.note_models(reason)
        self._look_at_nothing()
        self._stopping.wait(_RETRY_MODELS_S)

    def _places(self, frame: Frame) -> Sequence[Box] | None:
        if self._display.is_watched:
            self._gaze.wants_whole = True  # each picture is shown
        return self._gaze.places(frame)

    def _judged(self, frame: Frame, found: Sequence[Face]) -> list[Face]:
        height, width = frame.image.shape[:2]
        wanted = wanted_faces(found, self._tracking.floor_score, self.config.min_face_px)
        return self._rules.zones.judged(wanted, width, height)

    def _take_in(self, look: Look) -> None:
        frame, at = look.frame, taken_at(look.frame)
        if step_s := self._clock_watch.step_s():
            _log.warning("camera %s: the clock was set by %+.0f s", self.name, step_s)
            # Else what began before would end at a time that does not fit its start.
            self._give_up_everybody()
        size = frame.image.shape[:2]
        if size != self._size:
            if self._size is not None:
                was, now = (f"{width}x{height}" for height, width in (self._size, size))
                _log.warning("camera %s: its pictures are %s, were %s", self.name, now, was)
                self._give_up_everybody()  # places in pixels of the one say nothing in the other
            self._size = size
        self._reporter.set_clock(frame.t, at)
        sight = self._gaze.sight(look)
        local = at.astimezone(self._setting.zone).replace(tzinfo=None)
        watched = self._watch.look(sight, local)
        self._looked_at = time.monotonic()
        self._reporter.tell(watched.news)
        self._people = len(watched.people)
        if not self._display.show(sight, watched, at):
            self._gaze.wants_whole = True
        if watched.uncertain is not None:
            self._reporter.propose(watched.uncertain)
        # As the model read them, by no limit: they tell how busy it is, and how well it can tell.
        states = [(each.zone, each.track.reading.state) for each in watched.people]
        minute = at.replace(second=0, microsecond=0)
        self._setting.chronicle.write(self._minutes.add(minute, states))
        self._looks.add()
        self._latency_s.add((datetime.now(UTC) - at).total_seconds())
