"""Writes down what the cameras tell, in a thread of its own, and keeps it while that fails.

An episode and the messages about it are one transaction: either both are there after a crash or
neither is, and then the next look at the violation opens it again. While the database cannot be
reached everything waits in memory, in order; when too much waits, first the sums and timelines
are given up and then the oldest photos, but never an episode.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from maskwatch.advice import words_for
from maskwatch.delays import Doubling, growing_delay_s
from maskwatch.errors import RecordExists, RecordNotFound, SnapshotRefused, StoreError
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
    Delivery,
    EpisodeRecord,
    HealthKind,
    HealthRecord,
    HealthState,
    MinuteReadings,
    PersonRecord,
    ReviewItem,
    ReviewReason,
    SnapshotKind,
)
from maskwatch.store.store import Store

_log = logging.getLogger(__name__)

_RETRIES = Doubling(0.5, 10.0)
_IDLE_S = 1.0
_STUCK_S = 60.0
"""A server that is away, or a photo, is given up sooner; a disk of SQLite's may hang for ever."""
_MOST_WAITING = 2000
_MOST_PHOTOS = 200
_MORE_PHOTOS = 50
"""So many more may wait until the oldest are looked for, and given up."""
_GROWN = 1.1
"""And so many times the entries of the last time: each time all of them are looked through."""
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


class Recorder:
    """A `Chronicle` over a store.

    Args:
        store: where everything goes.
        planner: which messages follow from what is written; None for no messages.
        on_deliveries: called when there are new messages to be sent.
    """

    def __init__(
        self,
        store: Store,
        planner: Planner | None = None,
        on_deliveries: Callable[[], None] = lambda: None,
    ) -> None:
        self.given_up = 0
        """Entries and photos that were given up because too much waited."""
        self.statistics_only = False
        """Whether nothing may be written of any person (any more), what waits included."""
        self._store = store
        self._planner = planner
        self._on_deliveries = on_deliveries
        self._waiting: deque[Entry] = deque()
        self._shrunk_to = 0
        """Entries that were left when some were given up last, less those written since."""
        self._new_photos = 0
        """That have come since then."""
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
        self._changed = threading.Condition()
        self._error = ""
        self._busy_since = float("inf")
        """When (`monotonic`) the entry that is being written was begun."""
        self._stopping = False
        self._give_up_at = float("inf")
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> bool:
        """Writes what waits, for so long at most; whether all of it was written."""
        with self._changed:
            self._stopping = True
            self._give_up_at = time.monotonic() + timeout_s
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout_s + _IDLE_S)
        return not self._waiting

    @property
    def error(self) -> str:
        """Why nothing can be written at the moment; empty when all is well."""
        if not self._error and time.monotonic() - self._busy_since > _STUCK_S:
            return f"the database has not answered for {_STUCK_S:g} s"
        return self._error

    @property
    def unwritten(self) -> int:
        """Entries that wait."""
        return len(self._waiting)

    def write(self, entries: Sequence[Entry]) -> None:
        """Takes entries; see `Chronicle`."""
        if not entries:
            return
        with self._changed:
            self._waiting.extend(entries)
            self._new_photos += sum(map(_has_photo, entries))
            if self._is_too_much():
                self._shrink()
            self._changed.notify_all()

    def _run(self) -> None:
        failures = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._stopping, _IDLE_S)
                if self._stopping and (not self._waiting or time.monotonic() > self._give_up_at):
                    return
                entry = self._waiting[0] if self._waiting else None
            if entry is None:
                continue
            self._busy_since = time.monotonic()
            is_done = self._write_one(entry)
            self._busy_since = float("inf")
            failures = 0 if is_done else failures + 1
            if failures:
                with self._changed:
                    wait_s = growing_delay_s(_RETRIES, failures)
                    self._changed.wait_for(lambda: self._stopping, wait_s)
                    if self._stopping:  # no time left for patience
                        self._changed.wait(0.1)

    def _write_one(self, entry: Entry) -> bool:
        """Whether the first entry is done with, and gone; False to try again."""
        try:
            self._store_entry(entry)
        except RecordExists:
            pass  # written before a connection broke that should have said so
        except StoreError as error:
            if not self._error:
                _log.error("nothing can be written: %s", error)
            self._error = str(error)
            return False
        except Exception:  # noqa: BLE001
            # The thread's boundary. An entry that cannot be written must not block the others.
            _log.exception("an entry cannot be written and is left out: %s", type(entry).__name__)
        if self._error:
            _log.warning("writing works again; given up so far: %d", self.given_up)
            self._error = ""
        with self._changed:
            self._waiting.popleft()
            self._shrunk_to = min(self._shrunk_to, len(self._waiting))
        return True

    def _store_entry(self, entry: Entry) -> None:
        store = self._store
        if self.statistics_only and _tells_of_a_person(entry):
            self._episodes_of.clear()
            self._doubtful_of.clear()
        elif isinstance(entry, EpisodeOpened):
            self._open(entry)
        elif isinstance(entry, EpisodeUpdated):
            self._update(entry)
        elif isinstance(entry, PersonRecord):
            self._put_person(entry)
        elif isinstance(entry, MinuteReadings):
            self._add_readings(entry)
        elif isinstance(entry, HealthRecord):
            with store.transaction():
                store.health.add(entry)
                queued = self._queue(self._planner.plan_health(entry) if self._planner else ())
            self._note_queued(queued)
            _tell_health(entry)
        elif isinstance(entry, CountedPeople):
            store.people.add_bucket(entry.bucket, entry.smallest)
        else:
            self._queue_for_review(entry)

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
            return
        episode_id = theirs[-1] if theirs else None
        snapshot_id = self._save(entry.photo, SnapshotKind.REVIEW, entry.camera, episode_id)
        if snapshot_id is not None:
            item = ReviewItem(
                id=entry.id,
                snapshot_id=snapshot_id,
                reason=ReviewReason.UNCERTAIN,
                created_at=datetime.now(UTC),
                episode_id=episode_id,
                state=entry.state,
                fault=entry.fault,
            )
            self._store.reviews.add(item)
            if episode_id is None:
                self._doubtful_of[key] = snapshot_id

    def _is_too_much(self) -> bool:
        """Whether so much more waits than the last time that something may have to be given up."""
        count = len(self._waiting)
        if count > _MOST_PHOTOS and self._new_photos >= _MORE_PHOTOS:
            return True
        return count > max(_MOST_WAITING, _GROWN * self._shrunk_to)

    def _shrink(self) -> None:
        """Gives up what matters least; called with the lock held."""
        head, *rest = self._waiting  # the first one is being written
        kept: list[Entry] = rest
        if len(kept) > _MOST_WAITING:
            kept = [each for each in kept if _must_stay(each)]
        with_photo = [
            at
            for at, each in enumerate(kept)
            if isinstance(each, EpisodeOpened) and _has_photo(each)
        ]
        oldest = with_photo[:-_MOST_PHOTOS]
        for at in oldest:
            kept[at] = _without_photo(kept[at])
        self.given_up += len(rest) - len(kept) + len(oldest)
        self._waiting = deque([head, *kept])
        self._shrunk_to, self._new_photos = len(self._waiting), 0


def _must_stay(entry: Entry) -> bool:
    """Whether leaving it out would lose more than detail."""
    if isinstance(entry, EpisodeUpdated):
        return entry.ended_at is not None
    return not isinstance(entry, MinuteReadings | UncertainFace)


def _tells_of_a_person(entry: Entry) -> bool:
    """Whether there would be no such entry in statistics-only mode.

    Of an episode that was written before it may be said that it is over, until it is deleted.
    """
    if isinstance(entry, EpisodeUpdated):
        return entry.ended_at is None
    return isinstance(entry, EpisodeOpened | PersonRecord | MinuteReadings | UncertainFace)


def _has_photo(entry: Entry) -> bool:
    return isinstance(entry, EpisodeOpened | UncertainFace) and entry.photo is not None


def _without_photo(entry: Entry) -> Entry:
    return replace(entry, photo=None) if isinstance(entry, EpisodeOpened) else entry


def health_of_box(kind: HealthKind, state: HealthState, reason: str = "") -> HealthRecord:
    """A change in the health of the box itself, now."""
    return HealthRecord(new_id(), datetime.now(UTC), None, kind, state, reason)


def _tell_health(record: HealthRecord) -> None:
    where = f"camera {record.camera}" if record.camera else "this box"
    reason = f" ({record.reason})" if record.reason else ""
    _log.info("%s: %s: %s%s", where, record.kind, record.state, reason)
