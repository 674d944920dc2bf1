"""How each entry is stored: with the rows and messages that follow from it, or not at all.

An episode and the messages about it are one transaction: either both are there after a crash or
neither is, and then the next look at the violation opens it again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol, assert_never

from maskwatch.advice import words_for
from maskwatch.errors import RecordNotFound, SnapshotRefused, StoreError
from maskwatch.patience import PHOTO_LIMIT_S, Overdue, Patience
from maskwatch.runtime.monitoring.finish import FinishedPhoto
from maskwatch.runtime.monitoring.records.chronicle import (
    CountedPeople,
    Entry,
    EpisodeOpened,
    EpisodeUpdated,
    UncertainFace,
)
from maskwatch.store.ids import new_id
from maskwatch.store.records import (
    DeletionReason,
    Delivery,
    EpisodeRecord,
    HealthRecord,
    MinuteReadings,
    PersonRecord,
    ReviewItem,
    ReviewReason,
    SnapshotKind,
)
from maskwatch.store.store import Store

_log = logging.getLogger(__name__)

_PART = "recorder.part"
"""Name of the setting that says which part of a minute's readings was added last."""


class Planner(Protocol):
    """Decides on messages, inside the transaction that writes what they are about."""

    def plan(self, episode: EpisodeRecord, confirmed_at: datetime) -> Sequence[Delivery]:
        """The messages about a new episode."""
        ...

    def plan_health(self, change: HealthRecord) -> Sequence[Delivery]:
        """The messages about a change of health."""
        ...


class Writer:
    """Stores entries, one at a time; for one thread.

    Args:
        store: where everything goes.
        planner: which messages follow from what is written; None for no messages.
        on_deliveries: called when there are new messages to be sent.
    """

    def __init__(
        self, store: Store, planner: Planner | None, on_deliveries: Callable[[], None]
    ) -> None:
        self._store = store
        self._planner = planner
        self._on_deliveries = on_deliveries
        self._episodes_of: dict[tuple[str, int], list[str]] = {}
        """Ids by camera and number, of people who may still be in the picture."""
        self._doubtful_of: dict[tuple[str, int], str] = {}
        """The photo in review of those among them who have no episode yet, by its id."""
        self._patience = Patience(PHOTO_LIMIT_S)
        """With the disk of the photos."""
        self._saved: tuple[FinishedPhoto, str] | None = None
        """The photo that was saved last, and its id."""
        self._part: tuple[MinuteReadings, str] | None = None
        """The readings that were tried last to be added, and an id of theirs."""

    def write(self, entry: Entry) -> None:
        """Stores an entry; may be tried again when it failed.

        Raises:
            RecordExists: it is stored already.
            StoreError: the database cannot be used.
        """
        match entry:
            case EpisodeOpened():
                self._open(entry)
            case EpisodeUpdated():
                self._update(entry)
            case PersonRecord():
                self._put_person(entry)
            case MinuteReadings():
                self._add_readings(entry)
            case HealthRecord():
                self._add_health(entry)
            case CountedPeople():
                self._store.people.add_bucket(entry.bucket, entry.smallest)
            case UncertainFace():
                self._queue_for_review(entry)
            case _:
                assert_never(entry)

    def forget_people(self) -> None:
        """Forgets whose episodes and photos are whose."""
        self._episodes_of.clear()
        self._doubtful_of.clear()

    def _open(self, entry: EpisodeOpened) -> None:
        record = entry.record
        if entry.photo is not None:
            snapshot_id = self._save(entry.photo, SnapshotKind.EPISODE, record.camera, record.id)
            record = replace(record, snapshot_id=snapshot_id)
        key = record.camera, record.track
        doubtful = self._doubtful_of.get(key)
        with self._store.transaction():
            self._store.episodes.add(record)
            self._store.episodes.add_readings(record.id, entry.timeline)
            if doubtful is not None:
                self._store.reviews.note_episode(doubtful, record.id)
            plan = self._planner.plan(record, entry.confirmed_at) if self._planner else ()
            queued = self._queue(plan)
        self._doubtful_of.pop(key, None)
        self._episodes_of.setdefault(key, []).append(record.id)
        self._note_queued(queued)
        what = words_for(record.state, record.fault)
        _log.info("camera %s: episode %s begins: %s", record.camera, record.id, what)

    def _update(self, entry: EpisodeUpdated) -> None:
        episodes = self._store.episodes
        with self._store.transaction():
            is_there = episodes.update(
                entry.id,
                state=entry.state,
                fault=entry.fault,
                coverage=entry.coverage,
                ended_at=entry.ended_at,
            )
            if is_there:  # nobody has deleted it meanwhile
                episodes.add_readings(entry.id, entry.timeline)
        if entry.ended_at is not None:
            _log.info("episode %s is over", entry.id)

    def _add_readings(self, part: MinuteReadings) -> None:
        """Adds a part of a minute, once: it may have been kept by a database that did not say so.

        Entries are written in order, so it is enough to know which part was the last.
        """
        if self._part is None or self._part[0] is not part:
            self._part = part, new_id()
        with self._store.transaction():
            if self._store.settings.get(_PART) != self._part[1]:
                self._store.readings.add([part])
                self._store.settings.set(_PART, self._part[1])

    def _put_person(self, person: PersonRecord) -> None:
        """Writes who was there; not of whom somebody has deleted an episode meanwhile."""
        key = person.camera, person.track
        with self._store.transaction():
            if self._store.episodes.are_there(self._episodes_of.get(key, ())):
                self._store.people.put(person)
        self._episodes_of.pop(key, None)
        self._doubtful_of.pop(key, None)

    def _add_health(self, record: HealthRecord) -> None:
        with self._store.transaction():
            self._store.health.add(record)
            queued = self._queue(self._planner.plan_health(record) if self._planner else ())
        self._note_queued(queued)
        where = f"camera {record.camera}" if record.camera else "this box"
        reason = f" ({record.reason})" if record.reason else ""
        _log.info("%s: %s: %s%s", where, record.kind, record.state, reason)

    def _queue(self, deliveries: Sequence[Delivery]) -> int:
        return self._store.deliveries.add(deliveries) if deliveries else 0

    def _note_queued(self, count: int) -> None:
        if count:
            self._on_deliveries()

    def _save(
        self, photo: FinishedPhoto, kind: SnapshotKind, camera: str, episode_id: str | None
    ) -> str | None:
        """Stores a photo; its id, or None when there is no way: an episode matters more.

        That of an entry which is tried again, because its rows could not be written, is there
        already, unless it had to make room meanwhile.
        """
        try:
            if self._saved is not None and self._saved[0] is photo:
                with suppress(RecordNotFound):
                    return self._store.snapshots.get(self._saved[1]).id
            saved = self._patience.ask(
                lambda: self._store.snapshots.save(
                    photo.jpeg,
                    kind=kind,
                    camera=camera,
                    taken_at=photo.taken_at,
                    width=photo.width,
                    height=photo.height,
                    faces=photo.faces,
                    episode_id=episode_id,
                )
            ).id
        except SnapshotRefused as error:
            _log.warning("a photo is left out: %s", error)
        except (StoreError, OSError) as error:
            _log.error("a photo cannot be stored: %s", error)
        except Overdue as error:
            _log.error("a photo cannot be stored: the disk %s", error)
        else:
            self._saved = photo, saved
            return saved
        return None

    def _queue_for_review(self, entry: UncertainFace) -> None:
        """Queues a face, with an episode of theirs, so that it is found when they ask for that.

        Not of whom somebody has deleted an episode meanwhile.
        """
        key = entry.camera, entry.track
        theirs = self._episodes_of.get(key, ())
        if not self._store.episodes.are_there(theirs):
            self._discard(entry.photo)
            return
        episode_id = theirs[-1] if theirs else None
        snapshot_id = self._save(entry.photo, SnapshotKind.REVIEW, entry.camera, episode_id)
        if snapshot_id is None:
            return
        item = ReviewItem(
            id=entry.id,
            snapshot_id=snapshot_id,
            reason=ReviewReason.UNCERTAIN,
            created_at=datetime.now(UTC),
            episode_id=episode_id,
            state=entry.state,
            fault=entry.fault,
        )
        with self._store.transaction():
            # Again: to save a photo takes its time.
            is_wanted = self._store.episodes.are_there(theirs)
            if is_wanted:
                self._store.reviews.add(item)
        if not is_wanted:
            self._discard(entry.photo)
        elif episode_id is None:
            self._doubtful_of[key] = snapshot_id

    def _discard(self, photo: FinishedPhoto) -> None:
        """Deletes a photo if it was saved, perhaps when its entry was tried before."""
        if self._saved is not None and self._saved[0] is photo:
            with suppress(RecordNotFound):
                saved = self._store.snapshots.get(self._saved[1])
                self._store.snapshots.delete([saved], reason=DeletionReason.SUBJECT_REQUEST)
