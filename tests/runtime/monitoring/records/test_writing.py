"""What the cameras tell, written into a real store."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from maskwatch.config.privacy import Photos
from maskwatch.errors import StoreError, StoreFull
from maskwatch.runtime.monitoring.records.chronicle import Entry, EpisodeUpdated, UncertainFace
from maskwatch.runtime.monitoring.records.writing import Writer
from maskwatch.store.ids import new_id
from maskwatch.store.records import (
    CountBy,
    EpisodeRecord,
    HealthRecord,
    MinuteReadings,
    SnapshotRecord,
    TimelinePoint,
)
from maskwatch.store.store import Store
from maskwatch.store.subject import delete_episodes, tell_episode
from maskwatch.types import Fault, State
from tests.runtime.monitoring.records.entries import CONFIRMED, OneMessage, opened, person, photo
from tests.runtime.processes import wait_until
from tests.runtime.simulated import EPOCH
from tests.store.values import people_of


@pytest.fixture
def writer(store: Store) -> Writer:
    return Writer(store, OneMessage(), lambda: None)


def write(writer: Writer, *entries: Entry) -> None:
    for each in entries:
        writer.write(each)


def test_an_episode_its_photo_its_timeline_and_its_message_are_written(
    store: Store, writer: Writer
) -> None:
    entry = opened()
    end = EPOCH + timedelta(seconds=9)
    last = TimelinePoint(end, State.MASK, None, 96.0, 0.9)
    write(writer, entry)
    write(
        writer,
        EpisodeUpdated(entry.record.id, State.INCORRECT, Fault.CHIN_OUT, 20.0, end, (last,)),
    )
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


def test_everything_else_finds_its_place(store: Store, writer: Writer) -> None:
    health = HealthRecord(new_id(), EPOCH, "door", "connection", "lost", "no data")
    face = UncertainFace(new_id(), "door", 1, photo(), State.MASK, None)
    minute = MinuteReadings("door", None, EPOCH, frames=480, mask=100)
    write(writer, health, face, minute, person(State.MASK), HealthRecord.now(None, "load", "ok"))
    assert store.health.last("door", "connection") == health
    assert store.health.last(None, "load") is not None
    (item,) = store.reviews.waiting()
    assert (item.id, item.state) == (face.id, State.MASK)
    assert store.readings.between(EPOCH, EPOCH + timedelta(minutes=1))[0].frames == 480
    groups = store.people.counts(EPOCH, EPOCH + timedelta(days=1), CountBy.CAMERA)
    assert [(group.key, group.counts.mask) for group in groups] == [("door", 1)]


@pytest.mark.parametrize("was_corrected", [False, True])
def test_who_is_deleted_while_in_the_picture_stays_deleted(
    store: Store, writer: Writer, was_corrected: bool
) -> None:
    entry, other = opened(), opened()
    other = replace(other, record=replace(other.record, track=2))
    end = EPOCH + timedelta(seconds=9)
    last = TimelinePoint(end, State.NO_MASK, None, 3.0, 0.9)
    over = EpisodeUpdated(entry.record.id, State.NO_MASK, None, 3.0, end, (last,))
    write(writer, entry, other, *([over] if was_corrected else []))
    delete_episodes(store, [entry.record.id], actor="eve")
    write(writer, over, person(State.NO_MASK), replace(person(State.MASK), track=2))
    # Whoever has the number next is somebody else.
    write(writer, replace(person(State.INCORRECT, Fault.NOSE_OUT), first_at=end, last_at=end))
    assert [each.id for each in store.episodes.page().items] == [other.record.id]
    assert store.episodes.timeline(entry.record.id) == []
    found = people_of(store)
    assert {each.state for each in found} == {State.MASK, State.INCORRECT}


@pytest.mark.parametrize("is_first", [True, False])
def test_a_doubtful_face_is_told_and_deleted_with_the_episode_of_the_same_person(
    store: Store, writer: Writer, is_first: bool
) -> None:
    entry = opened()
    face = UncertainFace(new_id(), "door", 1, photo(), State.MASK, None)
    other = replace(face, id=new_id(), track=2, photo=photo())
    write(writer, other, *([face, entry] if is_first else [entry, face]))
    told = tell_episode(store, entry.record.id, actor="eve")
    known = json.loads(told.files["episode.json"])
    assert [each["id"] for each in known["labels"]] == [face.id]
    assert sorted(each["kind"] for each in known["photos"]) == ["episode", "review"]
    assert delete_episodes(store, [entry.record.id], actor="eve") == 2
    # Whoever is still in the picture then is not collected any more, either.
    write(writer, replace(face, id=new_id(), photo=photo()), person(State.NO_MASK))
    assert [each.id for each in store.reviews.waiting()] == [other.id]
    assert len(store.snapshots.where()) == 1


@pytest.mark.parametrize("fails", [False, True])
def test_a_doubtful_face_of_who_is_deleted_while_its_photo_is_saved_goes_too(
    store: Store, writer: Writer, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    entry, save = opened(), store.snapshots.save
    face = UncertainFace(new_id(), "door", 1, photo(), State.MASK, None)
    write(writer, entry)

    def save_slowly(*given: Any, **named: Any) -> SnapshotRecord:
        delete_episodes(store, [entry.record.id], actor="eve")
        return save(*given, **named)

    monkeypatch.setattr(store.snapshots, "save", save_slowly)
    if fails:
        with monkeypatch.context() as broken:
            broken.setattr(store.snapshots, "get", Mock(side_effect=StoreError("busy")))
            with pytest.raises(StoreError, match="busy"):
                write(writer, face)
    write(writer, face)
    assert store.reviews.waiting() == []
    assert store.snapshots.where() == []
    assert {each.reason for each in store.deletions.page().items} == {"subject_request"}


def test_a_doubtful_face_of_who_has_left_belongs_to_no_episode_of_the_next(
    store: Store, writer: Writer
) -> None:
    face = UncertainFace(new_id(), "door", 1, photo(), State.MASK, None)
    write(writer, face, person(State.MASK), opened())
    assert [each.episode_id for each in store.reviews.waiting()] == [None]


def test_what_happens_is_in_the_log(writer: Writer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    entry = opened(with_photo=False)
    over = EpisodeUpdated(entry.record.id, State.NO_MASK, None, 3.0, EPOCH, ())
    write(writer, entry, over)
    write(writer, HealthRecord(new_id(), EPOCH, "door", "connection", "lost", "timed out"))
    write(writer, HealthRecord(new_id(), EPOCH, None, "load", "ok"))
    assert caplog.messages == [
        f"camera door: episode {entry.record.id} begins: no mask",
        f"episode {entry.record.id} is over",
        "camera door: connection: lost (timed out)",
        "this box: load: ok",
    ]


def test_photos_whose_disk_hangs_hold_up_no_episode_and_no_message(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a network share whose server is away: it neither answers nor fails."""
    save, answers = store.snapshots.save, threading.Event()

    def hanging(*given: Any, **named: Any) -> SnapshotRecord:
        assert answers.wait(60)
        return save(*given, **named)

    monkeypatch.setattr("maskwatch.runtime.monitoring.records.writing.PHOTO_LIMIT_S", 0.5)
    monkeypatch.setattr(store.snapshots, "save", hanging)
    writer = Writer(store, OneMessage(), lambda: None)
    entries = [opened(), opened()]
    write(writer, *entries)
    for entry in entries:
        assert store.episodes.get(entry.record.id).snapshot_id is None
        assert len(store.deliveries.of_episode(entry.record.id)) == 1
    answers.set()

    def has_photos_again() -> bool:
        write(writer, entry := opened())
        return store.episodes.get(entry.record.id).snapshot_id is not None

    assert wait_until(has_photos_again)


@pytest.mark.parametrize("photo_gave_way", [False, True])
def test_an_episode_that_is_tried_again_has_one_photo(
    store: Store, writer: Writer, monkeypatch: pytest.MonkeyPatch, photo_gave_way: bool
) -> None:
    def fail(_: EpisodeRecord) -> None:
        if photo_gave_way:
            store.room.make_room(1)
        raise StoreError("busy")

    entry = opened()
    with monkeypatch.context() as broken:
        broken.setattr(store.episodes, "add", fail)
        for _ in range(2):
            with pytest.raises(StoreError, match="busy"):
                write(writer, entry)
    write(writer, entry)
    (kept,) = store.snapshots.where()
    assert store.episodes.get(entry.record.id).snapshot_id == kept.id


def test_an_episode_without_its_photo_is_better_than_none(
    store: Store, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreFull("no space left on device")

    monkeypatch.setattr(store.snapshots, "save", full)
    entry = opened()
    write(writer, entry)
    assert store.episodes.get(entry.record.id).snapshot_id is None
    assert len(store.deliveries.of_episode(entry.record.id)) == 1


def test_a_photo_that_the_policy_forbids_by_now_is_left_out(store: Store, writer: Writer) -> None:
    store.snapshots.photos = Photos.NONE
    entry = opened()
    write(writer, entry)
    assert store.episodes.get(entry.record.id).snapshot_id is None
    assert list(store.snapshots.folder.rglob("*.jpg")) == []
