from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from maskwatch.errors import RecordExists
from maskwatch.store import rows
from maskwatch.store.people import quarter_of, with_small_counts_hidden
from maskwatch.store.records import CountBy, PeopleBucket, PeopleCount, PeopleGroup, PersonRecord
from maskwatch.store.schema import (
    COUNT_NAMES,
    FAULT_NAMES,
    people,
    people_quarters,
)
from maskwatch.store.store import Store
from maskwatch.types import Fault, State
from tests.store.values import NOON, after, people_of, person

BERLIN = ZoneInfo("Europe/Berlin")  # an hour ahead of UTC in March
KATHMANDU = ZoneInfo("Asia/Kathmandu")  # 5:45 ahead


def test_a_person_is_one_whatever_is_learnt_later(store: Store) -> None:
    one = person(state=State.UNKNOWN)
    store.people.put(one)
    later = person(id=one.id, state=State.NO_MASK, last_at=after(9))
    store.people.put(later)
    assert people_of(store) == [later]


def test_people_are_counted_by_state_and_fault(store: Store) -> None:
    for state, fault in (
        (State.MASK, None),
        (State.MASK, None),
        (State.INCORRECT, Fault.NOSE_OUT),
        (State.INCORRECT, Fault.OTHER),
        (State.NO_MASK, None),
        (State.UNKNOWN, None),
    ):
        store.people.put(person(state=state, fault=fault))
    assert store.people.counts(after(-1), after(1)) == [
        PeopleGroup("", PeopleCount(2, 2, 1, 1, nose_out=1, other=1))
    ]


def test_nobody_makes_no_group(store: Store) -> None:
    for by in CountBy:
        assert store.people.counts(after(-1), after(1), by) == []


def test_the_end_of_a_period_is_not_in_it(store: Store) -> None:
    store.people.put(person(first_at=NOON))
    assert store.people.counts(NOON, after(1)) != []
    assert store.people.counts(after(-1), NOON) == []


@pytest.mark.parametrize(
    ("by", "zone", "keys"),
    [
        (CountBy.HOUR, BERLIN, ["2026-03-02T13:00+01:00", "2026-03-03T00:00+01:00"]),
        (CountBy.DAY, BERLIN, ["2026-03-02", "2026-03-03"]),
        (CountBy.HOUR_OF_DAY, BERLIN, ["00", "13"]),
        (CountBy.HOUR, KATHMANDU, ["2026-03-02T17:00+05:45", "2026-03-03T05:00+05:45"]),
        (CountBy.CAMERA, BERLIN, ["entrance", "lab"]),
        (CountBy.ZONE, BERLIN, ["", "door"]),
    ],
)
def test_groups_are_local(store: Store, by: CountBy, zone: ZoneInfo, keys: list[str]) -> None:
    store.people.put(person())
    late = NOON + timedelta(hours=11, minutes=20)
    store.people.put(person(first_at=late, camera="lab", zone="door"))
    groups = store.people.counts(after(-1), after(days=1), by, timezone=zone)
    assert [group.key for group in groups] == keys
    assert [group.counts.mask for group in groups] == [1, 1]


@pytest.mark.parametrize(
    ("by", "sums"),
    [
        (CountBy.WEEK, {"2025-12-29": 2, "2026-01-05": 1, "2026-02-23": 1}),
        (CountBy.MONTH, {"2025-12": 1, "2026-01": 2, "2026-03": 1}),
    ],
)
def test_weeks_and_months_begin_with_their_first_local_day(
    store: Store, by: CountBy, sums: dict[str, int]
) -> None:
    # In Berlin: Wednesday before and Sunday after New Year, then a Monday, then a Sunday.
    for day in ("2025-12-31T22:59", "2026-01-04T22:59", "2026-01-04T23:00", "2026-03-01T12:00"):
        store.people.put(person(first_at=datetime.fromisoformat(f"{day}:00+00:00")))
    since, until = datetime(2025, 12, 30, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
    groups = store.people.counts(since, until, by, timezone=BERLIN)
    assert {group.key: group.counts.mask for group in groups} == sums


def test_the_hour_that_comes_twice_is_in_the_order_of_time(store: Store) -> None:
    night = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)  # half past one in Berlin
    for hours in range(4):
        store.people.put(person(first_at=night + timedelta(hours=hours)))
    until = night + timedelta(hours=5)
    found = store.people.counts(night, until, CountBy.HOUR, timezone=BERLIN)
    assert [each.key for each in found] == [
        "2026-10-25T01:00+02:00",
        "2026-10-25T02:00+02:00",
        "2026-10-25T02:00+01:00",
        "2026-10-25T03:00+01:00",
    ]


def test_cameras_that_people_were_counted_at_are_named_once(store: Store) -> None:
    assert store.people.cameras() == []
    gone = person(camera="cellar")
    for each in (person(camera="lab"), person(camera="entrance"), person(camera="lab"), gone):
        store.people.put(each)
    for camera in ("yard", "lab"):
        store.people.add_bucket(PeopleBucket(camera, None, NOON, 60, PeopleCount(mask=9)), 5)
    with store.database.write() as connection:
        connection.execute(sa.delete(people).where(people.c.id == gone.id))
    assert store.people.cameras() == ["entrance", "lab", "yard"]


def test_cameras_and_zones_can_be_chosen(store: Store) -> None:
    for camera, zone in (("entrance", None), ("entrance", "door"), ("lab", "door")):
        store.people.put(person(camera=camera, zone=zone))
    assert store.people.counts(after(-1), after(1), cameras=["lab"])[0].counts.mask == 1
    assert store.people.counts(after(-1), after(1), zones=["door"])[0].counts.mask == 2


def test_what_lies_in_no_zone_can_be_chosen(store: Store) -> None:
    for zone in (None, "door", "desk"):
        store.people.put(person(zone=zone))
    store.people.add_bucket(bucket(mask=10), 5)
    (outside,) = store.people.counts(after(-1), after(1), zones=[""])
    assert outside.counts.mask == 11
    (some,) = store.people.counts(after(-1), after(1), zones=["", "desk"])
    assert some.counts.mask == 12


def some_people(seed: int, count: int = 120) -> list[PersonRecord]:
    """People over the week in which clocks in Berlin are put forward, some at odd moments."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    found = []
    for _ in range(count):
        state = rng.choice(list(State))
        fault = rng.choice(list(Fault)) if state is State.INCORRECT else None
        at = datetime(2026, 3, 26, tzinfo=UTC) + timedelta(seconds=rng.randrange(7 * 86_400))
        if rng.random() < 0.2:
            at = quarter_of(at)
        camera, zone = rng.choice(["entrance", "lab"]), rng.choice([None, "door"])
        found.append(
            person(state=state, fault=fault, first_at=at, last_at=at, camera=camera, zone=zone)
        )
    return found


def group_of(someone: PersonRecord, by: CountBy, zone: ZoneInfo) -> str:
    """Worked out by clock and calendar."""
    local = someone.first_at.astimezone(zone)
    return {
        CountBy.TOTAL: "",
        CountBy.HOUR: f"{local:%Y-%m-%dT%H:00}{local.isoformat()[-6:]}",
        CountBy.DAY: f"{local:%Y-%m-%d}",
        CountBy.WEEK: f"{local - timedelta(days=local.weekday()):%Y-%m-%d}",
        CountBy.MONTH: f"{local:%Y-%m}",
        CountBy.HOUR_OF_DAY: f"{local:%H}",
        CountBy.CAMERA: someone.camera,
        CountBy.ZONE: someone.zone or "",
    }[by]


def counted(there: Sequence[PersonRecord], by: CountBy, zone: ZoneInfo) -> dict[str, PeopleCount]:
    sums: dict[str, Counter[str]] = {}
    for each in there:
        words = [each.state.value, *([each.fault.value] if each.fault else [])]
        sums.setdefault(group_of(each, by, zone), Counter()).update(words)
    return {key: PeopleCount(**words) for key, words in sums.items()}


@pytest.mark.parametrize("zone", [BERLIN, KATHMANDU], ids=str)
def test_sums_are_those_of_the_people_one_by_one(store: Store, zone: ZoneInfo) -> None:
    there = some_people(1)
    with store.transaction():
        for each in there:
            store.people.put(each)
    whole = (datetime(2026, 3, 26, tzinfo=UTC), datetime(2026, 4, 2, tzinfo=UTC))
    odd = (whole[0] + timedelta(minutes=1003), whole[1] - timedelta(minutes=2007, seconds=3))
    short = (odd[0], odd[0] + timedelta(minutes=7))
    for since, until in (whole, odd, short):
        inside = [each for each in there if since <= each.first_at < until]
        for by in CountBy:
            found = store.people.counts(since, until, by, timezone=zone)
            assert {each.key: each.counts for each in found} == counted(inside, by, zone), by
        some = [each for each in inside if each.camera == "lab" and each.zone is None]
        found = store.people.counts(
            since, until, CountBy.DAY, timezone=zone, cameras=["lab"], zones=[""]
        )
        assert {each.key: each.counts for each in found} == counted(some, CountBy.DAY, zone)


def test_groups_come_in_order_wherever_their_people_were_counted(store: Store) -> None:
    store.people.put(replace(person(), camera="yard"))
    store.people.add_bucket(bucket(mask=20), 5)
    found = store.people.counts(after(-1), after(1), CountBy.CAMERA)
    assert [each.key for each in found] == ["entrance", "yard"]


def test_sums_follow_what_is_learnt_of_people_and_who_is_forgotten(store: Store) -> None:
    there = {each.id: each for each in some_people(2)}
    for each in there.values():
        store.people.put(each)
    for key in list(there)[::2]:
        there[key] = replace(there[key], state=State.NO_MASK, fault=None)
        store.people.put(there[key])
    for key in list(there)[::3]:
        del there[key]
        rows.delete(store.database, people, people.c.id == key)
    since, until = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
    found = store.people.counts(since, until, CountBy.DAY)
    assert {each.key: each.counts for each in found} == counted(
        list(there.values()), CountBy.DAY, ZoneInfo("UTC")
    )
    rows.delete(store.database, people)
    with store.database.read() as connection:
        assert connection.execute(sa.select(people_quarters)).all() == []


def bucket(**counts: int) -> PeopleBucket:
    return PeopleBucket("entrance", None, NOON, 3600, PeopleCount(**counts))


def test_a_bucket_counts_like_people_and_keeps_no_small_count(store: Store) -> None:
    store.people.add_bucket(bucket(mask=20, no_mask=6, incorrect=2, unknown=3, nose_out=2), 5)
    (group,) = store.people.counts(after(-1), after(1))
    # Were the 6 shown as well, the other 5 of 31 people could not be 5 of one kind.
    hidden = {"incorrect": None, "no_mask": None, "unknown": None, "nose_out": None}
    assert group.counts == PeopleCount(mask=20, hidden=4, **hidden)
    store.people.put(person())
    (group,) = store.people.counts(after(-1), after(1), CountBy.CAMERA)
    assert (group.key, group.counts) == (
        "entrance",
        PeopleCount(mask=21, hidden=4, **hidden),
    )


@pytest.mark.parametrize("by", list(CountBy))
def test_a_count_is_0_only_where_none_of_it_is_hidden(store: Store, by: CountBy) -> None:
    for minutes, counts in ((0, {"mask": 40, "no_mask": 4, "unknown": 8}), (1, {"mask": 9})):
        start = NOON + timedelta(minutes=minutes)
        each = PeopleBucket("entrance", None, start, 60, PeopleCount(**counts))
        store.people.add_bucket(each, 5)
    (group,) = store.people.counts(after(-1), after(minutes=5), by)
    assert group.counts == PeopleCount(mask=49, no_mask=None, unknown=None, hidden=2)
    # What is seen elsewhere is known, and the least that there was.
    more = PeopleBucket("entrance", None, after(minutes=2), 60, PeopleCount(mask=6, no_mask=7))
    store.people.add_bucket(more, 5)
    store.people.put(person(state=State.UNKNOWN))
    (group,) = store.people.counts(after(-1), after(minutes=5), by)
    assert group.counts == PeopleCount(mask=55, no_mask=7, unknown=1, hidden=2)


def test_a_bucket_is_written_once(store: Store) -> None:
    store.people.add_bucket(bucket(mask=20), 5)
    with pytest.raises(RecordExists):
        store.people.add_bucket(bucket(mask=30), 5)


@pytest.mark.parametrize(
    ("given_counts", "kept"),
    [
        ({"mask": 20, "no_mask": 5}, {"mask": 20, "no_mask": 5}),
        # One small count could be had by subtraction from the sum: the next smallest goes too.
        ({"mask": 20, "no_mask": 4}, {"mask": None, "no_mask": None}),
        ({"mask": 20, "no_mask": 4, "unknown": 9}, {"mask": 20, "no_mask": None, "unknown": None}),
        # So could that two of 22 people are one each.
        ({"mask": 20, "no_mask": 1, "unknown": 1}, dict.fromkeys(("mask", "no_mask", "unknown"))),
        # Worn badly goes with the small one; as the sum of the faults it would still be known.
        (
            {"mask": 90, "incorrect": 6, "no_mask": 2, "nose_out": 6},
            {"mask": 90, "incorrect": None, "no_mask": None, "nose_out": None},
        ),
        (
            {"mask": 90, "incorrect": 17, "no_mask": 2, "nose_out": 9, "other": 8},
            {"mask": 90, "incorrect": None, "no_mask": None, "nose_out": 9, "other": None},
        ),
        # Two faults of 12 would be one each; here all can be hidden, and their sum be shown.
        (
            {"mask": 40, "incorrect": 12, "nose_out": 10, "under_chin": 1, "chin_out": 1},
            {"mask": 40, "incorrect": 12, "nose_out": None, "under_chin": None, "chin_out": None},
        ),
        # The sum of all faults tells too much of them itself.
        (
            {"mask": 40, "incorrect": 6, "unknown": 9, "nose_out": 4, "chin_out": 2},
            {"mask": 40, "incorrect": None, "unknown": None, "nose_out": None, "chin_out": None},
        ),
        ({"mask": 3}, {"mask": None}),
        ({}, {}),
    ],
)
def test_small_counts_are_hidden(given_counts: dict[str, int], kept: dict[str, int | None]) -> None:
    counts = with_small_counts_hidden(PeopleCount(**given_counts), 5)
    shown = {name: getattr(counts, name) for name in COUNT_NAMES if getattr(counts, name) != 0}
    assert shown == kept
    assert counts.hidden == sum(value is None for value in kept.values())


PARTS = tuple(name for name in COUNT_NAMES if name != State.INCORRECT)
"""What everybody is one of: ``incorrect`` is the sum of its faults."""


def count_of(parts: dict[str, int]) -> PeopleCount:
    return PeopleCount(incorrect=sum(parts[name] for name in FAULT_NAMES), **parts)


def looking_the_same(parts: dict[str, int], shown: PeopleCount) -> Iterator[PeopleCount]:
    """Counts of as many people of which the same could be shown; None stands for 1 or more."""
    hidden = [name for name in PARTS if getattr(shown, name) is None]
    # Where nothing is shown there is nothing to subtract from the number of all.
    anybody = [""] if not any(getattr(shown, name) for name in PARTS) else []
    for more, less in permutations([*hidden, *anybody], 2):
        for moved in range(parts.get(less, 99)):
            other = {
                name: count + moved * ((name == more) - (name == less))
                for name, count in parts.items()
            }
            counts = count_of(other)
            if shown.incorrect in (None, counts.incorrect):
                yield counts


@given(st.lists(st.integers(0, 30), min_size=7, max_size=7), st.integers(2, 20))
def test_no_small_count_is_ever_shown_nor_can_be_worked_out(
    values: list[int], smallest: int
) -> None:
    parts = dict(zip(PARTS, values, strict=True))
    shown = with_small_counts_hidden(count_of(parts), smallest)
    others = list(looking_the_same(parts, shown))
    for name in COUNT_NAMES:
        if getattr(shown, name) is None:
            assert len({getattr(other, name) for other in others}) > 1, name
        else:
            count = getattr(shown, name)
            assert count == getattr(count_of(parts), name)
            assert count == 0 or count >= smallest


def test_quarters_start_where_clocks_do() -> None:
    assert quarter_of(NOON + timedelta(minutes=29, seconds=59)).isoformat() == (
        "2026-03-02T12:15:00+00:00"
    )
