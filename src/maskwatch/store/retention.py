"""Retention: what is deleted when, with proof. To be run every minute or so.

Each photo and each episode gets a row in ``deletions``, other things one row per kind and run; the
audit log, which cannot be changed, notes the sums. The audit log itself and the proof are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

import sqlalchemy as sa

from maskwatch.config.privacy import Photos
from maskwatch.config.storage import RetentionConfig, StorageConfig
from maskwatch.store import rows
from maskwatch.store.records import EpisodeRecord, SnapshotKind, SnapshotRecord
from maskwatch.store.schema import (
    deliveries,
    episodes,
    health,
    people,
    people_buckets,
    readings,
    reviews,
    snapshots,
)
from maskwatch.store.store import Store

GB = 1_000_000_000
_BATCH = 200


@dataclass(frozen=True, slots=True)
class HouseReport:
    """What one run did and found."""

    deleted: Mapping[str, int]
    """Numbers by kind (``snapshot``, ``episode``, ``people``, ...); kinds without any are left out.
    """
    freed_bytes: int
    """By deleting photos."""
    free_bytes: int
    """Left on the disk now."""
    is_full: bool
    """Whether less is free than there should be, although no photo is left to be deleted."""


def keep_house(
    store: Store, storage: StorageConfig, now: datetime, *, statistics_only: bool = False
) -> HouseReport:
    """Applies retention, forgets expired sessions, keeps room on the disk.

    What the privacy policy does not allow (any more) goes at once.

    Args:
        store: what to tidy up.
        storage: how long things are kept, and how much room must be left.
        now: things are old in relation to this.
        statistics_only: whether nothing of any person may be kept (`PrivacyConfig`).

    Raises:
        StoreError: something cannot be deleted. What was deleted before is proven.
    """
    before = store.snapshots.usage()
    deleted = apply_retention(store, storage.retention, now, statistics_only=statistics_only)
    store.sessions.delete_expired(now)
    wanted = int(storage.min_free_gb * GB)
    if store.room.keep_free(wanted):
        count = sum(n for n, _ in before.values()) - sum(
            n for n, _ in store.snapshots.usage().values()
        )
        deleted = {**deleted, "snapshot": count}
    store.room.put_by()
    if deleted:
        store.audit.append("system", "retention.applied", detail=deleted, at=now)
    freed = _bytes(before) - _bytes(store.snapshots.usage())
    free = store.room.free_bytes()
    return HouseReport(MappingProxyType(deleted), max(0, freed), free, free < wanted)


def apply_retention(
    store: Store, keep: RetentionConfig, now: datetime, *, statistics_only: bool = False
) -> dict[str, int]:
    """Deletes what is too old, too much or not allowed; returns the numbers by kind."""
    found = {
        "snapshot": _forbidden_photos(store) + _old_photos(store, keep, now),
        "episode": _old_episodes(store, now - _days(keep.episodes_days), "age"),
        "deliveries": _old_rows(
            store,
            deliveries,
            deliveries.c.created_at,
            now - _days(keep.episodes_days),
            deliveries.c.episode_id.is_(None),
        ),
        "people": _old_people(store, now - _days(keep.people_days)),
        "people_buckets": _old_rows(
            store, people_buckets, people_buckets.c.start_at, now - _days(keep.people_days)
        ),
        "readings": _old_rows(store, readings, readings.c.minute, now - _days(keep.readings_days)),
        "health": _old_rows(store, health, health.c.at, now - _days(keep.health_days)),
    }
    if statistics_only:
        for what, count in _forbidden_records(store, now).items():
            found[what] += count
    found["snapshot"] += _too_many_photos(store, int(keep.photos_gb * GB))
    return {what: count for what, count in found.items() if count}


def _forbidden_records(store: Store, now: datetime) -> dict[str, int]:
    """Deletes what statistics-only mode would not have written: all but its counts."""
    return {
        "episode": _old_episodes(store, now, "policy"),
        "people": _old_rows(store, people, people.c.first_at, now, reason="policy"),
        # Of a quiet minute these say what one person did.
        "readings": _old_rows(store, readings, readings.c.minute, now, reason="policy"),
    }


def _forbidden_photos(store: Store) -> int:
    if store.snapshots.photos is not Photos.NONE:
        return 0
    return _delete(store, store.snapshots.where(), "policy")


def _old_photos(store: Store, keep: RetentionConfig, now: datetime) -> int:
    in_review = snapshots.c.id.in_(sa.select(reviews.c.snapshot_id)) | (
        snapshots.c.kind == SnapshotKind.REVIEW
    )
    limits = [
        (sa.not_(in_review), now - _days(keep.photos_days)),
        (in_review, now - _days(keep.review_photos_days)),
    ]
    return sum(
        _delete(store, store.snapshots.where(which, snapshots.c.taken_at < limit), "age")
        for which, limit in limits
    )


def _too_many_photos(store: Store, most_bytes: int) -> int:
    excess = _bytes(store.snapshots.usage()) - most_bytes
    deleted = 0
    while excess > 0:
        going = []
        for record in store.snapshots.oldest(_BATCH):
            if excess > 0:
                going.append(record)
                excess -= record.size
        if not going:
            break  # somebody else deleted them meanwhile
        deleted += _delete(store, going, "size")
    return deleted


def _old_episodes(store: Store, limit: datetime, reason: str) -> int:
    deleted = 0
    query = (
        sa.select(*rows.columns_of(episodes, EpisodeRecord))
        .where(episodes.c.started_at < limit, episodes.c.ended_at.is_not(None))
        .order_by(episodes.c.started_at)
        .limit(_BATCH)
    )
    while old := rows.fetch(store.database, query, EpisodeRecord):
        for episode in old:
            remove_episode(store, episode.id, reason=reason, actor="system")
        deleted += len(old)
    return deleted


def remove_episode(store: Store, episode_id: str, *, reason: str, actor: str) -> int:
    """Deletes an episode with timeline, deliveries, photos and labels; returns how many photos.

    Photos go first: should it be interrupted, the episode is still there to be deleted again.
    """
    photos = store.snapshots.of_episode(episode_id)
    store.snapshots.delete(photos, reason=reason, actor=actor)
    with store.transaction():
        if rows.delete(store.database, episodes, episodes.c.id == episode_id):
            store.deletions.note("episode", episode_id, reason=reason, actor=actor)
    return len(photos)


def _old_people(store: Store, limit: datetime) -> int:
    # The quarters have the index: without it every minute would read everybody.
    return _old_rows(store, people, people.c.first_at, limit, people.c.quarter_at < limit)


def _old_rows(
    store: Store,
    table: sa.Table,
    time: sa.Column[datetime],
    limit: datetime,
    *also: sa.ColumnElement[bool],
    reason: str = "age",
) -> int:
    with store.transaction():
        count = rows.delete(store.database, table, time < limit, *also)
        if count:
            item = f"before {limit.isoformat(timespec='seconds')}"
            store.deletions.note(table.name, item, reason=reason, count=count)
    return count


def _delete(store: Store, photos: list[SnapshotRecord], reason: str) -> int:
    for start in range(0, len(photos), _BATCH):
        store.snapshots.delete(photos[start : start + _BATCH], reason=reason)
    return len(photos)


def _bytes(usage: Mapping[SnapshotKind, tuple[int, int]]) -> int:
    return sum(size for _, size in usage.values())


def _days(days: float) -> timedelta:
    return timedelta(days=days)
