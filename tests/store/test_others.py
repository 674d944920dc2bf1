"""The small parts of the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from maskwatch.errors import RecordExists, RecordNotFound
from maskwatch.store.ids import new_id
from maskwatch.store.records import (
    ApiTokenRecord,
    CameraReadings,
    HealthRecord,
    MinuteReadings,
    ReviewItem,
    ReviewReason,
    Role,
    SessionRecord,
    StoredCamera,
    UserRecord,
    WalkRecord,
)
from maskwatch.store.reviews import ReviewCounts
from maskwatch.store.store import Store
from maskwatch.types import Fault, State
from tests.store.plans import plan_of
from tests.store.values import NOON, after, photo

EVE = UserRecord("u1", "Eve", Role.ADMIN, "hash", NOON)
ADAM = UserRecord("u2", "Adam", Role.VIEWER, "hash", NOON, language="de")


class TestReadings:
    def test_a_minute_may_come_in_parts(self, store: Store) -> None:
        part = MinuteReadings("entrance", None, NOON.replace(second=0), 10, 1, 2, 3, 4)
        store.readings.add([part, replace(part, zone="door")])
        store.readings.add([replace(part, unknown=0)])
        got = store.readings.between(after(-60), after(60))
        assert got == [
            replace(part, frames=20, mask=2, incorrect=4, no_mask=6),
            replace(part, zone="door"),
        ]

    def test_a_period_and_a_camera_can_be_chosen(self, store: Store) -> None:
        first = MinuteReadings("entrance", None, NOON)
        later = MinuteReadings("lab", None, NOON + timedelta(minutes=1))
        store.readings.add([later, first])
        assert store.readings.between(NOON, later.minute) == [first]
        assert store.readings.between(NOON, after(3600), "lab") == [later]

    def test_the_minutes_and_zones_of_a_period_are_added_up_camera_by_camera(
        self, store: Store
    ) -> None:
        start = NOON.replace(second=0)
        minute = MinuteReadings("lab", None, start, 10, 1, 2, 3, 4)
        next_one = replace(minute, minute=start + timedelta(minutes=1))
        too_late = replace(minute, minute=start + timedelta(minutes=2))
        elsewhere = MinuteReadings("entrance", None, start, 480)
        zone = replace(minute, zone="door", frames=0, mask=7)
        store.readings.add([minute, zone, next_one, too_late, elsewhere])
        got = store.readings.by_camera(start, too_late.minute)
        assert got == [
            CameraReadings("entrance", 480, 0, 0, 0, 0),
            CameraReadings("lab", 20, 9, 6, 9, 12),
        ]
        assert [each.faces for each in got] == [0, 36]
        assert [each.unknown_share for each in got] == [None, 12 / 36]
        assert store.readings.by_camera(too_late.minute, start) == []


class TestWalks:
    def test_walks_are_listed_newest_first_of_one_camera_or_of_all(self, store: Store) -> None:
        walks = [
            WalkRecord(new_id(), camera, after(i), after(i + 60), "eve", {"usable_m": float(i)})
            for i, camera in enumerate(("lab", "entrance", "lab"))
        ]
        for each in walks:
            store.walks.add(each)
        assert store.walks.page().items == tuple(walks[::-1])
        first = store.walks.page("lab", limit=1)
        assert first.items == (walks[2],)
        assert store.walks.page("lab", limit=1, after=first.next).items == (walks[0],)

    def test_a_walk_is_kept_until_it_is_deleted(self, store: Store) -> None:
        walk = WalkRecord(new_id(), "lab", after(0), after(60), "eve", {"distances": [[5.0, None]]})
        store.walks.add(walk)
        assert store.walks.get(walk.id) == walk
        assert store.walks.delete(walk.id)
        assert not store.walks.delete(walk.id)
        with pytest.raises(RecordNotFound):
            store.walks.get(walk.id)


class TestHealth:
    def test_the_latest_change_is_known_by_camera_and_kind(self, store: Store) -> None:
        lost = HealthRecord(new_id(), after(1), "lab", "connection", "lost", "timed out")
        back = HealthRecord(new_id(), after(2), "lab", "connection", "connected")
        disk = HealthRecord(new_id(), after(3), None, "disk", "full")
        for each in (back, lost, disk):
            store.health.add(each)
        assert store.health.last("lab", "connection") == back
        assert store.health.last(None, "disk") == disk
        assert store.health.last("lab", "disk") is None
        assert store.health.page().items == (disk, back, lost)
        assert store.health.page("lab").items == (back, lost)

    def test_the_page_of_a_camera_is_read_in_order_however_long_it_flapped(
        self, tmp_path: Path
    ) -> None:
        with Store.open(f"sqlite:///{tmp_path}/m.db", tmp_path / "photos") as store:
            plan = plan_of(store, lambda: store.health.page("lab"), "FROM health")
        assert plan == "SEARCH health USING INDEX ix_health_camera_at_id (camera=?)"

    def test_troubles_of_an_earlier_run_are_ended(self, store: Store) -> None:
        """The next run knows nothing of them, and would never say that they are over."""
        told = [
            HealthRecord(new_id(), after(0), "lab", "frozen", "frozen"),
            HealthRecord(new_id(), after(0), "door", "frozen", "frozen"),
            HealthRecord(new_id(), after(1), "door", "frozen", "ok"),
            HealthRecord(new_id(), after(2), "lab", "connection", "lost"),
            HealthRecord(new_id(), after(3), None, "load", "ok"),
            HealthRecord(new_id(), after(4), None, "load", "overloaded"),
        ]
        for each in told:
            store.health.add(each)
        ended = store.health.end_abandoned(after(9))
        assert {(each.camera, each.kind, each.state, each.at) for each in ended} == {
            ("lab", "frozen", "ok", after(9)),
            (None, "load", "ok", after(9)),
        }
        assert set(store.health.page().items) == {*told, *ended}
        assert store.health.end_abandoned(after(10)) == []


class TestReviews:
    def item(self, store: Store, **changes: object) -> ReviewItem:
        plain = ReviewItem(new_id(), photo(store).id, ReviewReason.UNCERTAIN, NOON)
        return replace(plain, **changes)  # type: ignore[arg-type]

    def test_what_people_called_wrong_comes_first(self, store: Store) -> None:
        old, new = self.item(store), self.item(store, created_at=after(1))
        wrong = self.item(store, created_at=after(2), reason=ReviewReason.WRONG)
        for each in (new, wrong, old):
            assert store.reviews.add(each)
        assert store.reviews.waiting() == [wrong, old, new]
        assert store.reviews.waiting(limit=1) == [wrong]

    def test_a_face_of_a_photo_that_is_gone_is_not_queued(self, store: Store) -> None:
        one = self.item(store)
        store.snapshots.delete(store.snapshots.where(), reason="age")
        with pytest.raises(RecordNotFound, match="what it belongs to is gone") as caught:
            store.reviews.add(one)
        assert one.snapshot_id not in str(caught.value)  # what is stored stays out of the log

    def test_a_face_waits_once(self, store: Store) -> None:
        one = self.item(store)
        assert store.reviews.add(one)
        assert not store.reviews.add(replace(one, id=new_id()))
        assert store.reviews.add(replace(one, id=new_id(), face=1))

    def test_a_word_of_a_person_replaces_a_guess_and_an_old_label(self, store: Store) -> None:
        one = self.item(store)
        store.reviews.add(one)
        store.reviews.label(one.id, State.MASK, None, by="eve", at=after(1))
        said = replace(one, id=new_id(), reason=ReviewReason.WRONG, state=State.NO_MASK)
        assert store.reviews.add(said)
        (waiting,) = store.reviews.waiting()
        assert (waiting.id, waiting.reason, waiting.state) == (
            one.id,
            ReviewReason.WRONG,
            State.NO_MASK,
        )

    def test_labels_skips_and_undo(self, store: Store) -> None:
        first, second, third = (self.item(store) for _ in range(3))
        for each in (first, second, third):
            store.reviews.add(each)
        assert store.reviews.label(first.id, State.INCORRECT, Fault.CHIN_OUT, by="eve", at=after(5))
        assert store.reviews.skip(second.id, by="eve")
        assert store.reviews.counts() == ReviewCounts(waiting=1, labelled=1, skipped=1)
        ((labelled, taken),) = store.reviews.labelled()
        assert (labelled.label, labelled.label_fault) == (State.INCORRECT, Fault.CHIN_OUT)
        assert (labelled.labelled_by, labelled.labelled_at) == ("eve", after(5))
        assert taken == store.snapshots.get(first.snapshot_id)
        assert store.reviews.reopen(first.id, by="eve")
        assert store.reviews.reopen(second.id, by="eve")
        assert store.reviews.counts() == ReviewCounts(3, 0, 0)
        assert {each.labelled_by for each in store.reviews.waiting()} == {None}
        assert not store.reviews.label("nobody", State.MASK, None, by="eve", at=after(5))

    def test_only_a_face_that_waits_gets_a_label_or_is_skipped(self, store: Store) -> None:
        labelled, skipped = self.item(store), self.item(store)
        for each in (labelled, skipped):
            store.reviews.add(each)
        store.reviews.label(labelled.id, State.MASK, None, by="eve", at=after(1))
        store.reviews.skip(skipped.id, by="eve")
        before = [store.reviews.get(each.id) for each in (labelled, skipped)]
        for each in (labelled, skipped):
            assert not store.reviews.label(each.id, State.NO_MASK, None, by="adam", at=after(2))
            assert not store.reviews.skip(each.id, by="adam")
        assert [store.reviews.get(each.id) for each in (labelled, skipped)] == before

    def test_a_label_is_taken_back_by_whose_it_is_or_on_purpose_by_anybody(
        self, store: Store
    ) -> None:
        one = self.item(store)
        store.reviews.add(one)
        assert not store.reviews.reopen(one.id, by=None)  # it waits
        store.reviews.label(one.id, State.MASK, None, by="eve", at=after(1))
        assert not store.reviews.reopen(one.id, by="adam")
        assert store.reviews.counts().labelled == 1
        assert store.reviews.reopen(one.id, by=None)
        assert store.reviews.counts().waiting == 1


class TestSettings:
    def test_values_are_kept(self, store: Store) -> None:
        store.settings.set("a", {"b": [1, None]})
        store.settings.set("a", "new")
        assert store.settings.get("a") == "new"
        assert store.settings.get("b", 7) == 7

    def test_a_secret_is_made_once(self, store: Store) -> None:
        key = store.settings.secret("links")
        assert len(key) == 32
        assert store.settings.secret("links") == key
        assert store.settings.secret("other") != key


class TestUsers:
    def test_names_are_one_whatever_their_case(self, store: Store) -> None:
        store.users.add(EVE)
        assert store.users.by_name("eVE") == EVE
        assert store.users.get("u1") == EVE
        with pytest.raises(RecordExists):
            store.users.add(replace(ADAM, name="EVE"))
        assert store.users.by_name("nobody") is None

    def test_only_one_user_can_be_the_first(self, store: Store) -> None:
        assert store.users.add_first(EVE)
        assert not store.users.add_first(ADAM)
        assert store.users.all() == [EVE]

    def test_a_user_can_be_changed(self, store: Store) -> None:
        store.users.add(EVE)
        store.users.add(ADAM)
        changed = replace(ADAM, name="Ada", role=Role.REVIEWER, disabled_at=after(1))
        store.users.replace(changed)
        store.users.logged_in("u1", after(2))
        assert store.users.all() == [changed, replace(EVE, last_login_at=after(2))]
        assert store.users.active_admins() == 1
        with pytest.raises(RecordExists):
            store.users.replace(replace(ADAM, name="eve"))
        with pytest.raises(RecordNotFound):
            store.users.replace(replace(ADAM, id="nobody"))


class TestSessions:
    def test_a_session_ends_when_it_says(self, store: Store) -> None:
        store.users.add(EVE)
        one = SessionRecord("s", "u1", NOON, after(60), NOON, "10.0.0.1", "browser")
        store.sessions.add(one)
        assert store.sessions.get("s", after(59)) == one
        assert store.sessions.get("s", after(60)) is None
        store.sessions.seen("s", after(30), after(90))
        assert store.sessions.get("s", after(60)) is not None

    def test_logging_out_everywhere_else_keeps_this_one(self, store: Store) -> None:
        store.users.add(EVE)
        for name in "abc":
            store.sessions.add(SessionRecord(name, "u1", NOON, after(60), NOON))
        assert store.sessions.delete_of("u1", keep="b") == 2
        assert [each.token_hash for each in store.sessions.of_user("u1")] == ["b"]
        assert store.sessions.delete("b")
        assert not store.sessions.delete("b")


class TestTokens:
    def test_a_token_works_until_it_expires_or_is_revoked(self, store: Store) -> None:
        store.users.add(EVE)
        one = ApiTokenRecord("t1", "u1", "ci", "h1", ("a", "b"), NOON, expires_at=after(60))
        two = ApiTokenRecord("t2", "u1", "cd", "h2", (), after(1))
        store.tokens.add(one)
        store.tokens.add(two)
        assert store.tokens.by_hash("h1", after(59)) == one
        assert store.tokens.by_hash("h1", after(60)) is None
        store.tokens.used("t2", after(5))
        assert store.tokens.revoke("t2", after(6))
        assert not store.tokens.revoke("t2", after(7))
        assert store.tokens.by_hash("h2", after(6)) is None
        assert store.tokens.of_user("u1") == [
            replace(two, last_used_at=after(5), revoked_at=after(6)),
            one,
        ]


class TestCameras:
    def test_cameras_are_kept_changed_and_forgotten(self, store: Store) -> None:
        lab = StoredCamera(new_id(), "lab", {"url": "rtsp://h/1"}, NOON, NOON)
        store.cameras.add(lab)
        with pytest.raises(RecordExists):
            store.cameras.add(replace(lab, id=new_id()))
        assert store.cameras.update(lab.id, "Lab 2", {"url": "rtsp://h/2"}, after(1))
        changed = StoredCamera(lab.id, "Lab 2", {"url": "rtsp://h/2"}, NOON, after(1))
        assert store.cameras.all() == [changed]
        assert store.cameras.delete(lab.id)
        with pytest.raises(RecordNotFound):
            store.cameras.get(lab.id)
