"""What the cameras tell reaches the store, also when that fails for a while."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from maskwatch.errors import StoreError
from maskwatch.runtime.monitoring.records.chronicle import EpisodeUpdated, UncertainFace
from maskwatch.runtime.monitoring.records.recorder import Recorder
from maskwatch.store.ids import new_id
from maskwatch.store.records import EpisodeRecord, HealthRecord, MinuteReadings
from maskwatch.store.store import Store
from maskwatch.types import State
from tests.runtime.monitoring.records.entries import OneMessage, opened, person, photo
from tests.runtime.processes import wait_until
from tests.runtime.simulated import EPOCH
from tests.store.values import people_of


@pytest.fixture
def recorder(store: Store) -> Iterator[Recorder]:
    started = Recorder(store, OneMessage())
    started.start()
    yield started
    started.stop()


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


def test_statistics_only_drops_what_waits_and_was_not_written_in_time(store: Store) -> None:
    before, end = opened(), EPOCH + timedelta(seconds=9)
    over = EpisodeUpdated(before.record.id, State.NO_MASK, None, 3.0, end, ())
    store.episodes.add(before.record)
    recorder = Recorder(store, OneMessage())  # not started: everything waits
    entry = opened()
    recorder.write([entry, EpisodeUpdated(entry.record.id, State.NO_MASK, None, 3.0, EPOCH, ())])
    recorder.write([UncertainFace(new_id(), "door", 1, photo(), State.MASK, None)])
    recorder.write([MinuteReadings("door", None, EPOCH, frames=480, mask=100)])
    recorder.write([over, person(State.NO_MASK), HealthRecord.now(None, "load", "ok")])
    recorder.statistics_only = True
    recorder.start()
    assert recorder.stop()
    (left,) = store.episodes.page().items
    assert (left.id, left.ended_at) == (before.record.id, end)
    assert store.snapshots.where() == store.reviews.waiting() == people_of(store) == []
    assert store.readings.between(EPOCH, EPOCH + timedelta(minutes=1)) == []
    assert store.health.last(None, "load") is not None
