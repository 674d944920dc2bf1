"""People, counted: the basis of the compliance rate."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import partial
from itertools import pairwise, zip_longest
from typing import Any

import sqlalchemy as sa

from maskwatch.store import rows
from maskwatch.store.database import Database
from maskwatch.store.records import (
    CountBy,
    PeopleBucket,
    PeopleCount,
    PeopleGroup,
    PersonRecord,
)
from maskwatch.store.schema import (
    COUNT_NAMES,
    FAULT_NAMES,
    STATE_NAMES,
    people,
    people_buckets,
    people_quarters,
)
from maskwatch.types import State

_QUARTER = timedelta(minutes=15)
_WEEK = 7 * 96
"""In quarters."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_CALENDAR: dict[CountBy, Callable[[date], str]] = {
    CountBy.DAY: date.isoformat,
    CountBy.WEEK: lambda day: (day - timedelta(days=day.weekday())).isoformat(),
    CountBy.MONTH: lambda day: f"{day:%Y-%m}",
}
"""What days are added up to, and how it is called."""


def quarter_of(at: datetime) -> datetime:
    """The start of the quarter of an hour that a time lies in."""
    return at - (at - _EPOCH) % _QUARTER


def with_small_counts_hidden(counts: PeopleCount, smallest: int) -> PeopleCount:
    """Hides every count from 1 to below ``smallest``, and more until none of these can be told.

    Whoever knows how many people there were, or how many wore a mask badly, can subtract what is
    shown. So of counts with a known sum the next smallest are hidden as well, until the sum of
    those hidden leaves room for any of them to reach ``smallest``, or none is left.
    """
    values = {name: value for name in COUNT_NAMES if (value := getattr(counts, name))}
    hidden = {name for name, value in values.items() if value < smallest}
    while (more := _one_more(values, hidden, smallest)) is not None:
        hidden.add(more)
    shown: dict[str, Any] = dict.fromkeys(hidden)
    return replace(counts, **shown, hidden=counts.hidden + len(hidden))


def _one_more(values: Mapping[str, int], hidden: Collection[str], smallest: int) -> str | None:
    """The next count to hide; None where those hidden suffice.

    Args:
        values: all counts but zeros.
        hidden: names of those hidden so far.
        smallest: see `with_small_counts_hidden`.
    """
    incorrect = State.INCORRECT.value
    # What adds up to something known; everything adds up to the number of all people.
    groups: list[tuple[str, ...]] = [STATE_NAMES, (*FAULT_NAMES, incorrect)]
    if incorrect in hidden:
        groups = [(*FAULT_NAMES, *(name for name in STATE_NAMES if name != incorrect))]
    for group in groups:
        unknown = [values[name] for name in group if name in hidden]
        if unknown and sum(unknown) < smallest + len(unknown):
            left = [name for name in group if name in values and name not in hidden]
            if left:
                return min(left, key=values.__getitem__)
    return None


class People:
    """The part of the store that counts people."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, person: PersonRecord) -> None:
        """Writes a person, or replaces what was known of that id."""
        values = rows.values_of(person) | {"quarter_at": quarter_of(person.first_at)}
        changed = {name: value for name, value in values.items() if name != "id"}
        query = self._db.insert(people).values(**values)
        with self._db.write() as connection:
            connection.execute(query.on_conflict_do_update(index_elements=["id"], set_=changed))

    def add_bucket(self, bucket: PeopleBucket, smallest: int) -> None:
        """Writes the people of some minutes as counts only, with small counts hidden.

        Args:
            bucket: not written yet.
            smallest: see `with_small_counts_hidden`.

        Raises:
            RecordExists: the bucket of that camera, zone and start is there already.
        """
        counts = with_small_counts_hidden(bucket.counts, smallest)
        values = rows.values_of(bucket)
        del values["counts"]
        with self._db.write() as connection:
            connection.execute(sa.insert(people_buckets).values(**values, **rows.values_of(counts)))

    def counts(
        self,
        since: datetime,
        until: datetime,
        by: CountBy = CountBy.TOTAL,
        *,
        timezone: tzinfo = UTC,
        cameras: Sequence[str] = (),
        zones: Sequence[str] = (),
    ) -> list[PeopleGroup]:
        """People whose first moment lies in a period, grouped; only groups with somebody.

        Args:
            since: included; buckets count by their start.
            until: not included.
            by: what makes a group. ``TOTAL`` gives one group, or none without people.
            timezone: that hours and days are meant in.
            cameras: only these; empty for all.
            zones: only these; empty for all. ``""`` is what lies in none.
        """
        sums: dict[str, list[int]] = {}
        with self._db.read() as connection:
            for query, key_of in _queries(since, until, by, timezone, cameras, zones):
                for group, *found in connection.execute(query):
                    key = key_of(group)
                    pairs = zip_longest(sums.get(key, ()), found, fillvalue=0)
                    sums[key] = [before + int(more or 0) for before, more in pairs]
        return [
            PeopleGroup(key, _count_of(found))
            for key, found in sorted(sums.items(), key=_order_of(by))
            if any(found)
        ]

    def cameras(self) -> list[str]:
        """Names of all cameras that people were counted at, for the choice of a filter."""
        tables = (people_quarters, people_buckets)
        return sorted({name for each in tables for name in rows.distinct(self._db, each.c.camera)})


def _count_of(sums: Sequence[int]) -> PeopleCount:
    """What the queries found, added up: a count of which every part is hidden is no 0.

    Args:
        sums: one for each of `COUNT_NAMES`, how many counts were hidden, and of each how many were
            if any could be.
    """
    last = len(COUNT_NAMES)
    counts, hidden, parts = sums[:last], sums[last], sums[last + 1 :]
    values: dict[str, Any] = {
        name: count or (None if part else 0)
        for name, count, part in zip_longest(COUNT_NAMES, counts, parts)
    }
    return PeopleCount(**values, hidden=hidden)


def _within(
    time: sa.ColumnElement[Any], when: sa.ColumnElement[Any], since: datetime, until: datetime
) -> list[sa.ColumnElement[bool]]:
    """That ``when`` lies in a period, said by the start of its quarter, which has an index.

    Args:
        time: start of the quarter that ``when`` lies in, or ``when`` itself.
        when: what is to lie in the period.
        since: included.
        until: not included.
    """
    found = [time >= quarter_of(since), time < until]
    # What begins at the start of a quarter begins with it; only odd minutes must be looked up.
    found += [when >= since] if since != quarter_of(since) else []
    found += [when < until] if until != quarter_of(until) else []
    return found


def _queries(
    since: datetime,
    until: datetime,
    by: CountBy,
    timezone: tzinfo,
    cameras: Sequence[str],
    zones: Sequence[str],
) -> Iterator[tuple[sa.Select[Any], Callable[[Any], str]]]:
    """What to add up: groups and their sums (see `_count_of`), and how the groups are called."""
    first, last = -((_EPOCH - since) // _QUARTER), (until - _EPOCH) // _QUARTER
    # Whole quarters are in the sums; what is left at the ends is counted one by one.
    ends = [(since, until)]
    if first < last:
        ends = [(since, _EPOCH + first * _QUARTER), (_EPOCH + last * _QUARTER, until)]
        for low, high, ahead in _stretches(first, last, timezone):
            query = _quarter_sums(by, ahead // _QUARTER, anywhere=not (cameras or zones))
            rows_there = (people_quarters.c.quarter >= low, people_quarters.c.quarter < high)
            query = _chosen(query.where(*rows_there), people_quarters, cameras, zones)
            yield query, partial(_key_of_number, by=by, ahead=ahead)
    named = partial(_key, by=by, timezone=timezone)
    for begin, end in ends:
        if begin < end:
            query = _sums(people, people.c.quarter_at, by)
            query = query.where(*_within(people.c.quarter_at, people.c.first_at, begin, end))
            yield _chosen(query, people, cameras, zones), named
    start = people_buckets.c.start_at
    query = _sums(people_buckets, start, by).where(start >= since, start < until)
    yield _chosen(query, people_buckets, cameras, zones), named


def _chosen(
    query: sa.Select[Any], table: sa.Table, cameras: Sequence[str], zones: Sequence[str]
) -> sa.Select[Any]:
    if cameras:
        query = query.where(table.c.camera.in_(cameras))
    if zones:
        name = sa.func.coalesce(sa.type_coerce(table.c.zone, sa.Text), "")
        query = query.where(name.in_(zones))
    return query


def _stretches(first: int, last: int, timezone: tzinfo) -> Iterator[tuple[int, int, timedelta]]:
    """The parts of a period, in numbers of quarters, during each of which clocks are not changed.

    Yields:
        The first quarter, the one after the last, and how far local time is ahead of UTC.
    """

    def ahead(quarter: int) -> timedelta:
        return (_EPOCH + quarter * _QUARTER).astimezone(timezone).utcoffset() or timedelta(0)

    begins = [first]
    for week in range(first, last, _WEEK):  # nobody changes clocks twice in a week
        end, before = min(week + _WEEK, last - 1), ahead(week)
        if ahead(end) != before:
            quarters = range(week, end + 1)
            begins.append(week + bisect_left(quarters, 1, key=lambda q: int(ahead(q) != before)))
    for low, high in pairwise([*begins, last]):
        yield low, high, ahead(low)


def _number(value: int) -> sa.ColumnElement[int]:
    """Written out: PostgreSQL would not see that two parameters of a query are the same."""
    return sa.literal_column(str(value), sa.Integer)


def _quarter_sums(by: CountBy, ahead: int, *, anywhere: bool) -> sa.Select[Any]:
    """Sums of sums, grouped.

    Args:
        by: what makes a group.
        ahead: of UTC, in quarters.
        anywhere: whether all cameras and zones count, whose sums are there already.
    """
    table = people_quarters
    local = table.c.quarter + _number(ahead)
    hour = local // _number(4)
    groups: dict[CountBy, sa.ColumnElement[Any]] = {
        CountBy.CAMERA: table.c.camera,
        CountBy.ZONE: table.c.zone,
        CountBy.HOUR: hour,
        CountBy.HOUR_OF_DAY: hour % _number(24),
        **dict.fromkeys(_CALENDAR, local // _number(96)),
    }
    sums = [sa.func.sum(table.c[name]).label(name) for name in COUNT_NAMES]
    group = groups.get(by, sa.literal(""))
    query = sa.select(group.label("group"), *sums, sa.literal(0).label("hidden"))
    summed = anywhere and by not in (CountBy.CAMERA, CountBy.ZONE)
    query = query.where(table.c.camera == "" if summed else table.c.camera != "")
    return query.group_by(group) if by in groups else query


def _sums(table: sa.Table, time: sa.ColumnElement[Any], by: CountBy) -> sa.Select[Any]:
    groups: dict[CountBy, sa.ColumnElement[Any]] = {
        CountBy.TOTAL: sa.literal(""),
        CountBy.CAMERA: table.c.camera,
        CountBy.ZONE: table.c.zone,
    }
    group = groups.get(by, time).label("group")
    words: list[sa.ColumnElement[int]]
    parts: list[sa.ColumnElement[int]] = []
    if table is people:
        words = [sa.case((_is(name), 1), else_=0) for name in COUNT_NAMES]
        hidden: sa.ColumnElement[int] = sa.literal(0)
    else:
        words = [sa.func.coalesce(table.c[name], 0) for name in COUNT_NAMES]
        hidden = table.c.hidden
        missing = [sa.case((table.c[name].is_(None), 1), else_=0) for name in COUNT_NAMES]
        parts = [sa.func.sum(each) for each in missing]
    sums = [sa.func.sum(word).label(name) for word, name in zip(words, COUNT_NAMES, strict=True)]
    query = sa.select(group, *sums, sa.func.sum(hidden).label("hidden"), *parts)
    # PostgreSQL takes a constant in GROUP BY for the number of a column.
    return query if by is CountBy.TOTAL else query.group_by(groups.get(by, time))


def _is(name: str) -> sa.ColumnElement[bool]:
    column = people.c.state if name in STATE_NAMES else people.c.fault
    return column == name


def _key_of_number(group: Any, by: CountBy, ahead: timedelta) -> str:
    """The name of a group of `_quarter_sums`."""
    if by in _CALENDAR:
        return _CALENDAR[by](_EPOCH.date() + timedelta(days=group))
    if by is CountBy.HOUR_OF_DAY:
        return f"{group:02d}"
    if by is CountBy.HOUR:
        start = _EPOCH.replace(tzinfo=timezone(ahead)) + timedelta(hours=group)
        return start.isoformat(timespec="minutes")
    return group or ""


def _key(group: Any, by: CountBy, timezone: tzinfo) -> str:
    if not isinstance(group, datetime):
        return group or ""
    local = group.astimezone(timezone)
    if by in _CALENDAR:
        return _CALENDAR[by](local.date())
    if by is CountBy.HOUR_OF_DAY:
        return f"{local.hour:02d}"
    return local.replace(minute=0).isoformat(timespec="minutes")


def _order_of(by: CountBy) -> Callable[[tuple[str, Any]], Any]:
    """By name; hours by time, as one comes twice when clocks are put back."""
    if by is CountBy.HOUR:
        return lambda group: datetime.fromisoformat(group[0])
    return lambda group: group[0]
