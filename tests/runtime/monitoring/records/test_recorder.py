"""What the cameras tell, written into a real store, also when that fails for a while."""

from __future__ import annotations

import json
import logging
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from maskwatch.config.privacy import Photos, PrivacyConfig
from maskwatch.delays import Doubling
from maskwatch.errors import StoreError, StoreFull
from maskwatch.outputs.jpeg import encode_jpeg
from maskwatch.runtime.monitoring.finish import FinishedPhoto
from maskwatch.runtime.monitoring.records.chronicle import (
    EpisodeOpened,
    EpisodeUpdated,
    UncertainFace,
)
from maskwatch.runtime.monitoring.records.recorder import Recorder, health_of_box
from maskwatch.runtime.monitoring.records.statistics import StatisticsOnly
from maskwatch.store.ids import new_id
from maskwatch.store.records import (
    CountBy,
    Delivery,
    DeliveryKind,
    EpisodeRecord,
    HealthRecord,
    MinuteReadings,
    PersonRecord,
    SnapshotFace,
    SnapshotRecord,
    TimelinePoint,
)
from maskwatch.store.store import Store
from maskwatch.store.subject import delete_episodes, tell_episode
from maskwatch.types import Box, Fault, State
from tests.runtime.processes import wait_until
from tests.runtime.simulated import EPOCH, Notebook
from tests.store.values import people_of

CONFIRMED = EPOCH + timedelta(seconds=1)


class OneMessage:
    """A planner of one message for each episode and each change."""

    def plan(self, episode: EpisodeRecord, confirmed_at: datetime) -> Sequence[Delivery]:
        row = Delivery(episode.id[::-1], episode.id, DeliveryKind.VIOLATION, "mail")
        return [replace(row, created_at=confirmed_at)]

    def plan_health(self, change: HealthRecord) -> Sequence[Delivery]:
        row = Delivery(change.id[::-1], None, DeliveryKind.CAMERA_HEALTH, "mail")
        return [replace(row, camera=change.camera)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    with Store.open(url, tmp_path / "photos", Photos.CLEAR) as opened:
        yield opened


@pytest.fixture
def recorder(store: Store) -> Iterator[Recorder]:
    started = Recorder(store, OneMessage())
    started.start()
    yield started
    started.stop()


def photo(*, blurred: bool = False) -> FinishedPhoto:
    jpeg = encode_jpeg(np.zeros((60, 80, 3), np.uint8), 80)
    face = SnapshotFace(Box(1, 2, 30, 40), State.NO_MASK, None, 3.0, True, blurred)
    return FinishedPhoto(jpeg, 80, 60, EPOCH, (face,))


def opened(with_photo: bool = True) -> EpisodeOpened:
    record = EpisodeRecord(new_id(), "door", None, 1, State.NO_MASK, None, 3.0, EPOCH)
    points = (TimelinePoint(EPOCH, State.NO_MASK, None, 3.0, 0.9),)
    return EpisodeOpened(record, CONFIRMED, photo() if with_photo else None, points)


def person(state: State, fault: Fault | None = None, zone: str | None = None) -> PersonRecord:
    return PersonRecord(new_id(), "door", zone, 1, state, fault, EPOCH, EPOCH)


def test_an_episode_its_photo_its_timeline_and_its_message_are_written(
    store: Store, recorder: Recorder
) -> None:
    entry = opened()
    end = EPOCH + timedelta(seconds=9)
    last = TimelinePoint(end, State.MASK, None, 96.0, 0.9)
    recorder.write([entry])
    recorder.write(
        [EpisodeUpdated(entry.record.id, State.INCORRECT, Fault.CHIN_OUT, 20.0, end, (last,))]
    )
    assert recorder.stop()
    episode = store.episodes.get(entry.record.id)
    assert (episode.state, episode.fault, episode.coverage) == (
        State.INCORRECT,
        Fault.CHIN_OUT,
        20.0,
    )
    assert episode.ended_at == end
    assert episode.snapshot_id is not None
    assert entry.photo is not None
    assert store.snapshots.read(episode.snapshot_id) == entry.photo.jpeg
    assert store.snapshots.get(episode.snapshot_id).faces == entry.photo.faces
    assert len(store.episodes.timeline(episode.id)) == 2
    (row,) = store.deliveries.of_episode(episode.id)
    assert (row.channel, row.created_at) == ("mail", CONFIRMED)  # however late it is written


def test_everything_else_finds_its_place(store: Store, recorder: Recorder) -> None:
    health = HealthRecord(new_id(), EPOCH, "door", "connection", "lost", "no data")
    face = UncertainFace(new_id(), "door", 1, photo(), State.MASK, None)
    minute = MinuteReadings("door", None, EPOCH, frames=480, mask=100)
    recorder.write([health, face, minute, person(State.MASK), health_of_box("load", "ok")])
    assert recorder.stop()
    assert store.health.last("door", "connection") == health
    assert store.health.last(None, "load") is not None
    (item,) = store.reviews.waiting()
    assert (item.id, item.state) == (face.id, State.MASK)
    assert store.readings.between(EPOCH, EPOCH + timedelta(minutes=1))[0].frames == 480
    groups = store.people.counts(EPOCH, EPOCH + timedelta(days=1), CountBy.CAMERA)
    assert [(group.key, group.counts.mask) for group in groups] == [("door", 1)]


@pytest.mark.parametrize("was_corrected", [False, True])
def test_who_is_deleted_while_in_the_picture_stays_deleted(
    store: Store, recorder: Recorder, was_corrected: bool
) -> None:
    entry, other = opened(), opened()
    other = replace(other, record=replace(other.record, track=2))
    end = EPOCH + timedelta(seconds=9)
    last = TimelinePoint(end, State.NO_MASK, None, 3.0, 0.9)
    over = EpisodeUpdated(entry.record.id, State.NO_MASK, None, 3.0, end, (last,))
    recorder.write([entry, other, *([over] if was_corrected else [])])
    assert wait_until(lambda: recorder.unwritten == 0)
    delete_episodes(store, [entry.record.id], actor="eve")
    recorder.write([over, person(State.NO_MASK), replace(person(State.MASK), track=2)])
    # Whoever has the number next is somebody else.
    recorder.write([replace(person(State.INCORRECT, Fault.NOSE_OUT), first_at=end, last_at=end)])
    assert recorder.stop()
    assert recorder.error == ""
    assert [each.id for each in store.episodes.page().items] == [other.record.id]
    assert store.episodes.timeline(entry.record.id) == []
    found = people_of(store)
    assert {each.state for each in found} == {State.MASK, State.INCORRECT}


@pytest.mark.parametrize("is_first", [True, False])
def test_a_doubtful_face_is_told_and_deleted_with_the_episode_of_the_same_person(
    store: Store, recorder: Recorder, is_first: bool
) -> None:
    entry = opened()
    face = UncertainFace(new_id(), "door", 1, photo(), State.MASK, None)
    other = replace(face, id=new_id(), track=2, photo=photo())
    recorder.write([other, *([face, entry] if is_first else [entry, face])])
    assert wait_until(lambda: recorder.unwritten == 0)
    told = tell_episode(store, entry.record.id, actor="eve")
    known = json.loads(told.files["episode.json"])
    assert [each["id"] for each in known["labels"]] == [face.id]
    assert sorted(each["kind"] for each in known["photos"]) == ["episode", "review"]
    assert delete_episodes(store, [entry.record.id], actor="eve") == 2
    # Whoever is still in the picture then is not collected any more, either.
    recorder.write([replace(face, id=new_id(), photo=photo()), person(State.NO_MASK)])
    assert recorder.stop()
    assert [each.id for each in store.reviews.waiting()] == [other.id]
    assert len(store.snapshots.where()) == 1


def test_a_doubtful_face_of_who_has_left_belongs_to_no_episode_of_the_next(
    store: Store, recorder: Recorder
) -> None:
    face = UncertainFace(new_id(), "door", 1, photo(), State.MASK, None)
    recorder.write([face, person(State.MASK), opened()])
    assert recorder.stop()
    assert [each.episode_id for each in store.reviews.waiting()] == [None]


def test_what_happens_is_in_the_log(recorder: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    entry = opened(with_photo=False)
    over = EpisodeUpdated(entry.record.id, State.NO_MASK, None, 3.0, EPOCH, ())
    recorder.write([entry, over])
    recorder.write([HealthRecord(new_id(), EPOCH, "door", "connection", "lost", "timed out")])
    recorder.write([HealthRecord(new_id(), EPOCH, None, "load", "ok")])
    assert recorder.stop()
    assert caplog.messages == [
        f"camera door: episode {entry.record.id} begins: no mask",
        f"episode {entry.record.id} is over",
        "camera door: connection: lost (timed out)",
        "this box: load: ok",
    ]


def test_nothing_is_lost_while_the_store_cannot_be_written_to(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[bool] = []
    recorder = Recorder(store, OneMessage(), lambda: woken.append(True))
    working = store.episodes.add

    def broken(_: EpisodeRecord) -> None:
        raise StoreError("the database failed: connection refused")

    monkeypatch.setattr(store.episodes, "add", broken)
    recorder.start()
    entries = [opened(with_photo=False) for _ in range(3)]
    recorder.write(entries)
    assert wait_until(lambda: "connection refused" in recorder.error)
    assert recorder.unwritten == 3
    assert woken == []
    monkeypatch.setattr(store.episodes, "add", working)
    assert wait_until(lambda: recorder.unwritten == 0)
    assert recorder.error == ""
    assert recorder.stop()
    assert {e.id for e in store.episodes.page().items} == {e.record.id for e in entries}
    assert len(woken) == 3


def test_photos_whose_disk_hangs_hold_up_no_episode_and_no_message(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a network share whose server is away: it neither answers nor fails."""
    save, answers = store.snapshots.save, threading.Event()

    def hanging(*given: Any, **named: Any) -> SnapshotRecord:
        assert answers.wait(60)
        return save(*given, **named)

    monkeypatch.setattr("maskwatch.runtime.monitoring.records.recorder.PHOTO_LIMIT_S", 0.5)
    recorder = Recorder(store, OneMessage())
    recorder.start()
    monkeypatch.setattr(store.snapshots, "save", hanging)
    entries = [opened(), opened()]
    recorder.write(entries)
    assert wait_until(lambda: recorder.unwritten == 0)
    for entry in entries:
        assert store.episodes.get(entry.record.id).snapshot_id is None
        assert len(store.deliveries.of_episode(entry.record.id)) == 1
    answers.set()

    def has_photos_again() -> bool:
        recorder.write([entry := opened()])
        assert wait_until(lambda: recorder.unwritten == 0)
        return store.episodes.get(entry.record.id).snapshot_id is not None

    assert wait_until(has_photos_again)
    assert recorder.stop()


def test_a_database_that_hangs_is_told_while_it_hangs(
    store: Store, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    add, answers = store.episodes.add, threading.Event()

    def hanging(episode: EpisodeRecord) -> None:
        assert answers.wait(60)
        add(episode)

    monkeypatch.setattr("maskwatch.runtime.monitoring.records.recorder._STUCK_S", 0.1)
    monkeypatch.setattr(store.episodes, "add", hanging)
    recorder.write([opened()])
    assert wait_until(lambda: "the database has not answered" in recorder.error)
    answers.set()
    assert wait_until(lambda: recorder.error == "")


@pytest.mark.parametrize("photo_gave_way", [False, True])
def test_an_episode_that_is_tried_again_has_one_photo(
    store: Store, monkeypatch: pytest.MonkeyPatch, photo_gave_way: bool
) -> None:
    add, failures = store.episodes.add, iter([StoreError("busy")] * 2)

    def add_at_last(episode: EpisodeRecord) -> None:
        if error := next(failures, None):
            if photo_gave_way:
                store.snapshots.make_room(1)
            raise error
        add(episode)

    retries = "maskwatch.runtime.monitoring.records.recorder._RETRIES"
    monkeypatch.setattr(retries, Doubling(0.01, 10.0))
    monkeypatch.setattr(store.episodes, "add", add_at_last)
    recorder = Recorder(store)
    recorder.start()
    recorder.write([entry := opened()])
    assert wait_until(lambda: recorder.unwritten == 0)
    assert recorder.stop()
    (kept,) = store.snapshots.where()
    assert store.episodes.get(entry.record.id).snapshot_id == kept.id


def test_an_episode_without_its_photo_is_better_than_none(
    store: Store, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreFull("no space left on device")

    monkeypatch.setattr(store.snapshots, "save", full)
    entry = opened()
    recorder.write([entry])
    assert recorder.stop()
    assert store.episodes.get(entry.record.id).snapshot_id is None
    assert len(store.deliveries.of_episode(entry.record.id)) == 1


def test_a_photo_that_the_policy_forbids_by_now_is_left_out(
    store: Store, recorder: Recorder
) -> None:
    store.snapshots.photos = Photos.NONE
    entry = opened()
    recorder.write([entry])
    assert recorder.stop()
    assert store.episodes.get(entry.record.id).snapshot_id is None
    assert list(store.snapshots.folder.rglob("*.jpg")) == []


def test_what_waits_too_long_is_thinned_out_but_no_episode_is_lost(store: Store) -> None:
    recorder = Recorder(store)  # not started: everything waits
    minute = MinuteReadings("door", None, EPOCH, frames=1)
    for _ in range(3000):
        entry = opened()
        still = EpisodeUpdated(entry.record.id, State.NO_MASK, None, 1.0, None, ())
        over = replace(still, ended_at=EPOCH)
        recorder.write([entry, still, minute, over])
    waiting = list(recorder._waiting)
    assert sum(isinstance(each, EpisodeOpened) for each in waiting) == 3000
    assert sum(isinstance(e, EpisodeUpdated) and e.ended_at is not None for e in waiting) == 3000
    assert sum(isinstance(each, MinuteReadings) for each in waiting) < 1000
    has_photo = [e.photo is not None for e in waiting if isinstance(e, EpisodeOpened)]
    kept = sum(has_photo[1:])
    assert 200 <= kept < 250
    # What is being written is whole.
    assert has_photo == [True] + [False] * (2999 - kept) + [True] * kept
    assert recorder.given_up > 0


def test_an_episode_that_was_written_before_is_not_written_twice(
    store: Store, recorder: Recorder
) -> None:
    entry = opened(with_photo=False)
    recorder.write([entry, entry])
    assert recorder.stop()
    assert len(store.episodes.page().items) == 1
    assert len(store.deliveries.of_episode(entry.record.id)) == 1


def test_readings_of_which_it_was_not_heard_that_they_were_written_count_once(
    store: Store, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their sums are added to what is there, so once more would be twice."""
    unheard, write = [True, True], store.database.write

    @contextmanager
    def writes_and_hears_nothing() -> Iterator[Any]:
        is_outermost = store.database._current.get() is None
        with write() as connection:
            yield connection
        if is_outermost and unheard:
            unheard.pop()
            raise StoreError("the server reset the connection")

    monkeypatch.setattr(store.database, "write", writes_and_hears_nothing)
    minute = MinuteReadings("door", None, EPOCH, frames=480, mask=100)
    again = replace(minute)  # another part of the same minute
    recorder.write([minute, replace(minute, zone="hall"), again])
    wait_until(lambda: not recorder.unwritten)
    assert unheard == []
    written = store.readings.between(EPOCH, EPOCH + timedelta(hours=1))
    assert [(each.zone, each.frames) for each in written] == [(None, 960), ("hall", 480)]


def test_while_much_waits_it_is_not_looked_through_at_every_word(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(store)  # not started: everything waits
    shrunk: list[int] = []
    shrink = recorder._shrink

    def shrinks() -> None:
        shrunk.append(recorder.unwritten)
        shrink()

    monkeypatch.setattr(recorder, "_shrink", shrinks)
    end = EpisodeUpdated("e", State.NO_MASK, None, 1.0, EPOCH, ())
    for _ in range(20_000):
        recorder.write([end])
    assert recorder.unwritten == 20_000
    assert len(shrunk) < 50


def test_after_a_long_time_without_a_database_no_more_waits_than_before(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(store)
    monkeypatch.setattr(recorder, "_store_entry", lambda _: None)
    recorder.write([EpisodeUpdated("e", State.NO_MASK, None, 1.0, EPOCH, ())] * 10_000)
    recorder.start()
    wait_until(lambda: not recorder.unwritten)
    recorder.stop()
    for _ in range(3000):
        recorder.write([MinuteReadings("door", None, EPOCH, frames=1)])
    assert recorder.unwritten <= 2000


STATISTICS = PrivacyConfig(statistics_only=True, statistics_minutes=60, statistics_min_count=3)


def test_statistics_only_lets_through_nothing_but_counts_and_health(
    store: Store, tmp_path: Path
) -> None:
    recorder = Recorder(store, OneMessage())
    recorder.start()
    start = EPOCH + timedelta(minutes=10)
    only = StatisticsOnly(recorder, STATISTICS, UTC, start)
    health = HealthRecord(new_id(), EPOCH, "door", "connection", "connected")
    only.write([opened(), health, MinuteReadings("door", None, EPOCH, frames=9)])
    only.write([person(State.MASK) for _ in range(5)])
    only.write([person(State.NO_MASK) for _ in range(4)])
    only.write([person(State.INCORRECT, Fault.NOSE_OUT)])
    only.tick(EPOCH + timedelta(minutes=59))
    assert recorder.unwritten <= 1
    only.tick(EPOCH + timedelta(minutes=60))
    assert recorder.stop()
    assert store.episodes.page().items == ()
    assert {each.camera for each in store.deliveries.page().items} <= {"door"}
    assert people_of(store) == []
    assert store.readings.between(EPOCH, EPOCH + timedelta(days=1)) == []
    assert store.health.last("door", "connection") == health
    assert [path for path in tmp_path.rglob("*") if path.suffix in (".jpg", ".jpeg")] == []
    (group,) = store.people.counts(EPOCH, EPOCH + timedelta(days=1))
    assert group.counts.mask == 5
    # Not 0 of them, which would make a rate of 100 % of one that is not known.
    assert (group.counts.no_mask, group.counts.incorrect, group.counts.nose_out) == (None,) * 3
    assert group.counts.hidden >= 2


def test_statistics_only_drops_what_waits_and_was_not_written_in_time(store: Store) -> None:
    before, end = opened(), EPOCH + timedelta(seconds=9)
    over = EpisodeUpdated(before.record.id, State.NO_MASK, None, 3.0, end, ())
    store.episodes.add(before.record)
    recorder = Recorder(store, OneMessage())  # not started: everything waits
    entry = opened()
    recorder.write([entry, EpisodeUpdated(entry.record.id, State.NO_MASK, None, 3.0, EPOCH, ())])
    recorder.write([UncertainFace(new_id(), "door", 1, photo(), State.MASK, None)])
    recorder.write([MinuteReadings("door", None, EPOCH, frames=480, mask=100)])
    recorder.write([over, person(State.NO_MASK), health_of_box("load", "ok")])
    recorder.statistics_only = True
    recorder.start()
    assert recorder.stop()
    (left,) = store.episodes.page().items
    assert (left.id, left.ended_at) == (before.record.id, end)
    assert store.snapshots.where() == store.reviews.waiting() == people_of(store) == []
    assert store.readings.between(EPOCH, EPOCH + timedelta(minutes=1)) == []
    assert store.health.last(None, "load") is not None


def test_each_span_of_statistics_is_counted_by_itself() -> None:
    notebook = Notebook()
    only = StatisticsOnly(notebook, STATISTICS, UTC, EPOCH + timedelta(minutes=45))
    only.write([person(State.MASK, zone="door")])
    only.tick(EPOCH + timedelta(minutes=61))
    only.write([person(State.MASK), person(State.NO_MASK)])
    only.flush(EPOCH + timedelta(minutes=90))
    buckets = [entry.bucket for entry in notebook.entries]  # type: ignore[union-attr]
    assert [(b.zone, b.start_at - EPOCH, b.span_s, b.counts.mask) for b in buckets] == [
        ("door", timedelta(minutes=45), 15 * 60, 1),
        (None, timedelta(minutes=60), 30 * 60, 1),
    ]


def test_when_the_clock_is_set_forward_people_are_counted_in_the_present_span_at_once() -> None:
    """As on a box without a clock of its own, once the network tells it the time."""
    notebook = Notebook()
    only = StatisticsOnly(notebook, STATISTICS, UTC, EPOCH + timedelta(minutes=45))
    only.write([person(State.MASK)])
    later = EPOCH + timedelta(days=30)
    only.tick(later + timedelta(minutes=10))
    only.write([person(State.NO_MASK)])
    only.tick(later + timedelta(minutes=11))
    only.tick(later + timedelta(minutes=60))
    buckets = [entry.bucket for entry in notebook.entries]  # type: ignore[union-attr]
    assert [(b.start_at, b.span_s, b.counts.no_mask) for b in buckets] == [
        (EPOCH + timedelta(minutes=45), 15 * 60, 0),
        (later, 60 * 60, 1),
    ]


def test_a_clock_that_is_set_back_neither_stops_the_statistics_nor_loses_counts(
    store: Store,
) -> None:
    """What begins as a span of before would be taken for that, as if it were written twice."""
    recorder = Recorder(store)
    recorder.start()
    only = StatisticsOnly(recorder, STATISTICS, UTC, EPOCH)
    now = EPOCH
    for minutes in (60, 60, -90, 60, 60, 60, -100_000, 60):
        only.write([person(State.MASK) for _ in range(5)])
        now += timedelta(minutes=minutes)
        only.tick(now + timedelta(seconds=1))
    assert recorder.stop()
    (group,) = store.people.counts(EPOCH - timedelta(days=100), EPOCH + timedelta(days=1))
    assert group.counts.mask == 40


@pytest.mark.parametrize("minutes", [45, 1440])
@pytest.mark.parametrize("name", ["America/Los_Angeles", "Asia/Kolkata", "Europe/Berlin"])
def test_statistics_count_people_on_the_local_day_that_they_came_on(
    store: Store, name: str, minutes: int
) -> None:
    zone = ZoneInfo(name)
    first = datetime(2026, 3, 28, tzinfo=zone)  # in Berlin the next day has 23 hours
    privacy = PrivacyConfig(
        statistics_only=True, statistics_minutes=minutes, statistics_min_count=1
    )
    recorder = Recorder(store)
    recorder.start()
    only = StatisticsOnly(recorder, privacy, zone, first.astimezone(UTC))
    expected: Counter[str] = Counter()
    for quarter in range(3 * 96):
        now = first.astimezone(UTC) + quarter * timedelta(minutes=15)
        only.tick(now)
        only.write([person(State.MASK)])
        expected[now.astimezone(zone).date().isoformat()] += 1
    end = now + timedelta(minutes=15)
    only.flush(end)
    assert recorder.stop()
    days = store.people.counts(end - timedelta(days=9), end, CountBy.DAY, zone=zone)
    assert {each.key: each.counts.mask for each in days} == expected
