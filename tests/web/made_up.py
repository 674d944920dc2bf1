"""What happened in the small world: made up people, episodes, photos, what cameras see.

Every name here is synthetic; pictures come from ``samples/``.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import cv2
import numpy as np

from maskwatch.config.privacy import Photos
from maskwatch.draw import Mark, draw_marks, pixelate
from maskwatch.outputs.jpeg import decode_jpeg, scaled_down
from maskwatch.runtime.monitoring.finish import LIVE_PX
from maskwatch.runtime.monitoring.live_hub import LivePerson
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
    SnapshotFace,
    SnapshotKind,
    TimelinePoint,
)
from maskwatch.store.schema import episodes
from maskwatch.types import Box, Fault, State
from tests.web.service import CAMERAS, SAMPLES
from tests.web.world import NOW, World

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
