from __future__ import annotations

import base64
import json
import re
import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from maskwatch.errors import RecordExists, RecordNotFound, UsageError
from maskwatch.store.engines import sqlite
from maskwatch.store.records import EpisodeFilter, EpisodeRecord, TimelinePoint
from maskwatch.store.rows import values_of
from maskwatch.store.schema import episodes
from maskwatch.store.store import Store
from maskwatch.types import Fault, State
from tests.store.plans import plan_of
from tests.store.values import NOON, after, episode, photo

NESTED = base64.urlsafe_b64encode(b"[" * 30_000).decode()


def test_what_goes_in_comes_out(store: Store) -> None:
    full = episode(
        zone="door",
        state=State.INCORRECT,
        fault=Fault.NOSE_OUT,
        ended_at=after(8),
        snapshot_id="s",
        acknowledged_by="eve",
        acknowledged_at=after(9),
        corrected_state=State.MASK,
        corrected_by="eve",
        corrected_at=after(10),
    )
    bare = episode()
    for each in (full, bare):
        store.episodes.add(each)
    assert store.episodes.get(full.id) == full
    assert store.episodes.get(bare.id) == bare


def test_an_episode_cannot_be_added_twice(store: Store) -> None:
    one = episode()
    store.episodes.add(one)
    with pytest.raises(RecordExists):
        store.episodes.add(one)
    assert store.episodes.count() == 1


def test_one_that_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(RecordNotFound, match="'nobody'"):
        store.episodes.get("nobody")


def test_a_time_without_zone_is_refused(store: Store) -> None:
    from maskwatch.errors import StoreError

    with pytest.raises(StoreError, match="a time without zone"):
        store.episodes.add(episode(started_at=after().replace(tzinfo=None)))


def test_an_update_keeps_the_photo_and_an_end_that_is_not_given(store: Store) -> None:
    one = episode(snapshot_id="first")
    store.episodes.add(one)
    new: dict[str, Any] = {"state": State.INCORRECT, "fault": Fault.UNDER_CHIN, "coverage": 9.0}
    assert store.episodes.update(one.id, **new, ended_at=after(5))
    assert store.episodes.update(one.id, **new)
    got = store.episodes.get(one.id)
    assert (got.state, got.fault, got.ended_at) == (State.INCORRECT, Fault.UNDER_CHIN, after(5))
    assert got.snapshot_id == "first"
    assert not store.episodes.update("nobody", **new)


def test_what_a_crash_left_open_ends_with_its_last_reading(store: Store) -> None:
    seen, unseen, over = episode(), episode(track=2), episode(ended_at=after(1))
    for each in (seen, unseen, over):
        store.episodes.add(each)
    store.episodes.add_readings(seen.id, [TimelinePoint(after(t), State.NO_MASK) for t in (1, 4)])
    ended = store.episodes.end_abandoned(after(60))
    assert {each.id: each.ended_at for each in ended} == {seen.id: after(4), unseen.id: after(60)}
    assert store.episodes.ongoing() == []


def test_no_episode_ends_before_it_began_though_the_clock_was_put_back(store: Store) -> None:
    store.episodes.add(episode())
    (ended,) = store.episodes.end_abandoned(after(-3600))
    assert ended.ended_at == ended.started_at


def test_only_the_first_acknowledgement_counts(store: Store) -> None:
    one = episode()
    store.episodes.add(one)
    assert store.episodes.acknowledge(one.id, "eve", after(1))
    assert not store.episodes.acknowledge(one.id, "adam", after(2))
    got = store.episodes.get(one.id)
    assert (got.acknowledged_by, got.acknowledged_at) == ("eve", after(1))


def test_a_later_correction_replaces_an_earlier_one(store: Store) -> None:
    one = episode()
    store.episodes.add(one)
    store.episodes.correct(one.id, State.MASK, None, by="eve", at=after(1))
    store.episodes.correct(one.id, State.INCORRECT, Fault.CHIN_OUT, by="adam", at=after(2))
    got = store.episodes.get(one.id)
    assert (got.corrected_state, got.corrected_fault) == (State.INCORRECT, Fault.CHIN_OUT)
    assert (got.corrected_by, got.corrected_at) == ("adam", after(2))
    assert got.state is State.NO_MASK


def test_a_timeline_is_in_order_and_holds_no_moment_twice(store: Store) -> None:
    one = episode()
    store.episodes.add(one)
    points = [
        TimelinePoint(after(t), State.INCORRECT, Fault.NOSE_OUT, 10.0 * t, 0.5) for t in (0, 1, 2)
    ]
    store.episodes.add_readings(one.id, [points[2], points[0]])
    store.episodes.add_readings(one.id, [points[1], points[2]])
    assert store.episodes.timeline(one.id) == points


class TestPages:
    @pytest.fixture
    def many(self, store: Store) -> list[EpisodeRecord]:
        """25, newest first; five share each moment, so that ids must break the tie."""
        made = [episode(started_at=after(i // 5)) for i in range(25)]
        for each in made:
            store.episodes.add(each)
        return sorted(made, key=lambda each: (each.started_at, each.id), reverse=True)

    def test_pages_hold_everything_once_newest_first(
        self, store: Store, many: list[EpisodeRecord]
    ) -> None:
        seen: list[EpisodeRecord] = []
        cursor = None
        for _ in range(4):
            page = store.episodes.page(limit=7, after=cursor)
            seen += page.items
            cursor = page.next
        assert seen == many
        assert cursor is None

    def test_a_new_episode_moves_no_page(self, store: Store, many: list[EpisodeRecord]) -> None:
        first = store.episodes.page(limit=10)
        store.episodes.add(episode(started_at=after(100)))
        second = store.episodes.page(limit=10, after=first.next)
        assert [*first.items, *second.items] == many[:20]

    @pytest.mark.parametrize("cursor", ["x", "%%%", "bnVsbA", "WzEsMl0", "é", NESTED], ids=range(6))
    def test_a_cursor_that_no_page_gave_is_refused(self, store: Store, cursor: str) -> None:
        with pytest.raises(UsageError):
            store.episodes.page(after=cursor)

    @pytest.mark.parametrize("key", ["\ud800", "a\0b"])
    def test_a_cursor_with_an_id_that_no_database_can_hold_is_refused(
        self, store: Store, key: str
    ) -> None:
        place = json.dumps([NOON.isoformat(), key]).encode()
        with pytest.raises(UsageError, match="no place in a list"):
            store.episodes.page(after=base64.urlsafe_b64encode(place).decode())

    @pytest.mark.parametrize("limit", [0, -1, 1001])
    def test_a_page_of_no_sensible_size_is_refused(self, store: Store, limit: int) -> None:
        with pytest.raises(UsageError, match="1 to 1000"):
            store.episodes.page(limit=limit)


def test_moments_beyond_what_a_date_can_say_exclude_nobody(store: Store) -> None:
    store.episodes.add(one := episode())
    ahead, behind = timezone(timedelta(hours=14)), timezone(-timedelta(hours=12))
    first, last = datetime(1, 1, 1, tzinfo=ahead), datetime(9999, 12, 31, 23, 59, tzinfo=behind)
    assert store.episodes.page(EpisodeFilter(since=first, until=last)).items == (one,)
    assert store.episodes.page(EpisodeFilter(until=first)).items == ()


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (EpisodeFilter(), "abcd"),
        (EpisodeFilter(cameras=("entrance", "lab")), "abcd"),
        (EpisodeFilter(cameras=("lab",)), "d"),
        (EpisodeFilter(zones=("door",)), "b"),
        (EpisodeFilter(states=(State.INCORRECT,)), "bc"),
        (EpisodeFilter(faults=(Fault.NOSE_OUT,)), "b"),
        (EpisodeFilter(since=after(1), until=after(3)), "bc"),
        (EpisodeFilter(open_at=after(1.5)), "ab"),
        (EpisodeFilter(open_at=after(2)), "a"),
        (EpisodeFilter(ongoing=True), "acd"),
        (EpisodeFilter(ongoing=False), "b"),
        (EpisodeFilter(acknowledged=True), "c"),
        (EpisodeFilter(corrected=False), "abc"),
        (EpisodeFilter(text="NOSE"), "b"),
        (EpisodeFilter(text="eve"), "c"),
        (EpisodeFilter(text="labunknown"), ""),  # from two columns
        (EpisodeFilter(text="100%"), ""),
        (EpisodeFilter(text="_"), "abc"),  # no wildcard: it stands in no_mask, nose_out, chin_out
        (EpisodeFilter(cameras=("lab",), states=(State.INCORRECT,)), ""),
    ],
)
def test_filters_find_what_they_say(store: Store, wanted: EpisodeFilter, found: str) -> None:
    for each in (
        episode(id="a", track=1, snapshot_id="s"),
        episode(
            id="b",
            started_at=after(1),
            ended_at=after(2),
            zone="door",
            state=State.INCORRECT,
            fault=Fault.NOSE_OUT,
        ),
        episode(
            id="c",
            started_at=after(2),
            acknowledged_by="Eve",
            acknowledged_at=after(3),
            state=State.INCORRECT,
            fault=Fault.CHIN_OUT,
        ),
        episode(
            id="d", started_at=after(3), camera="lab", state=State.UNKNOWN, corrected_at=after(4)
        ),
    ):
        store.episodes.add(each)
    ids = "".join(sorted(each.id for each in store.episodes.page(wanted).items))
    assert ids == found
    assert store.episodes.count(wanted) == len(found)


@pytest.mark.parametrize("text", ["tür", "TÜR", "Tür ö"])
def test_case_is_ignored_in_every_alphabet(store: Store, text: str) -> None:
    store.episodes.add(episode(zone="Tür Öst"))
    assert store.episodes.count(EpisodeFilter(text=text)) == 1


def test_a_search_ignores_case_once_an_episode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []
    monkeypatch.setattr(sqlite, "_lower", lambda text: asked.append(text) or str(text).lower())
    with Store.open(f"sqlite:///{tmp_path}/m.db", tmp_path / "photos") as store:
        for number in range(20):
            store.episodes.add(episode(track=number))
        assert store.episodes.count(EpisodeFilter(text="ENTR")) == 20
    assert len(asked) == 1 + 20  # the text and each episode


def test_cameras_with_episodes_are_named_once(store: Store) -> None:
    for camera in ("lab", "entrance", "lab"):
        store.episodes.add(episode(camera=camera))
    assert store.episodes.cameras() == ["entrance", "lab"]


def test_the_last_page_of_100_000_comes_as_quickly_as_the_first(store: Store) -> None:
    with store.database.write() as connection:
        few = [values_of(episode(started_at=after(i), track=i)) for i in range(1000)]
        connection.execute(sa.insert(episodes), few)
        other = episodes.alias()
        copies = [
            episodes.c.id + "-" + other.c.id if column.name == "id" else column
            for column in episodes.c
        ]
        query = sa.select(*copies).join(other, other.c.track < 99)
        connection.execute(sa.insert(episodes).from_select(list(episodes.c.keys()), query))
    assert store.episodes.count() == 100_000

    def time_of(after_: str | None) -> tuple[float, str | None]:
        took = []
        for _ in range(5):
            start = time.perf_counter()
            page = store.episodes.page(limit=50, after=after_)
            took.append(time.perf_counter() - start)
        return min(took), page.next

    first_s, _ = time_of(None)
    near_the_end = store.episodes.page(EpisodeFilter(until=after(3)), limit=1)
    last_s, _ = time_of(near_the_end.next)
    assert last_s < 5 * first_s + 0.02  # reading past 100,000 rows takes a hundred times as long
    if not store.database.is_sqlite:  # it does not know yet that there are so many
        with store.database.write() as connection:
            connection.execute(sa.text("ANALYZE episodes"))
    for wanted, place in (
        (EpisodeFilter(), None),
        (EpisodeFilter(), near_the_end.next),
        (EpisodeFilter(cameras=("entrance",)), None),
    ):
        plan = plan_of(
            store,
            lambda wanted=wanted, place=place: store.episodes.page(wanted, after=place),
            "FROM episodes",
        )
        assert re.search(r"ix_episodes_(camera_)?started_at_id", plan), plan
        assert not re.search("Seq Scan|TEMP B-TREE", plan), plan


def test_deleting_a_photo_leaves_no_episode_pointing_to_it(store: Store) -> None:
    about = episode()
    taken = photo(store, episode_id=about.id)
    one = replace(about, snapshot_id=taken.id)
    store.episodes.add(one)
    store.snapshots.delete([taken], reason="age")
    assert store.episodes.get(one.id).snapshot_id is None


def test_addresses_of_those_who_followed_a_link_are_not_searched(store: Store) -> None:
    made = episode()
    store.episodes.add(made)
    store.episodes.acknowledge(made.id, "link:officer@hospital.test", NOON)
    store.episodes.correct(made.id, State.MASK, None, by="link:officer@hospital.test", at=NOON)
    for text, found in (("officer", 0), ("link:o", 0), ("hospital.test", 0), ("link:", 1)):
        assert store.episodes.count(EpisodeFilter(text=text)) == found
    store.episodes.correct(made.id, State.MASK, None, by="officer", at=NOON)
    assert store.episodes.count(EpisodeFilter(text="OFFIC")) == 1
