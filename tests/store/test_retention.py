from __future__ import annotations

import errno
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from maskwatch.config.privacy import Photos
from maskwatch.config.storage import RetentionConfig, StorageConfig
from maskwatch.errors import StoreError, StoreFull
from maskwatch.store.ids import new_id
from maskwatch.store.records import (
    Delivery,
    DeliveryKind,
    HealthRecord,
    MinuteReadings,
    PeopleBucket,
    PeopleCount,
    ReviewItem,
    ReviewReason,
    Role,
    SessionRecord,
    SnapshotKind,
    SnapshotRecord,
    TimelinePoint,
    UserRecord,
)
from maskwatch.store.retention import GB, apply_retention, keep_house
from maskwatch.store.store import Store
from maskwatch.types import State
from tests.store.plans import plan_of
from tests.store.values import NOON, after, episode, jpeg, people_of, person, photo, proofs_of

KEEP = RetentionConfig(
    photos_days=10,
    review_photos_days=20,
    episodes_days=30,
    people_days=40,
    readings_days=50,
    health_days=60,
)
PLENTY = StorageConfig(min_free_gb=0, retention=KEEP)


def went(store: Store, keep: RetentionConfig, now: datetime) -> dict[str, int]:
    """The numbers by kind of what retention deletes."""
    counts, photos = apply_retention(store, keep, now)
    return {"snapshot": photos.photos, **counts} if photos.photos else counts


def make_undeletable(store: Store, taken: SnapshotRecord) -> None:
    """As a file that belongs to somebody else would be; root may delete all of those."""
    path = store.snapshots.folder / taken.file
    path.unlink()
    path.mkdir()


def review_of(photo_id: str) -> ReviewItem:
    return ReviewItem(new_id(), photo_id, ReviewReason.WRONG, NOON)


def test_nothing_goes_before_its_time(store: Store) -> None:
    photo(store)
    store.episodes.add(episode(ended_at=after(9)))
    assert went(store, KEEP, NOON + timedelta(days=10)) == {}


def test_the_longest_times_that_may_be_configured_are_kept(store: Store) -> None:
    days = dict.fromkeys((key for key in RetentionConfig.model_fields if key != "photos_gb"), 36500)
    store.episodes.add(episode(ended_at=after(9)))
    assert went(store, RetentionConfig(**days), NOON) == {}


def test_photos_go_before_their_episodes(store: Store) -> None:
    about = episode(ended_at=after(9))
    taken = photo(store, episode_id=about.id)
    store.episodes.add(episode(id=new_id(), snapshot_id=taken.id, ended_at=after(9)))
    assert went(store, KEEP, after(1, days=10)) == {"snapshot": 1}
    assert store.episodes.count() == 1
    assert proofs_of(store, taken.id)[0].reason == "age"


def test_photos_in_review_stay_longer(store: Store) -> None:
    queued, uncertain = photo(store), photo(store, kind=SnapshotKind.REVIEW)
    plain = photo(store)
    store.reviews.add(review_of(queued.id))
    apply_retention(store, KEEP, after(1, days=10))
    assert {each.id for each in store.snapshots.where()} == {queued.id, uncertain.id}
    assert proofs_of(store, plain.id) != []
    apply_retention(store, KEEP, after(1, days=20))
    assert store.snapshots.where() == []
    assert store.reviews.waiting() == []


def test_an_episode_goes_with_all_that_belongs_to_it(store: Store) -> None:
    old, ongoing = episode(ended_at=after(9)), episode()
    for each in (old, ongoing):
        store.episodes.add(each)
        store.episodes.add_readings(each.id, [TimelinePoint(NOON, State.NO_MASK)])
        store.deliveries.add([Delivery(new_id(), each.id, DeliveryKind.VIOLATION, "office")])
    photo(store, episode_id=old.id, taken_at=after(days=29))
    assert went(store, KEEP, after(1, days=30)) == {"snapshot": 1, "episode": 1}
    assert store.episodes.ongoing() == [ongoing]
    assert store.episodes.timeline(old.id) == []
    assert store.deliveries.of_episode(old.id) == []
    assert store.snapshots.where() == []
    assert proofs_of(store, old.id)[0].what == "episode"
    assert len(store.deliveries.of_episode(ongoing.id)) == 1


def test_every_other_kind_goes_in_its_own_time(store: Store) -> None:
    store.people.put(person())
    store.readings.add([MinuteReadings("entrance", None, NOON, 1, 1)])
    store.health.add(HealthRecord(new_id(), NOON, None, "disk", "ok"))
    store.deliveries.add([Delivery(new_id(), None, DeliveryKind.TEST, "office", created_at=NOON)])
    gone = {days: went(store, KEEP, after(1, days=days)) for days in (30, 40, 50, 60)}
    assert gone == {
        30: {"deliveries": 1},
        40: {"people": 1},
        50: {"readings": 1},
        60: {"health": 1},
    }
    proofs = store.deletions.page().items
    assert [(proof.what, proof.count) for proof in proofs] == [
        ("health", 1),
        ("readings", 1),
        ("people", 1),
        ("deliveries", 1),
    ]


def test_who_is_too_old_is_found_without_reading_everybody(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/m.db", tmp_path / "photos") as store:
        plan = plan_of(store, lambda: apply_retention(store, KEEP, after(0)), "DELETE FROM people ")
    assert "SEARCH people USING INDEX ix_people_quarter_at (quarter_at<?)" in plan
    assert "SCAN" not in plan


def test_of_many_rows_some_go_at_a_time_so_that_others_can_write_meanwhile(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A year of rows takes SQLite minutes, during which no alert would be written down."""
    left: list[int] = []
    note = HealthRecord("1", NOON, None, "load", "ok")

    def let_others_in(_: float) -> None:
        with ThreadPoolExecutor(1) as other:  # waits for ever if the rows are still held
            other.submit(store.health.add, replace(note, id=new_id())).result(10)
        left.append(len(people_of(store)))

    monkeypatch.setattr("maskwatch.store.retention._ROWS_AT_ONCE", 2)
    monkeypatch.setattr("maskwatch.store.retention.sleep", let_others_in)
    for number in range(5):
        store.people.put(person(track=number))
    assert went(store, KEEP, after(1, days=40)) == {"people": 5}
    assert left == [3, 1]
    (proof,) = store.deletions.page().items
    assert (proof.what, proof.count) == ("people", 5)
    assert store.people.counts(NOON, after(60)) == []


def test_old_episodes_go_some_at_a_time_with_a_pause_in_which_others_can_write(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One transaction for each, without a pause, kept every other writer of SQLite out."""
    left: list[tuple[int, int]] = []
    note = HealthRecord("1", NOON, None, "load", "ok")

    def let_others_in(_: float) -> None:
        with ThreadPoolExecutor(1) as other:  # waits for ever if the rows are still held
            other.submit(store.health.add, replace(note, id=new_id())).result(10)
        left.append((len(store.snapshots.where()), store.episodes.count()))

    monkeypatch.setattr("maskwatch.store.retention._EPISODES_AT_ONCE", 2)
    monkeypatch.setattr("maskwatch.store.retention.sleep", let_others_in)
    for number in range(5):
        about = episode(id=str(number), ended_at=after(number))
        store.episodes.add(about)
        photo(store, episode_id=about.id, taken_at=after(days=29))
    assert went(store, KEEP, after(5, days=30)) == {"snapshot": 5, "episode": 5}
    assert left == [(3, 5), (3, 3), (1, 3), (1, 1), (0, 1), (0, 0)]
    assert [len(proofs_of(store, str(number))) for number in range(5)] == [1] * 5


def test_when_photos_are_too_much_the_oldest_go(store: Store) -> None:
    taken = [photo(store, content=jpeg(1000), taken_at=after(i)) for i in range(5)]
    keep = KEEP.model_copy(update={"photos_gb": 2500 / GB})
    assert went(store, keep, after(60)) == {"snapshot": 3}
    assert store.snapshots.where() == taken[3:]
    assert proofs_of(store, taken[0].id)[0].reason == "size"


def test_a_policy_without_photos_leaves_none(store: Store) -> None:
    taken = photo(store)
    store.snapshots.photos = Photos.NONE
    keep_house(store, PLENTY, after(60))
    assert store.snapshots.where() == []
    assert not list(store.snapshots.folder.rglob("*.jpg"))
    assert proofs_of(store, taken.id)[0].reason == "policy"


def test_statistics_only_leaves_nothing_of_any_person(store: Store) -> None:
    over, ongoing = episode(ended_at=after(9)), episode()
    for each in (over, ongoing):
        store.episodes.add(each)
        store.episodes.add_readings(each.id, [TimelinePoint(NOON, State.NO_MASK)])
    store.deliveries.add([Delivery(new_id(), over.id, DeliveryKind.VIOLATION, "office")])
    taken = photo(store, episode_id=over.id)
    store.people.put(person())
    store.readings.add([MinuteReadings("entrance", None, NOON, 1, 1)])
    store.health.add(HealthRecord(new_id(), NOON, None, "disk", "ok"))
    counted = PeopleBucket("entrance", None, after(days=1), 3600, PeopleCount(mask=7))
    store.people.add_bucket(counted, 1)
    store.snapshots.photos = Photos.NONE

    report = keep_house(store, PLENTY, after(60), statistics_only=True)
    assert dict(report.deleted) == {"snapshot": 1, "episode": 1, "people": 1, "readings": 1}
    assert store.episodes.ongoing() == [ongoing]  # its end is still to be written
    assert store.episodes.timeline(over.id) == []
    assert store.deliveries.of_episode(over.id) == []
    assert people_of(store) == []
    assert {each.what: each.reason for each in store.deletions.page().items} == {
        "snapshot": "policy",
        "episode": "policy",
        "people": "policy",
        "readings": "policy",
    }
    assert proofs_of(store, over.id)[0].what == "episode"
    assert proofs_of(store, taken.id)[0].what == "snapshot"
    (group,) = store.people.counts(after(days=-1), after(days=2))
    assert group.counts == PeopleCount(mask=7)  # the counts of that mode itself stay

    store.episodes.update(
        ongoing.id, state=State.NO_MASK, fault=None, coverage=None, ended_at=after(70)
    )
    assert dict(keep_house(store, PLENTY, after(80), statistics_only=True).deleted) == {
        "episode": 1
    }
    assert dict(keep_house(store, PLENTY, after(90), statistics_only=True).deleted) == {}


def test_what_went_is_reported(store: Store) -> None:
    photo(store)
    report = keep_house(store, PLENTY, after(1, days=10))
    assert dict(report.deleted) == {"snapshot": 1}
    assert not report.is_full


def test_the_audit_log_notes_the_sums_of_a_day_when_it_is_over(store: Store) -> None:
    now = datetime.now(UTC)
    taken = [photo(store, taken_at=now + timedelta(days=-40, minutes=i)) for i in range(4)]
    store.health.add(HealthRecord(new_id(), now - timedelta(days=61), None, "disk", "ok"))
    store.snapshots.delete(taken[:1], reason="disk_full")  # as the recorder does
    store.snapshots.delete(taken[1:2], reason="subject_request", actor="cli:eve")
    for _ in range(3):
        keep_house(store, PLENTY, now)
    assert store.audit.page() == []
    for days in (1, 2, 3):
        keep_house(store, PLENTY, now + timedelta(days=days))
    (entry,) = store.audit.page()
    assert (entry.actor, entry.action) == ("system", "retention.applied")
    assert entry.detail == {
        "since": now.date().isoformat(),
        "until": (now + timedelta(days=1)).date().isoformat(),
        "snapshot": 3,
        "health": 1,
    }


def test_sums_go_on_after_a_clock_that_was_ahead_was_set_back(store: Store) -> None:
    now = datetime.now(UTC)
    keep_house(store, PLENTY, now + timedelta(days=400))
    keep_house(store, PLENTY, now)
    store.snapshots.delete([photo(store)], reason="age")
    keep_house(store, PLENTY, now + timedelta(days=1))
    assert [entry.detail["snapshot"] for entry in store.audit.page()] == [1]


def test_a_clock_that_is_corrected_by_a_second_at_midnight_has_no_day_noted_twice(
    store: Store,
) -> None:
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    store.snapshots.delete([photo(store)], reason="age")
    for at in (now, midnight, midnight - timedelta(seconds=1), midnight + timedelta(seconds=1)):
        keep_house(store, PLENTY, at)
    assert len(store.audit.page()) == 1


def test_what_is_only_counted_has_one_proof_a_day_and_not_one_a_minute(store: Store) -> None:
    for minute in range(5):
        store.readings.add([MinuteReadings("entrance", None, after(minutes=minute), 1, 1)])
    for minute in range(5):
        went(store, KEEP, after(1, days=50, minutes=minute))
    (proof,) = store.deletions.page().items
    assert (proof.what, proof.count, proof.reason) == ("readings", 5, "age")
    assert proof.item == "before 2026-03-02T12:04:01+00:00"


def test_only_what_a_run_deleted_is_counted_whatever_is_recorded_meanwhile(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = episode(ended_at=after(9))
    store.episodes.add(about)
    photo(store, episode_id=about.id, taken_at=after(days=30))

    def free() -> int:
        photo(store, taken_at=after(days=30))  # the recorder goes on
        return 100

    monkeypatch.setattr(store.room, "free_bytes", free)
    monkeypatch.setattr(store.room, "put_by", lambda: None)
    little = StorageConfig(min_free_gb=150 / GB, retention=KEEP)
    report = keep_house(store, little, after(1, days=30))
    # One photo with its episode, one for room.
    assert dict(report.deleted) == {"snapshot": 2, "episode": 1}


def test_a_photo_that_cannot_be_deleted_keeps_nothing_else_from_going(store: Store) -> None:
    about = [episode(id=name, track=number, ended_at=after(9)) for number, name in enumerate("ab")]
    for each in about:
        store.episodes.add(each)
    stays = photo(store, episode_id="a", taken_at=after(days=-1))
    others = [photo(store), photo(store, episode_id="b", taken_at=after(1))]
    store.people.put(person())
    make_undeletable(store, stays)
    report = keep_house(store, PLENTY, after(2, days=50))
    assert dict(report.deleted) == {"snapshot": 2, "episode": 1, "people": 1}
    assert set(report.stuck) == {stays.file}
    assert store.snapshots.where() == [stays]  # to be tried again
    assert [each.id for each in store.episodes.page().items] == ["a"]
    for each in others:
        assert [proof.reason for proof in proofs_of(store, each.id)] == ["age"]
    assert proofs_of(store, stays.id) == []

    (store.snapshots.folder / stays.file).rmdir()
    report = keep_house(store, PLENTY, after(3, days=50))
    assert dict(report.deleted) == {"snapshot": 1, "episode": 1}
    assert not report.stuck


def test_photos_that_cannot_be_deleted_let_the_rest_make_room(store: Store) -> None:
    taken = [photo(store, content=jpeg(1000), taken_at=after(i)) for i in range(5)]
    make_undeletable(store, taken[0])
    keep = KEEP.model_copy(update={"photos_gb": 2500 / GB})
    assert went(store, keep, after(60)) == {"snapshot": 3}
    assert store.snapshots.where() == [taken[0], taken[4]]
    freed = store.room.make_room(5000)
    assert (freed.photos, freed.size) == (1, 1000)
    assert store.snapshots.where() == [taken[0]]


def test_expired_sessions_are_forgotten(store: Store) -> None:
    store.users.add(UserRecord("u", "eve", Role.ADMIN, "x", NOON))
    store.sessions.add(SessionRecord("t", "u", NOON, after(60), NOON))
    keep_house(store, PLENTY, after(61))
    assert store.sessions.of_user("u") == []


class TestRoom:
    def test_photos_go_while_too_little_is_free(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        taken = [photo(store, content=jpeg(1000), taken_at=after(i)) for i in range(30)]
        before = sum(p.stat().st_size for p in store.snapshots.folder.rglob("*.jpg"))

        def free() -> int:
            there = sum(p.stat().st_size for p in store.snapshots.folder.rglob("*.jpg"))
            return 5000 + before - there

        monkeypatch.setattr(store.room, "free_bytes", free)
        report = keep_house(store, StorageConfig(min_free_gb=8000 / GB), after(60))
        assert not report.is_full
        assert report.free_bytes >= 8000
        assert store.snapshots.where() == taken[3:]
        assert dict(report.deleted) == {"snapshot": 3}

    def test_a_disk_that_others_filled_is_said_to_be_full(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        photo(store)
        monkeypatch.setattr(store.room, "free_bytes", lambda: 100)
        report = keep_house(store, StorageConfig(min_free_gb=1), after(60))
        assert report.is_full
        assert store.snapshots.where() == []

    def test_what_was_put_by_is_freed_when_photos_are_not_enough(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("maskwatch.store.room.RESERVE_BYTES", 1000)
        monkeypatch.setattr("maskwatch.store.room._STEP_BYTES", 300)
        store.room.put_by()
        monkeypatch.setattr(store.room, "free_bytes", lambda: 0)
        assert store.room.reserve.stat().st_size == 1000
        photo(store, content=jpeg(400))
        assert store.room.relieve() == 400
        assert store.room.reserve.exists()
        photo(store, content=jpeg(200))
        assert store.room.relieve() == 1200
        assert not store.room.reserve.exists()
        assert store.room.relieve() == 0

    def test_for_a_database_elsewhere_no_photo_goes_while_their_own_disk_has_room(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        taken = photo(store)
        if store.database.is_sqlite:
            monkeypatch.setattr(store.room, "_holds_the_database", lambda: False)
        store.room.put_by()
        assert store.room.relieve() == 0
        assert store.snapshots.where() == [taken]
        assert store.room.reserve.exists()
        monkeypatch.setattr(store.room, "free_bytes", lambda: 0)  # it may be on this one
        assert store.room.relieve() > 0
        assert store.snapshots.where() == []

    def test_a_disk_that_does_not_answer_is_a_failure_of_the_store(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Such as a share whose server is away: who writes meanwhile is to try again."""

        def stale(_: Path) -> None:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

        monkeypatch.setattr(shutil, "disk_usage", stale)
        monkeypatch.setattr(store.room, "_holds_the_database", lambda: False)
        for ask in (store.room.free_bytes, store.room.total_bytes, store.room.relieve):
            with pytest.raises(StoreError, match="snapshots: stale file handle"):
                ask()


def test_a_full_database_makes_room_so_that_the_next_try_succeeds(tmp_path: Path) -> None:
    """SQLite's own limit gives the error that a full disk gives; a photo's end lifts it here."""
    with Store.open(f"sqlite:///{tmp_path / 'm.db'}", tmp_path / "s", Photos.CLEAR) as store:
        photo(store)

        def limit(pages: str) -> None:
            with store.database.engine.connect() as connection:
                connection.execute(sa.text(f"PRAGMA max_page_count = {pages}"))

        relieved = []

        def relieve() -> None:
            limit("1000000")
            relieved.append(store.room.relieve())

        store.database.on_full = relieve
        limit("1")  # SQLite takes the number of pages there are
        wanted = [episode(zone="z" * 2000) for _ in range(100)]

        def write() -> None:
            while wanted:
                store.episodes.add(wanted[-1])
                wanted.pop()

        with pytest.raises(StoreFull, match="full"):
            write()
        assert relieved == [len(jpeg())]
        write()
        assert store.episodes.count() == 100


def test_a_clock_that_leaps_ahead_deletes_nothing_before_it_has_shown_that_time_for_an_hour(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """Such as one without a battery when the machine starts, until the network puts it right."""
    store.people.put(person())
    store.episodes.add(episode(ended_at=after(9)))
    photo(store)
    keep_house(store, PLENTY, after(minutes=1))
    for minutes in (0, 1, 59):
        assert not keep_house(store, PLENTY, after(days=4000, minutes=minutes)).deleted
    assert caplog.text.count("for an hour nothing is deleted") == 1
    assert not keep_house(store, PLENTY, after(minutes=2)).deleted  # it is put right
    for minutes in (120, 179):  # and is wrong again
        assert not keep_house(store, PLENTY, after(days=4000, minutes=minutes)).deleted
    gone = keep_house(store, PLENTY, after(days=4000, minutes=180)).deleted
    assert dict(gone) == {"snapshot": 1, "episode": 1, "people": 1}


def test_a_clock_that_was_ahead_once_is_doubted_all_the_same_when_it_leaps_again(
    store: Store,
) -> None:
    keep_house(store, PLENTY, after(days=3650))  # the first minute of a new machine
    store.people.put(person())
    store.episodes.add(episode(ended_at=after(9)))
    for minutes in (10, 20, 69, 70):  # the network has put it right
        assert not keep_house(store, PLENTY, after(minutes=minutes)).deleted
    for days in (1, 2):
        assert not keep_house(store, PLENTY, after(days=days)).deleted
    for minutes in (0, 59):
        assert not keep_house(store, PLENTY, after(days=3600, minutes=minutes)).deleted
    assert not keep_house(store, PLENTY, after(days=3)).deleted  # it is put right again
    keep_house(store, PLENTY, after(days=4))
    for day in range(5, 31):
        keep_house(store, PLENTY, after(days=day))
    gone = keep_house(store, PLENTY, after(1, days=30)).deleted
    assert dict(gone) == {"episode": 1}  # and retention goes on by it


@pytest.mark.parametrize("days", [3600, 3700])
def test_a_clock_that_has_just_been_put_back_is_doubted_when_it_leaps(
    store: Store, days: float
) -> None:
    """To before the time that it showed first, or beyond."""
    keep_house(store, PLENTY, after(days=3650))
    store.episodes.add(episode(ended_at=after(9)))
    keep_house(store, PLENTY, after(minutes=10))
    for minutes in (0, 59):
        assert not keep_house(store, PLENTY, after(days=days, minutes=minutes)).deleted
    gone = keep_house(store, PLENTY, after(days=days, minutes=60)).deleted
    assert dict(gone) == {"episode": 1}


def test_a_clock_that_was_behind_for_some_minutes_is_believed_once_it_is_put_right(
    store: Store,
) -> None:
    """As of a machine without a battery, at every start."""
    store.episodes.add(episode(ended_at=after(9)))
    keep_house(store, PLENTY, after(days=29.5))
    keep_house(store, PLENTY, after(days=-8000))
    assert dict(keep_house(store, PLENTY, after(1, days=30)).deleted) == {"episode": 1}


def test_retention_follows_a_clock_that_runs_or_stood_still_for_a_while(store: Store) -> None:
    """Also where the machine is never on for an hour."""
    store.people.put(person())
    for day in range(0, 60, 3):
        for minutes in (0, 30):
            keep_house(store, PLENTY, after(1, days=day, minutes=minutes))
    assert people_of(store) == []


def test_what_a_clock_noted_that_was_ahead_goes_where_only_counts_may_be_kept(
    store: Store,
) -> None:
    ahead = after(days=4000)
    store.people.put(person(first_at=ahead, last_at=ahead))
    store.episodes.add(episode(started_at=ahead, ended_at=ahead))
    store.readings.add([MinuteReadings("entrance", None, ahead, 1, 1)])
    report = keep_house(store, PLENTY, after(60), statistics_only=True)
    assert dict(report.deleted) == {"episode": 1, "people": 1, "readings": 1}
