"""Retention: what is deleted when, with proof. To be run every minute or so.

Each photo and each episode gets a row in ``deletions``, other things one row per kind and day; the
audit log, which cannot be changed, notes the sums of each day. The audit log itself and the proof
are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import sleep
from types import MappingProxyType

import sqlalchemy as sa

from maskwatch.config.privacy import Photos
from maskwatch.config.storage import RetentionConfig, StorageConfig
from maskwatch.delays import CLOCK_STEP
from maskwatch.store import rows
from maskwatch.store.records import DeletionReason, SnapshotKind, SnapshotRecord
from maskwatch.store.room import as_many
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
from maskwatch.store.snapshots import Freed
from maskwatch.store.store import Store
from maskwatch.store.trust import believed

GB = 1_000_000_000
_PHOTOS_AT_ONCE = 200
_EPISODES_AT_ONCE = 100
_ROWS_AT_ONCE = 5000
_LET_IN_S = 0.15
"""Whoever waits to write to SQLite looks every tenth of a second whether it can."""
_NOTED = "retention.noted"
"""Name of the setting that says until when the audit log knows what was deleted."""


@dataclass(frozen=True, slots=True)
class HouseReport:
    """What one run did and found."""

    deleted: Mapping[str, int]
    """Numbers by kind (``snapshot``, ``episode``, ``people``, ...); kinds without any are left out.
    """
    free_bytes: int
    """Left on the disk now."""
    is_full: bool
    """Whether less is free than there should be, although no photo is left to be deleted."""
    stuck: Mapping[str, str]
    """Why a photo that should have gone cannot be deleted, by its file."""


def keep_house(
    store: Store, storage: StorageConfig, now: datetime, *, statistics_only: bool = False
) -> HouseReport:
    """Applies retention, forgets expired sessions, keeps room on the disk.

    What the privacy policy does not allow (any more) goes at once. A photo that cannot be deleted
    keeps nothing else from going.

    Args:
        store: what to tidy up.
        storage: how long things are kept, and how much room must be left.
        now: things are old in relation to this, or to what `believed` makes of it.
        statistics_only: whether nothing of any person may be kept (`PrivacyConfig`).

    Raises:
        StoreError: the database cannot be used. What was deleted before is proven.
    """
    counts, photos = apply_retention(
        store, storage.retention, believed(store.settings, now), statistics_only=statistics_only
    )
    store.sessions.delete_expired(now)
    wanted = int(storage.min_free_gb * GB)
    photos += store.room.keep_free(wanted)
    store.room.put_by()
    deleted = _without_zeros({"snapshot": photos.photos, **counts})
    _note_sums(store, now)
    store.database.empty_log()
    free = store.room.free_bytes()
    return HouseReport(MappingProxyType(deleted), free, free < wanted, photos.stuck)


def _note_sums(store: Store, now: datetime) -> None:
    """Notes in the audit log what the service deleted during a day (UTC), when that is over.

    An entry for every minute would hide what people did, and the log is kept for good.
    """
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    noted = store.settings.get(_NOTED)
    since = today if noted is None else datetime.fromisoformat(noted)
    # Not what a clock noted that was ahead: there would be no sums until then.
    if noted is not None and today <= since <= now + CLOCK_STEP:
        return
    with store.transaction():
        if since < today:
            sums = store.deletions.sums(since, today, actor="system")
            if sums:
                period = {"since": since.date().isoformat(), "until": today.date().isoformat()}
                store.audit.append("system", "retention.applied", detail=period | sums, at=now)
        store.settings.set(_NOTED, today.isoformat())


def apply_retention(
    store: Store, keep: RetentionConfig, now: datetime, *, statistics_only: bool = False
) -> tuple[dict[str, int], Freed]:
    """Deletes what is too old, too much or not allowed.

    Returns:
        The numbers of all but photos, by kind, and what became of the photos, those of episodes
        that went included.
    """
    photos = _forbidden_photos(store) + _old_photos(store, keep, now)
    is_old = episodes.c.started_at < now - _days(keep.episodes_days)
    old_episodes, theirs = _forget_episodes(store, is_old, reason=DeletionReason.AGE)
    photos += theirs
    found = Counter(
        {
            "episode": old_episodes,
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
            "readings": _old_rows(
                store, readings, readings.c.minute, now - _days(keep.readings_days)
            ),
            "health": _old_rows(store, health, health.c.at, now - _days(keep.health_days)),
        }
    )
    if statistics_only:
        forbidden, theirs = _forbidden_records(store)
        found.update(forbidden)
        photos += theirs
    photos += _too_many_photos(store, int(keep.photos_gb * GB))
    return _without_zeros(found), photos


def _without_zeros(counts: Mapping[str, int]) -> dict[str, int]:
    return {what: count for what, count in counts.items() if count}


def _forbidden_records(store: Store) -> tuple[dict[str, int], Freed]:
    """Deletes what statistics-only mode would not have written: all but its counts."""
    # Of whatever time: a clock that was ahead may have noted it.
    count, photos = _forget_episodes(store, reason=DeletionReason.POLICY)
    return {
        "episode": count,
        "people": _forget_rows(store, people, item="all", reason=DeletionReason.POLICY),
        # Of a quiet minute these say what one person did.
        "readings": _forget_rows(store, readings, item="all", reason=DeletionReason.POLICY),
    }, photos


def _forbidden_photos(store: Store) -> Freed:
    if store.snapshots.photos is not Photos.NONE:
        return Freed()
    return _delete(store, store.snapshots.where(), DeletionReason.POLICY)


def _old_photos(store: Store, keep: RetentionConfig, now: datetime) -> Freed:
    in_review = snapshots.c.id.in_(sa.select(reviews.c.snapshot_id)) | (
        snapshots.c.kind == SnapshotKind.REVIEW
    )
    usual, longer = now - _days(keep.photos_days), now - _days(keep.review_photos_days)
    old = store.snapshots.where(sa.not_(in_review), snapshots.c.taken_at < usual)
    old += store.snapshots.where(in_review, snapshots.c.taken_at < longer)
    return _delete(store, old, DeletionReason.AGE)


def _too_many_photos(store: Store, most_bytes: int) -> Freed:
    freed, photos = Freed(), store.snapshots.oldest_first()
    while oldest := as_many(photos, _bytes(store.snapshots.usage()) - most_bytes):
        freed += store.snapshots.delete(oldest, reason=DeletionReason.SIZE)
        sleep(_LET_IN_S)
    return freed


def _forget_episodes(
    store: Store, *which: sa.ColumnElement[bool], reason: DeletionReason
) -> tuple[int, Freed]:
    """Deletes those that are over; says how many, and what became of their photos."""
    query = sa.select(episodes.c.id).where(episodes.c.ended_at.is_not(None), *which)
    with store.database.read() as connection:
        ids = connection.execute(query.order_by(episodes.c.started_at)).scalars().all()
    count, photos = 0, Freed()
    for start in range(0, len(ids), _EPISODES_AT_ONCE):
        some = ids[start : start + _EPISODES_AT_ONCE]
        theirs = store.snapshots.where(snapshots.c.episode_id.in_(some))
        # Photos go first: should it be interrupted, the episodes are there to be deleted again.
        freed = _delete(store, theirs, reason)
        photos += freed
        stay = {each.episode_id for each in theirs if each.file in freed.stuck}
        count += forget_episodes(store, [each for each in some if each not in stay], reason=reason)
        sleep(_LET_IN_S)
    return count, photos


def forget_episodes(
    store: Store, ids: Collection[str], *, reason: DeletionReason, actor: str = "system"
) -> int:
    """Deletes episodes with timeline, deliveries and labels, after their photos, and proves it.

    In one transaction: one for each would keep SQLite's disk, and so every other writer, waiting.

    Returns:
        How many of them were there (still).
    """
    query = sa.select(episodes.c.id).where(episodes.c.id.in_(ids)).order_by(episodes.c.id)
    with store.database.write() as connection:
        # Two who delete the same ones at once must not both prove it.
        there = connection.execute(query.with_for_update()).scalars().all()
        connection.execute(sa.delete(episodes).where(episodes.c.id.in_(there)))
        for each in there:
            store.deletions.note("episode", each, reason=reason, actor=actor)
    return len(there)


def _old_people(store: Store, limit: datetime) -> int:
    # The quarters have the index: without it every minute would read everybody.
    return _old_rows(store, people, people.c.first_at, limit, people.c.quarter_at < limit)


def _old_rows(
    store: Store,
    table: sa.Table,
    time: sa.Column[datetime],
    limit: datetime,
    *also: sa.ColumnElement[bool],
) -> int:
    item = f"before {limit.isoformat(timespec='seconds')}"
    return _forget_rows(store, table, time < limit, *also, item=item, reason=DeletionReason.AGE)


def _forget_rows(
    store: Store, table: sa.Table, *which: sa.ColumnElement[bool], item: str, reason: DeletionReason
) -> int:
    """Some at a time: with SQLite nobody else writes meanwhile, and there may be millions."""
    forgotten = 0
    while True:
        with store.transaction():
            count = rows.delete_some(store.database, table, _ROWS_AT_ONCE, *which)
            if count:
                store.deletions.add_up(table.name, item, reason=reason, count=count)
        forgotten += count
        if count < _ROWS_AT_ONCE:
            return forgotten
        sleep(_LET_IN_S)


def _delete(store: Store, photos: Sequence[SnapshotRecord], reason: DeletionReason) -> Freed:
    """A few at a time, so that no proof is long in coming and others can write meanwhile."""
    freed = Freed()
    for start in range(0, len(photos), _PHOTOS_AT_ONCE):
        some = photos[start : start + _PHOTOS_AT_ONCE]
        freed += store.snapshots.delete(some, reason=reason)
        sleep(_LET_IN_S)
    return freed


def _bytes(usage: Mapping[SnapshotKind, tuple[int, int]]) -> int:
    return sum(size for _, size in usage.values())


def _days(days: float) -> timedelta:
    return timedelta(days=days)
