"""People, counted: the basis of the compliance rate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta, tzinfo
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
from maskwatch.store.schema import people, people_buckets

_QUARTER = timedelta(minutes=15)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COUNT_NAMES = tuple(field.name for field in fields(PeopleCount) if field.name != "hidden")


_NOBODY = (0,) * (len(COUNT_NAMES) + 1)


def quarter_of(at: datetime) -> datetime:
    """The start of the quarter of an hour that a time lies in."""
    return at - (at - _EPOCH) % _QUARTER


def with_small_counts_hidden(counts: PeopleCount, smallest: int) -> PeopleCount:
    """Hides every count from 1 to below ``smallest``.

    When a single state (or a single fault) would be hidden, the next smallest of its group that is
    not zero goes too: otherwise whoever knows the sum could subtract.
    """
    values = {name: getattr(counts, name) for name in COUNT_NAMES}
    for group in (COUNT_NAMES[:4], COUNT_NAMES[4:]):
        known = sorted((values[name], name) for name in group if values[name])
        small = [name for value, name in known if value < smallest]
        if len(small) == 1:
            small = [name for _, name in known[:2]]
        values |= dict.fromkeys(small)
    hidden = counts.hidden + sum(
        1 for name, value in values.items() if value is None and getattr(counts, name) is not None
    )
    return PeopleCount(**values, hidden=hidden)


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
        zone: tzinfo = UTC,
        cameras: Sequence[str] = (),
        zones: Sequence[str] = (),
    ) -> list[PeopleGroup]:
        """People whose first moment lies in a period, grouped; only groups with somebody.

        Args:
            since: included; buckets count by their start.
            until: not included.
            by: what makes a group. ``TOTAL`` gives one group, or none without people.
            zone: time zone that hours and days are meant in.
            cameras: only these; empty for all.
            zones: only these; empty for all.
        """
        sums: dict[str, list[int]] = {}
        for table, time, when in (
            (people, people.c.quarter_at, people.c.first_at),
            (people_buckets, people_buckets.c.start_at, people_buckets.c.start_at),
        ):
            query = _sums(table, time, by).where(*_within(time, when, since, until))
            if cameras:
                query = query.where(table.c.camera.in_(cameras))
            if zones:
                query = query.where(table.c.zone.in_(zones))
            with self._db.read() as connection:
                for group, *counts in connection.execute(query):
                    key = _key(group, by, zone)
                    # A year has 35,000 quarters of an hour, so this is worth being quick.
                    before = sums.get(key, _NOBODY)
                    sums[key] = [a + int(b or 0) for a, b in zip(before, counts, strict=True)]
        return [
            PeopleGroup(key, PeopleCount(*counts))
            for key, counts in sorted(sums.items())
            if any(counts)
        ]

    def page_of(self, since: datetime, until: datetime, limit: int) -> list[PersonRecord]:
        """People whose first moment lies in a period, oldest first, at most ``limit``."""
        query = sa.select(*rows.columns_of(people, PersonRecord)).where(
            *_within(people.c.quarter_at, people.c.first_at, since, until)
        )
        query = query.order_by(people.c.first_at, people.c.id).limit(limit)
        return rows.fetch(self._db, query, PersonRecord)


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


def _sums(table: sa.Table, time: sa.ColumnElement[Any], by: CountBy) -> sa.Select[Any]:
    groups: dict[CountBy, sa.ColumnElement[Any]] = {
        CountBy.TOTAL: sa.literal(""),
        CountBy.CAMERA: table.c.camera,
        CountBy.ZONE: table.c.zone,
    }
    group = groups.get(by, time).label("group")
    words: list[sa.ColumnElement[int]]
    if table is people:
        words = [sa.case((_is(name), 1), else_=0) for name in COUNT_NAMES]
        hidden: sa.ColumnElement[int] = sa.literal(0)
    else:
        words = [sa.func.coalesce(table.c[name], 0) for name in COUNT_NAMES]
        hidden = table.c.hidden
    sums = [sa.func.sum(word).label(name) for word, name in zip(words, COUNT_NAMES, strict=True)]
    query = sa.select(group, *sums, sa.func.sum(hidden).label("hidden"))
    # PostgreSQL takes a constant in GROUP BY for the number of a column.
    return query if by is CountBy.TOTAL else query.group_by(groups.get(by, time))


def _is(name: str) -> sa.ColumnElement[bool]:
    column = people.c.state if name in COUNT_NAMES[:4] else people.c.fault
    return column == name


def _key(group: Any, by: CountBy, zone: tzinfo) -> str:
    if not isinstance(group, datetime):
        return group or ""
    local = group.astimezone(zone)
    if by is CountBy.DAY:
        return local.date().isoformat()
    if by is CountBy.HOUR_OF_DAY:
        return f"{local.hour:02d}"
    return local.replace(minute=0).isoformat(timespec="minutes")


def sum_of(groups: Iterable[PeopleGroup]) -> PeopleCount:
    """All groups together; hidden counts count as nothing but stay counted as hidden."""
    sums: dict[str, int] = dict.fromkeys((*COUNT_NAMES, "hidden"), 0)
    for group in groups:
        for name in sums:
            sums[name] += getattr(group.counts, name) or 0
    return PeopleCount(**sums)
