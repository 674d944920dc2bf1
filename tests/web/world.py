"""A small world for the web application: a store with made-up episodes, a service that is a double.

Everything drawn and every name here is synthetic; pictures come from ``samples/``.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from maskwatch.config.cameras import (
    CameraConfig,
    HoursConfig,
    RuleConfig,
    ScheduleConfig,
    ZoneConfig,
)
from maskwatch.config.privacy import Photos, PrivacyConfig
from maskwatch.config.web import WebConfig
from maskwatch.draw import Mark, draw_marks, pixelate
from maskwatch.errors import SourceError, UsageError
from maskwatch.masks.labels import LABELS
from maskwatch.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR
from maskwatch.models.card import ModelCard, read_card
from maskwatch.outputs.jpeg import decode_jpeg, scaled_down
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
from maskwatch.runtime.monitoring.finish import LIVE_PX
from maskwatch.runtime.monitoring.live_hub import LiveHub, LivePerson
from maskwatch.store import rows
from maskwatch.store.ids import new_id
from maskwatch.store.records import (
    Delivery,
    DeliveryKind,
    DeliveryState,
    EpisodeRecord,
    HealthRecord,
    MinuteReadings,
    PersonRecord,
    ReviewItem,
    ReviewReason,
    Role,
    SnapshotFace,
    SnapshotKind,
    StoredCamera,
    TimelinePoint,
    UserRecord,
)
from maskwatch.store.schema import episodes
from maskwatch.store.store import Store
from maskwatch.types import Box, Fault, State
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.security.passwords import hash_password
from maskwatch.web.security.scopes import scopes_of

if TYPE_CHECKING:
    import httpx

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
NOW = datetime(2026, 3, 12, 14, 30, tzinfo=UTC)
PASSWORD = "four cold lemons"  # noqa: S105 - of made-up people
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

_CONDITIONS: tuple[tuple[State, Fault | None], ...] = (
    (State.INCORRECT, Fault.NOSE_OUT),
    (State.INCORRECT, Fault.UNDER_CHIN),
    (State.NO_MASK, None),
    (State.INCORRECT, Fault.CHIN_OUT),
)
_PORTRAITS = {
    Fault.NOSE_OUT: "portrait_nose_out.jpg",
    Fault.UNDER_CHIN: "portrait_under_chin.jpg",
    Fault.CHIN_OUT: "portrait_chin_out.jpg",
    None: "portrait_bare.jpg",
}


@dataclass
class FakeService:
    """Satisfies ``ServiceControl``; remembers what it was asked."""

    now: datetime = NOW
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


@dataclass
class World:
    """Everything that an application is built from, within reach of a test."""

    store: Store
    hub: LiveHub
    service: FakeService
    web: WebContext
    policy: list[PrivacyConfig]

    def set_privacy(self, privacy: PrivacyConfig) -> None:
        """As if the configuration had been reloaded."""
        self.policy[:] = [privacy]
        self.store.snapshots.photos = privacy.stored_photos

    def add_user(self, name: str, role: Role) -> UserRecord:
        """Somebody whose password is ``PASSWORD``."""
        user = UserRecord(new_id(), name, role, _hash(), self.web.now())
        self.store.users.add(user)
        return user

    def principal(self, name: str) -> Principal:
        """One of the users, for what is done without a route."""
        user = self.store.users.by_name(name)
        assert user is not None
        return Principal(user, user.name, scopes_of(user.role))


_HASHES: list[str] = []


def _hash() -> str:
    if not _HASHES:  # hashing is slow on purpose: once is enough
        _HASHES.append(hash_password(PASSWORD))
    return _HASHES[0]


def make_world(
    folder: Path,
    *,
    config: WebConfig | None = None,
    privacy: PrivacyConfig | None = None,
    now: datetime | None = NOW,
) -> World:
    """An empty store, three cameras, nobody logged in.

    Args:
        folder: for database and photos.
        config: of the web section.
        privacy: clear photos when None.
        now: the time that it is; None for the real one.
    """
    policy = [privacy or PrivacyConfig(photos=Photos.CLEAR)]
    (folder / "store.db").write_bytes(_empty_store())
    store = Store.open(f"sqlite:///{folder}/store.db", folder / "snapshots", Photos.CLEAR)
    hub = LiveHub()
    service = FakeService(now=now or datetime.now(UTC), store=store, policy=policy, hub=hub)
    service.cameras = [
        CameraStatus(
            name,
            f"rtsp://viewer:***@192.0.2.{i + 10}/stream1",
            CameraPhase.WATCHING,
            service.now - timedelta(hours=5),
            width=SIZE[0],
            height=SIZE[1],
            fps=7.9 - i,
            offered_fps=8.0,
            frames=120_000,
            dropped=37 * i,
            damaged=0.12 if i == 2 else 0.0,
            latency_s=0.14,
            last_frame_at=service.now,
            people=(3, 1, 0)[i],
            required=i < 2,
        )
        for i, name in enumerate(CAMERAS)
    ]
    values = {} if now is None else {"now": lambda: now}
    web = WebContext(
        store=store,
        hub=hub,
        control=service,
        config=config or WebConfig(),
        privacy=lambda: policy[0],
        version="0.1.0",
        link_secrets=(b"0" * 32,),
        **values,
    )
    return World(store, hub, service, web, policy)


@cache
def _empty_store() -> bytes:
    """The file of a store without rows: making its tables takes longer than copying them."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        Store.open(f"sqlite:///{path}", Path(folder) / "snapshots").close()
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        return path.read_bytes()


def seed(world: World, *, days: int = 14, seed: int = 7, episodes_per_day: int = 6) -> None:
    """Fills the store: people, episodes with photos and timelines, messages, a review queue."""
    rng = random.Random(seed)  # noqa: S311 - nothing secret
    now = world.web.now()
    with world.store.transaction():
        for day in range(days):
            for camera in CAMERAS:
                _seed_people(world, rng, now - timedelta(days=day), camera)
        for day in reversed(range(days)):
            for number in range(episodes_per_day):
                at = now - timedelta(days=day, minutes=13 + 55 * (episodes_per_day - number))
                _seed_episode(world, rng, at, with_photo=day < 3)
        _seed_readings(world, now)
        for hours, state, reason in ((30, "lost", "no picture for 10 s"), (29, "connected", "")):
            world.store.health.add(
                HealthRecord(
                    new_id(), now - timedelta(hours=hours), "ward 3", "connection", state, reason
                )
            )


def _seed_people(world: World, rng: random.Random, day: datetime, camera: str) -> None:
    share = {"entrance": 0.93, "ward 3": 0.97, "canteen": 0.78}[camera]
    for track in range(rng.randint(18, 40)):
        at = day.replace(hour=rng.choice((7, 8, 8, 9, 11, 12, 12, 13)), minute=rng.randint(0, 59))
        state, fault = State.MASK, None
        if rng.random() > share:
            state, fault = rng.choice(_CONDITIONS)
        elif rng.random() < 0.04:
            state = State.UNKNOWN
        zone = ("corridor", "rooms")[track % 2] if camera == "ward 3" else None
        person = PersonRecord(
            new_id(), camera, zone, track, state, fault, at, at + timedelta(seconds=20)
        )
        if at <= world.web.now():  # the draws above are the same at any time of the day
            world.store.people.put(person)


def _seed_readings(world: World, now: datetime) -> None:
    """Of the last half hour; the light of the canteen is bad."""
    start = now.replace(second=0, microsecond=0) - timedelta(minutes=30)
    for camera, states in zip(CAMERAS, ((52, 3, 1, 1), (37, 1, 0, 0), (20, 3, 3, 9)), strict=True):
        for minute in range(30):
            at = start + timedelta(minutes=minute)
            world.store.readings.add([MinuteReadings(camera, None, at, 470, *states)])


def _seed_episode(world: World, rng: random.Random, at: datetime, *, with_photo: bool) -> None:
    state, fault = rng.choice(_CONDITIONS)
    coverage = round(rng.uniform(1, 60), 1)
    lasted = timedelta(seconds=rng.randint(4, 90))
    is_latest = world.web.now() - at < timedelta(hours=1, minutes=10)
    episode = EpisodeRecord(
        id=new_id(),
        camera=rng.choice(CAMERAS),
        zone=None,
        track=rng.randint(1, 400),
        state=state,
        fault=fault,
        coverage=coverage,
        started_at=at,
        ended_at=None if is_latest else at + lasted,
        model_version="0.1.0",
    )
    world.store.episodes.add(episode)
    points = [
        TimelinePoint(
            at + lasted * (i / 24),
            state if i > 4 else State.MASK,
            fault if i > 4 else None,
            max(0.0, min(100.0, (96 if i <= 4 else coverage) + rng.uniform(-4, 4))),
            0.9,
        )
        for i in range(25)
    ]
    world.store.episodes.add_readings(episode.id, points)
    if with_photo:
        add_photo(world, episode)
    if rng.random() < 0.5:
        world.store.deliveries.add(
            [
                Delivery(
                    new_id(),
                    episode.id,
                    DeliveryKind.VIOLATION,
                    "infection control",
                    camera=episode.camera,
                    created_at=at,
                    state=DeliveryState.SENT,
                    attempts=1,
                    sent_at=at + timedelta(seconds=1.2),
                )
            ]
        )
    if not is_latest and rng.random() < 0.4:
        world.store.episodes.acknowledge(episode.id, "anna", at + timedelta(minutes=3))


def episode(world: World, at: datetime = NOW, **values: Any) -> EpisodeRecord:
    """One more in the store."""
    made = EpisodeRecord(
        **{
            "id": new_id(),
            "camera": "entrance",
            "zone": None,
            "track": 1,
            "state": State.INCORRECT,
            "fault": Fault.NOSE_OUT,
            "coverage": 12.0,
            "started_at": at,
            **values,
        }
    )
    world.store.episodes.add(made)
    return made


def give_photo(world: World, episode_id: str, snapshot_id: str) -> None:
    """Makes a photo the episode's; the recorder has one before it writes an episode."""
    which = episodes.c.id == episode_id
    rows.change(world.store.database, episodes, which, snapshot_id=snapshot_id)


def add_photo(world: World, episode: EpisodeRecord) -> str:
    """Stores a photo of a sample portrait as the episode's; queues some for review."""
    jpeg, box, size = portrait(episode.fault)
    subject = SnapshotFace(
        box, episode.state, episode.fault, episode.coverage, is_subject=True, blurred=False
    )
    snapshot = world.store.snapshots.save(
        jpeg,
        kind=SnapshotKind.EPISODE,
        camera=episode.camera,
        taken_at=episode.started_at,
        width=size[0],
        height=size[1],
        faces=(subject,),
        episode_id=episode.id,
    )
    give_photo(world, episode.id, snapshot.id)
    if episode.track % 3 == 0:
        item = ReviewItem(
            new_id(),
            snapshot.id,
            ReviewReason.UNCERTAIN,
            episode.started_at,
            0,
            episode.id,
            episode.state,
            episode.fault,
        )
        world.store.reviews.add(item)
    return snapshot.id


def portrait(fault: Fault | None) -> tuple[bytes, Box, tuple[int, int]]:
    """JPEG of a sample portrait, the box of its face, its width and height."""
    jpeg = (SAMPLES / _PORTRAITS[fault]).read_bytes()
    height, width = decode_jpeg(jpeg).shape[:2]
    # The face of the sample portrait, as shares of the picture.
    box = Box(0.33 * width, 0.12 * height, 0.55 * width, 0.42 * height)
    return jpeg, box, (width, height)


def publish(
    world: World,
    camera: str,
    people: Sequence[LivePerson] = (),
    shift: int = 0,
    ago: timedelta = timedelta(0),
) -> None:
    """Shows a sample picture with marks, taken a while ago, as the camera's newest view."""
    image = decode_jpeg((SAMPLES / "states.jpg").read_bytes())
    image, _ = scaled_down(np.ascontiguousarray(np.roll(image, shift, axis=0)), LIVE_PX)
    height, width = image.shape[:2]
    boxes = [
        Box(width * (x - 0.04), height * (y - 0.1), width * (x + 0.04), height * (y + 0.1))
        for (x, y), _ in zip(_FACES, people, strict=False)
    ]
    if world.policy[0].photos is Photos.BLURRED:
        image = pixelate(image, boxes)
    marks = [
        Mark(box, each.state, each.fault, each.coverage, each.track)
        for box, each in zip(boxes, people, strict=True)
    ]
    encoded = cv2.imencode(".jpg", draw_marks(image, marks))[1].tobytes()
    world.hub.publish(camera, encoded, tuple(people), world.web.now() - ago)


_FACES = ((0.153, 0.51), (0.335, 0.66), (0.504, 0.5), (0.676, 0.66), (0.868, 0.5))
"""Where the faces of ``samples/states.jpg`` are, as shares of the picture."""


def person(
    track: int, state: State, fault: Fault | None = None, coverage: float = 50
) -> LivePerson:
    """Somebody before a camera."""
    return LivePerson(track, state, fault, coverage, None, NOW)


def log_in(client: httpx.Client, name: str = "anna", password: str = PASSWORD) -> int:
    """Status of the answer; from then on the client sends what pages send along."""
    answer = client.post("/api/v1/session", json={"name": name, "password": password})
    if answer.status_code == 200:
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return answer.status_code
