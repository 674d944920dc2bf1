"""Between records and rows: columns are named as fields, so this is all there is to it."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from maskwatch.errors import RecordNotFound, UsageError
from maskwatch.store.database import Database
from maskwatch.store.records import Page

T = TypeVar("T")

MAX_PAGE = 1000


def values_of(record: Any) -> dict[str, Any]:
    """The fields of a record by name."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


def columns_of(table: sa.Table, kind: type[Any]) -> list[sa.Column[Any]]:
    """The columns that a record of ``kind`` is made of."""
    return [table.c[field.name] for field in fields(kind)]


def fetch(database: Database, query: sa.Select[Any], kind: type[T]) -> list[T]:
    """The records that a query over `columns_of` finds."""
    with database.read() as connection:
        return [kind(**row._mapping) for row in connection.execute(query)]


def get(database: Database, table: sa.Table, kind: type[T], key: str) -> T:
    """The record of an id.

    Raises:
        RecordNotFound: there is none.
    """
    query = sa.select(*columns_of(table, kind)).where(table.c.id == key)
    found = fetch(database, query, kind)
    if not found:
        raise RecordNotFound(f"there is no {key!r} among the {table.name}")
    return found[0]


def distinct(database: Database, column: sa.Column[str]) -> list[str]:
    """The values of a column that an index begins with, sorted, without an empty one.

    One step in the index per value: DISTINCT would read every row.
    """
    found = [""]
    with database.read() as connection:
        while True:
            query = sa.select(sa.func.min(column)).where(column > found[-1])
            value = connection.execute(query).scalar_one()
            if value is None:
                return found[1:]
            found.append(value)


def insert(database: Database, table: sa.Table, records: Sequence[Any]) -> None:
    """Writes new rows.

    Raises:
        RecordExists: one of them is there already; none is written then.
    """
    if records:
        with database.write() as connection:
            connection.execute(sa.insert(table), [values_of(record) for record in records])


def change(
    database: Database, table: sa.Table, *where: sa.ColumnElement[bool], **values: Any
) -> int:
    """Updates rows; says how many there were."""
    with database.write() as connection:
        return connection.execute(sa.update(table).where(*where).values(**values)).rowcount


def change_one(
    database: Database, table: sa.Table, *where: sa.ColumnElement[bool], **values: Any
) -> bool:
    """Updates the row that there is at most one of; says whether it was there."""
    return change(database, table, *where, **values) == 1


def delete(database: Database, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    """Deletes rows; says how many there were."""
    with database.write() as connection:
        return connection.execute(sa.delete(table).where(*where)).rowcount


def delete_one(database: Database, table: sa.Table, *where: sa.ColumnElement[bool]) -> bool:
    """Deletes the row that there is at most one of; says whether it was there."""
    return delete(database, table, *where) == 1


def delete_some(
    database: Database, table: sa.Table, limit: int, *where: sa.ColumnElement[bool]
) -> int:
    """As `delete`, but no more than ``limit`` of them."""
    key = tuple(table.primary_key)
    return delete(database, table, sa.tuple_(*key).in_(sa.select(*key).where(*where).limit(limit)))


def newest_first(
    database: Database,
    query: sa.Select[Any],
    kind: type[T],
    by: tuple[sa.Column[Any], sa.Column[Any]],
    limit: int,
    after: str | None,
) -> Page[T]:
    """A page of a query, by a time and an id, both falling; as quick at the end as at the start.

    Args:
        database: where.
        query: over `columns_of` the table.
        kind: of records.
        by: the columns of the time and of the id.
        limit: at most this many, from 1 to 1000.
        after: a page's ``next``; None for the first page.

    Raises:
        UsageError: ``limit`` is out of range, or ``after`` is nothing that a page said.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise UsageError(f"a page has 1 to {MAX_PAGE} items, not {limit}")
    time, key = by
    if after is not None:
        seen = _place(after)
        # Written out because SQLite uses an index for this form, and types stay bound.
        query = query.where(
            time <= seen[0], sa.or_(time < seen[0], sa.and_(time == seen[0], key < seen[1]))
        )
    found = fetch(database, query.order_by(time.desc(), key.desc()).limit(limit + 1), kind)
    items = tuple(found[:limit])
    more = len(found) > limit
    return Page(items, _cursor(items[-1], time.name, key.name) if more else None)


def _cursor(item: object, time: str, key: str) -> str:
    place = [getattr(item, time).isoformat(), getattr(item, key)]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _place(cursor: str) -> tuple[datetime, str]:
    try:
        time, key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        at = datetime.fromisoformat(time)
        # No id has what cannot be printed, and no database can be asked for all of it.
        if at.tzinfo is None or not isinstance(key, str) or not key.isprintable():
            raise ValueError(cursor)
    except (ValueError, TypeError, RecursionError) as error:
        raise UsageError(f"{cursor[:80]!r} is no place in a list") from error
    else:
        return at, key
