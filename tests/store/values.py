"""Records for tests, of which each test says only what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from maskwatch.store import rows
from maskwatch.store.ids import new_id
from maskwatch.store.records import (
    ApiTokenRecord,
    DeletionRecord,
    Delivery,
    DeliveryKind,
    EpisodeRecord,
    HealthRecord,
    MinuteReadings,
    PeopleBucket,
    PeopleCount,
    PersonRecord,
    ReviewItem,
    ReviewReason,
    Role,
    SessionRecord,
    SnapshotFace,
    SnapshotKind,
    SnapshotRecord,
    StoredCamera,
    TimelinePoint,
    UserRecord,
    WalkRecord,
)
from maskwatch.store.schema import people
from maskwatch.store.store import Store
from maskwatch.types import Box, Fault, State

NOON = datetime(2026, 3, 2, 12, 0, 0, 250_000, tzinfo=UTC)
"""A Monday."""


def after(seconds: float = 0, *, minutes: float = 0, days: float = 0) -> datetime:
    """So long after ``NOON``."""
    return NOON + timedelta(days=days, minutes=minutes, seconds=seconds)


def episode(**changes: Any) -> EpisodeRecord:
    """Somebody without a mask at the entrance, at noon."""
    plain = EpisodeRecord(
        id=new_id(),
        camera="entrance",
        zone=None,
        track=1,
        state=State.NO_MASK,
        fault=None,
        coverage=3.5,
        started_at=NOON,
        model_version="1.0",
    )
    return replace(plain, **changes)


def person(**changes: Any) -> PersonRecord:
    """Somebody with a mask at the entrance, at noon."""
    plain = PersonRecord(new_id(), "entrance", None, 1, State.MASK, None, NOON, NOON)
    return replace(plain, **changes)


def jpeg(size: int = 200, seed: int = 0) -> bytes:
    """Bytes that begin and end as a JPEG file does."""
    return b"\xff\xd8\xff\xe0" + bytes((seed + i) % 251 for i in range(size - 6)) + b"\xff\xd9"


HIDDEN_FACE = SnapshotFace(Box(10, 10, 40, 50), State.NO_MASK, coverage=2.0, is_subject=True)


def photo(store: Store, **changes: Any) -> SnapshotRecord:
    """Stores a photo of the entrance taken at noon."""
    values: dict[str, Any] = {
        "kind": SnapshotKind.EPISODE,
        "camera": "entrance",
        "taken_at": NOON,
        "width": 64,
        "height": 64,
        "faces": (HIDDEN_FACE,),
    }
    values |= changes
    content = values.pop("content", None) or jpeg()
    return store.snapshots.save(content, **values)


def people_of(store: Store) -> list[PersonRecord]:
    """Every person's row, oldest first."""
    query = sa.select(*rows.columns_of(people, PersonRecord))
    query = query.order_by(people.c.first_at, people.c.id)
    return rows.fetch(store.database, query, PersonRecord)


def proofs_of(store: Store, item: str) -> list[DeletionRecord]:
    """What is known about the deletion of one thing."""
    found = store.deletions.page(limit=1000).items
    return [each for each in found if each.item == item]


def fill(store: Store) -> None:
    """Puts something into every table."""
    about = episode(state=State.INCORRECT, fault=Fault.NOSE_OUT, zone="Tür")
    taken = photo(store, content=jpeg(3000), episode_id=about.id)
    store.episodes.add(replace(about, snapshot_id=taken.id))
    store.episodes.add_readings(about.id, [TimelinePoint(NOON, State.NO_MASK, None, 3.5, 0.5)])
    store.deliveries.add([Delivery(new_id(), about.id, DeliveryKind.VIOLATION, "office")])
    store.people.put(person())
    store.people.add_bucket(PeopleBucket("lab", None, NOON, 900, PeopleCount(mask=7)), 5)
    store.readings.add([MinuteReadings("entrance", None, NOON, 5, 1, 2, 3, 4)])
    store.reviews.add(ReviewItem(new_id(), taken.id, ReviewReason.WRONG, NOON))
    store.users.add(UserRecord("u", "Eve", Role.ADMIN, "hash", NOON))
    store.sessions.add(SessionRecord("t", "u", NOON, after(1000), NOON))
    store.tokens.add(ApiTokenRecord("p", "u", "nagios", "h", ("system:read",), NOON))
    store.cameras.add(StoredCamera(new_id(), "lab", {"url": "rtsp://h/1"}, NOON, NOON))
    store.health.add(HealthRecord(new_id(), NOON, "lab", "connection", "lost", "no data"))
    store.walks.add(WalkRecord(new_id(), "lab", NOON, after(60), "eve", {"readable_px": 20}))
    store.settings.secret("links")
    store.audit.append("eve", "x", "y", {"z": [1, None, "ü"]})
    store.snapshots.delete([photo(store)], reason="age")
