"""People are counted, and nothing else is written down."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from maskwatch.config.privacy import PrivacyConfig
from maskwatch.runtime.monitoring.records.recorder import Recorder
from maskwatch.runtime.monitoring.records.statistics import StatisticsOnly
from maskwatch.store.ids import new_id
from maskwatch.store.records import CountBy, HealthRecord, MinuteReadings
from maskwatch.store.store import Store
from maskwatch.types import Fault, State
from tests.runtime.monitoring.records.entries import OneMessage, opened, person
from tests.runtime.simulated import EPOCH, Notebook
from tests.store.values import people_of

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
    assert recorder.stop(60)
    days = store.people.counts(end - timedelta(days=9), end, CountBy.DAY, timezone=zone)
    assert {each.key: each.counts.mask for each in days} == expected
