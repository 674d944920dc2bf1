"""A double of the running service, for the web application: three cameras, two channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from pathlib import Path

from maskwatch.config.cameras import (
    CameraConfig,
    HoursConfig,
    RuleConfig,
    ScheduleConfig,
    ZoneConfig,
)
from maskwatch.config.privacy import PrivacyConfig
from maskwatch.errors import SourceError, UsageError
from maskwatch.masks.labels import LABELS
from maskwatch.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR
from maskwatch.models.card import ModelCard, read_card
from maskwatch.outputs.jpeg import decode_jpeg
from maskwatch.runtime.monitoring.configuration.planning import camera_or_why_not
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
from maskwatch.runtime.monitoring.live_hub import LiveHub
from maskwatch.store.ids import new_id
from maskwatch.store.records import Delivery, DeliveryKind, DeliveryState, StoredCamera
from maskwatch.store.store import Store

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
CAMERAS = ("entrance", "ward 3", "canteen")
SIZE = (1280, 540)
"""Of what they send, in pixels."""

CONFIGURED = {
    name: CameraConfig.model_validate({"url": f"rtsp://viewer:hush@192.0.2.{i + 10}/stream1"})
    for i, name in enumerate(CAMERAS)
}
"""What the configuration file says of them."""
CONFIGURED["canteen"] = CONFIGURED["canteen"].model_copy(
    update={
        "min_face_px": 40.0,
        "rule": RuleConfig(coverage_below=65),
        "zones": (ZoneConfig(name="queue", polygon=((0.1, 0.2), (0.6, 0.2), (0.6, 0.9))),),
        "schedule": ScheduleConfig(hours=(HoursConfig(start=time(11), end=time(14, 30)),)),
    }
)


@dataclass
class FakeService:
    """Satisfies ``ServiceControl``; remembers what it was asked."""

    now: datetime
    cameras: list[CameraStatus] = field(default_factory=list)
    tested: list[str] = field(default_factory=list)
    tries: int = 0
    """Of channels, a second apart."""
    reloads: int = 0
    looked_up: int = 0
    """How often it was asked to watch the cameras in the store."""
    ready: bool = True
    test_error: str = ""
    config_error: str = ""
    """Why it refuses the configuration."""
    policy: Sequence[PrivacyConfig] = (PrivacyConfig(),)
    """The first is in force."""
    store: Store | None = None
    hub: LiveHub = field(default_factory=LiveHub)
    cards: Sequence[ModelCard] = (
        read_card(DEFAULT_DETECTOR, "face_detector"),
        read_card(DEFAULT_CLASSIFIER, "mask_classifier", LABELS),
    )

    def status(self) -> ServiceStatus:
        started = self.now - timedelta(days=3, hours=4)
        return ServiceStatus(started, self.ready, "0.1.0", started, self.config_error)

    def camera_states(self) -> Sequence[CameraStatus]:
        gone = {each.name for each in self.left_out()}
        watched = [each for each in self._stored() if each.name not in gone]
        return [*self.cameras, *map(self._status_of, watched)]

    def left_out(self) -> Sequence[LeftOut]:
        found = (camera_or_why_not(each, CONFIGURED) for each in self._stored())
        return [each for each in found if isinstance(each, LeftOut)]

    def _stored(self) -> Sequence[StoredCamera]:
        return [] if self.store is None else self.store.cameras.all()

    def _status_of(self, stored: StoredCamera) -> CameraStatus:
        is_on = stored.settings.get("enabled", True)
        return CameraStatus(
            stored.name,
            "rtsp://***",
            CameraPhase.WATCHING if is_on else CameraPhase.STOPPED,
            self.now,
            reason="" if is_on else "switched off by its settings (enabled: false)",
            from_dashboard=True,
            enabled=is_on,
        )

    def camera_config(self, camera: str) -> CameraConfig | None:
        return CONFIGURED.get(camera)

    def inference_state(self) -> InferenceStatus:
        return InferenceStatus(19.6, 24.0, 112, 0, 0.61, False, "maskwatch-masks 0.1.0", "cpu")

    def model_cards(self) -> Sequence[ModelCard]:
        return self.cards

    def test_camera(self, url: str, timeout_s: float = 15.0) -> CameraProbe:  # noqa: ARG002 - the seam
        self.tested.append(url)
        if self.test_error:
            raise SourceError("rtsp://***", self.test_error)
        jpeg = (SAMPLES / "states.jpg").read_bytes()
        height, width = decode_jpeg(jpeg).shape[:2]
        return CameraProbe(width, height, jpeg if self.policy[0].images_allowed else None)

    def channels(self) -> Sequence[ChannelFacts]:
        return [ChannelFacts("infection control", "email", 2), ChannelFacts("door", "mqtt", 1)]

    def test_channel(self, channel: str) -> Sequence[Delivery]:
        assert self.store is not None
        outcomes = {
            "infection control": {"state": DeliveryState.SENT, "sent_at": self.now},
            "door": {"state": DeliveryState.DEAD, "last_error": "the broker refused the login"},
        }
        facts = {each.name: each for each in self.channels()}[channel]
        self.tries += 1
        made = [
            Delivery(
                new_id(),
                None,
                DeliveryKind.TEST,
                channel,
                recipient=f"{i}@hospital.test" if facts.kind == "email" else None,
                created_at=self.now + timedelta(seconds=self.tries),
                **outcomes[channel],  # type: ignore[arg-type]
            )
            for i in range(facts.recipients)
        ]
        self.store.deliveries.add(made)
        return made

    def start_camera(self, camera: str) -> None:
        self.switch(camera, CameraPhase.WATCHING)

    def stop_camera(self, camera: str) -> None:
        self.switch(camera, CameraPhase.STOPPED)
        self.hub.forget(camera)

    def reload(self) -> ReloadOutcome:
        self.reloads += 1
        if self.config_error:
            return ReloadOutcome(False, problems=(self.config_error,))
        return ReloadOutcome(True, ("cameras: read again",), self._problems())

    def watch_stored_cameras(self) -> ReloadOutcome:
        self.looked_up += 1
        return ReloadOutcome(True, ("cameras: looked up",), self._problems())

    def _problems(self) -> tuple[str, ...]:
        return tuple(map(str, self.left_out()))

    def stop(self) -> None:
        raise AssertionError("the web application does not stop the service")

    def switch(self, name: str, phase: CameraPhase) -> None:
        if name not in [each.camera for each in self.camera_states()]:
            raise UsageError(f"no camera is called {name!r}")
        if not all(each.enabled for each in self.camera_states() if each.camera == name):
            raise UsageError(f"{name} is switched off by its settings")
        # Of a camera that is switched off nobody knows how large its pictures are.
        width, height = (0, 0) if phase is CameraPhase.STOPPED else SIZE
        self.cameras = [
            replace(each, phase=phase, width=width, height=height) if each.camera == name else each
            for each in self.cameras
        ]
