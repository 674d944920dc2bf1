"""The running service: cameras, models, store and messages, from start to stop.

What it is made of is handed to it (`Parts`), so a test can run it without a web server, a model
or a network.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from maskwatch.alerts.base import CameraFacts
from maskwatch.alerts.service import AlertService
from maskwatch.config.cameras import CameraConfig
from maskwatch.config.root import Config
from maskwatch.errors import DashboardError
from maskwatch.frames.reach import Reach
from maskwatch.models.card import ModelCard
from maskwatch.runtime.live.child import DecoderProcess
from maskwatch.runtime.live.messages import DecoderOrder
from maskwatch.runtime.monitoring.camera.capture import AbortableDecoding
from maskwatch.runtime.monitoring.camera.lane import LaneSetting
from maskwatch.runtime.monitoring.camera.probe import probe_camera
from maskwatch.runtime.monitoring.configuration.fleet import Fleet
from maskwatch.runtime.monitoring.configuration.in_force import InForce
from maskwatch.runtime.monitoring.configuration.reloading import Reloading
from maskwatch.runtime.monitoring.control import (
    CameraPhase,
    CameraProbe,
    CameraStatus,
    ChannelFacts,
    InferenceStatus,
    LeftOut,
    ReloadOutcome,
    ServiceStatus,
)
from maskwatch.runtime.monitoring.inference import SharedInference
from maskwatch.runtime.monitoring.live_hub import LiveHub
from maskwatch.runtime.monitoring.load import Load, LoadWatch
from maskwatch.runtime.monitoring.records.chronicle import Chronicle
from maskwatch.runtime.monitoring.records.housekeeping import Housekeeping, HousekeepingThread
from maskwatch.runtime.monitoring.records.recorder import Recorder
from maskwatch.runtime.monitoring.signals import Signals
from maskwatch.runtime.monitoring.store_guard import StoreGuard
from maskwatch.runtime.monitoring.systemd import Systemd
from maskwatch.store.lock import only_service
from maskwatch.store.records import Delivery, HealthKind, HealthRecord, HealthState
from maskwatch.store.store import Store

_log = logging.getLogger(__name__)

_TICK_S = 0.25
_SLOW_TICK_S = 1.0
_LOOK_AT_CONFIG_S = 2.0
_MODELS_STUCK_S = 30.0


class WebServer(Protocol):
    """Serves the dashboard; who asks before its start waits for it."""

    @property
    def is_alive(self) -> bool:
        """Whether it serves."""
        ...

    def start(self) -> None:
        """Serves, in threads of its own, once it returns, or the service must stop.

        Raises:
            DashboardError: it cannot be started.
        """
        ...

    def stop(self, timeout_s: float) -> bool:
        """Ends within about the time; it need not have been started."""
        ...


@dataclass(frozen=True, slots=True)
class ServiceModels:
    """The models and what is known of them."""

    inference: SharedInference
    score: float
    """How sure the detector must be of a face."""
    version: str
    device: str
    cards: tuple[ModelCard, ...] = ()
    """Of those that come with one."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the service is made of."""

    store: Store
    models: ServiceModels
    load: Callable[[], Config]
    """Reads the configuration again; raises ConfigError."""
    alerts: AlertService
    web: Callable[[Service], WebServer] | None = None
    housekeeping: Housekeeping | None = None
    """Called every minute, and at once after a change of the configuration."""
    config_file: Path | None = None
    """Watched for changes."""
    version: str = ""
    connect: Callable[[DecoderOrder], AbortableDecoding] = DecoderProcess


class Service:
    """The service; satisfies `ServiceControl`.

    Args:
        config: in force from the start.
        parts: see there.
    """

    def __init__(self, config: Config, parts: Parts) -> None:
        self.hub = LiveHub()
        self.started_at = datetime.now(UTC)
        self._parts = parts
        self._store = parts.store
        self._fleet = Fleet(self.hub.forget)
        self._alerts = parts.alerts
        self._recorder = Recorder(parts.store, parts.alerts, parts.alerts.wake)
        self._in_force = InForce(
            config,
            self._lane_setting,
            parts.store,
            parts.alerts,
            self._fleet,
            self._recorder,
        )
        self._reloading = Reloading(self._in_force, parts.load, parts.config_file)
        self._web: WebServer | None = None
        self._load = LoadWatch()
        self._systemd = Systemd()
        self._stop_asked = threading.Event()
        self._reload_asked = threading.Event()
        self._signals = Signals(self._stop_asked, self._reload_asked)
        self._housekeeping = HousekeepingThread(
            parts.housekeeping, lambda: self.config, self._stop_asked
        )
        self._store_failed = False

    # What others may ask: see `ServiceControl`.

    @property
    def config(self) -> Config:
        """In force now."""
        return self._in_force.config

    def status(self) -> ServiceStatus:
        """The service as a whole."""
        lanes = self._fleet.lanes()
        return ServiceStatus(
            started_at=self.started_at,
            ready=(
                not self._stop_asked.is_set()
                and self._models_answer()
                and all(lane.tried for lane in lanes)
            ),
            version=self._parts.version,
            config_loaded_at=self._reloading.loaded_at,
            config_error=self._reloading.error,
            store_error=self._recorder.error,
            unwritten=self._recorder.unwritten,
        )

    def camera_states(self) -> Sequence[CameraStatus]:
        """All cameras."""
        return self._fleet.states()

    def left_out(self) -> Sequence[LeftOut]:
        """The cameras of the dashboard that are not watched."""
        return self._in_force.left_out

    def camera_config(self, camera: str) -> CameraConfig | None:
        """What the configuration file says of a camera."""
        return self.config.cameras.get(camera)

    def inference_state(self) -> InferenceStatus:
        """How the models keep up."""
        models = self._parts.models
        load = self._measure()
        return InferenceStatus(
            fps=load.looked_fps,
            offered_fps=load.offered_fps,
            dropped=sum(state.dropped for state in self._fleet.states()),
            queue=models.inference.queue,
            busy=min(1.0, models.inference.busy.per_second()),
            overloaded=self._load.overloaded,
            model=models.version,
            device=models.device,
        )

    def model_cards(self) -> Sequence[ModelCard]:
        """What is known of the models."""
        return self._parts.models.cards

    def test_camera(self, url: str, timeout_s: float = 15.0) -> CameraProbe:
        """What an address shows; see `ServiceControl.test_camera`."""
        models, privacy = self._parts.models, self.config.privacy
        reach = Reach(self.config.web.camera_networks)
        return probe_camera(url, timeout_s, models.inference, privacy, self._parts.connect, reach)

    def channels(self) -> Sequence[ChannelFacts]:
        """The channels of the configuration."""
        return [
            ChannelFacts(name, each.kind, len(each.recipients))
            for name, each in self.config.alerts.channels.items()
        ]

    def test_channel(self, channel: str) -> Sequence[Delivery]:
        """Queues a test message."""
        return self._alerts.send_test(channel)

    def start_camera(self, camera: str) -> None:
        """Switches a camera on."""
        self._fleet.start(camera)

    def stop_camera(self, camera: str) -> None:
        """Switches a camera off."""
        self._fleet.stop(camera)

    def reload(self) -> ReloadOutcome:
        """Reads the configuration again; the old one stays in force unless all of it is right."""
        self._reload_asked.clear()
        outcome = self._reloading.reload()
        if outcome.accepted:
            self._housekeeping.wake()
        return outcome

    def watch_stored_cameras(self) -> ReloadOutcome:
        """Watches the cameras of the dashboard as they are now, whatever has become of the file."""
        return self._reloading.watch_stored_cameras()

    def stop(self) -> None:
        """Asks the service to stop."""
        self._stop_asked.set()

    # Running.

    def must_stop(self) -> bool:
        """Heeds the signals that have come; whether somebody has asked to stop."""
        self._signals.heed()
        return self._stop_asked.is_set()

    def run(self) -> None:
        """Starts everything, goes on until somebody asks to stop, and stops everything.

        Raises:
            StoreTaken: another service watches with the store, from before or by now.
            MaskwatchError: it cannot be started.
            DashboardError: the dashboard has ended while nobody asked for that. To go on without
                it would look as if all were well; whoever supervises the service starts it anew.
        """
        self._signals.install()
        # Before anything is touched: what looks abandoned may be in the hands of another service.
        store = self._store
        with store, only_service(store.database, store.snapshots.folder) as hold:
            guard = StoreGuard(hold, self._stop_asked)
            guard.start()
            try:
                self._start()
                self._go_on()
            finally:
                self._end()
                guard.join(0.5)
        if guard.lost is not None:
            raise guard.lost

    def _start(self) -> None:
        """Starts one thing after the other, until all run or somebody asks to stop."""
        for step in (
            # Without its port it ends: before cameras open episodes anew at each of many starts.
            self._build_web,
            self._end_abandoned,
            self._parts.models.inference.start,
            self._recorder.start,
            self._alerts.start,
            self._in_force.watch_cameras,
            self._start_web,
            self._housekeeping.start,
        ):
            if self.must_stop():
                return
            step()
        self._systemd.ready(f"watching {len(self._fleet.lanes())} cameras")

    def _end_abandoned(self) -> None:
        for episode in self._store.episodes.end_abandoned(self.started_at):
            _log.info("episode %s was left open by an earlier run and is ended", episode.id)
        self._store.health.end_abandoned(self.started_at)

    def _build_web(self) -> None:
        if self._parts.web is not None:
            self._web = self._parts.web(self)

    def _start_web(self) -> None:
        if self._web is not None:
            self._web.start()

    def _go_on(self) -> None:
        next_slow = next_file = time.monotonic()
        while not self._stop_asked.wait(_TICK_S):
            self._signals.heed()
            now = time.monotonic()
            if now >= next_slow:
                next_slow = now + _SLOW_TICK_S
                self._slow_tick(now)
            if now >= next_file:
                next_file = now + _LOOK_AT_CONFIG_S
                if self._reloading.is_due():
                    self._reload_asked.set()
            if self._reload_asked.is_set():
                self.reload()

    def _slow_tick(self, now: float) -> None:
        if self._web is not None and not self._web.is_alive:
            raise DashboardError("the dashboard has ended: the log says why")
        if self._models_answer():
            self._systemd.alive()
        if self._load.update(now, load := self._measure()):
            state = HealthState.OVERLOADED if self._load.overloaded else HealthState.OK
            _log.warning("load: %s: %s", state, load.words)
            self._recorder.write([HealthRecord.now(None, HealthKind.LOAD, state, load.words)])
        self._note_store()
        self._in_force.tick()
        self._alerts.show([_facts(state, self.hub) for state in self._fleet.states()])

    def _note_store(self) -> None:
        """Once the store can be written to again, it is told that it could not."""
        error = self._recorder.error
        failed = bool(error)
        if failed != self._store_failed:
            self._store_failed = failed
            if failed:
                _log.error("records wait: %s", error)
            state = HealthState.FAILED if failed else HealthState.OK
            self._recorder.write([HealthRecord.now(None, HealthKind.STORE, state, error)])

    def _end(self) -> None:
        """Stops everything within five seconds; what hangs ends with the process."""
        self._stop_asked.set()
        self._housekeeping.wake()
        self._systemd.stopping()
        _log.info("stopping")
        deadline = time.monotonic() + 4.0
        web = threading.Thread(target=self._stop_web, name="stop web", daemon=True)
        web.start()
        ended = self._fleet.stop_all(1.5)
        self._parts.models.inference.stop(0.5)
        self._in_force.flush()
        written = self._recorder.stop(1.0)
        sent = self._alerts.stop(max(0.2, deadline - time.monotonic()))
        web.join(max(0.1, deadline - time.monotonic()))
        if not (ended and written and sent):
            _log.warning(
                "stopped without waiting any longer: cameras %s, records %s, messages %s",
                *("done" if done else "left" for done in (ended, written, sent)),
            )
        _log.info("stopped")

    def _stop_web(self) -> None:
        if self._web is not None:
            self._web.stop(2.0)

    def _lane_setting(self, config: Config, chronicle: Chronicle) -> LaneSetting:
        models = self._parts.models
        return LaneSetting(
            inference=models.inference,
            chronicle=chronicle,
            hub=self.hub,
            privacy=config.privacy,
            zone=config.site.zone,
            score=models.score,
            model_version=models.version,
            connect=self._parts.connect,
            reach=Reach(config.web.camera_networks),
        )

    def _models_answer(self) -> bool:
        """Whether they do not hang, as code below Python may."""
        return time.monotonic() - self._parts.models.inference.beat < _MODELS_STUCK_S

    def _measure(self) -> Load:
        lanes = self._fleet.lanes()
        return Load(
            sum(lane.offered_fps for lane in lanes), sum(lane.fps for lane in lanes), len(lanes)
        )


def _facts(state: CameraStatus, hub: LiveHub) -> CameraFacts:
    view = hub.peek(state.camera)
    online = state.phase is CameraPhase.WATCHING
    violation = view is not None and any(person.episode_id for person in view.people)
    is_on = state.phase is not CameraPhase.STOPPED
    return CameraFacts(state.camera, online, online and violation, state.people, is_on)
