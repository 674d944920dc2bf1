"""How our values look in a column, the same in every database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import MINYEAR, UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from maskwatch.store.records import SnapshotFace
from maskwatch.types import Box, Fault, State


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware time, kept in UTC with microseconds."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Refuses a time without zone: nobody could tell later what it meant."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without zone cannot be stored: {value.isoformat()}")
        value = _in_utc(value)
        # SQLite has no times; SQLAlchemy writes them as text, which sorts right without a zone.
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """SQLite gives times without zone, PostgreSQL in the zone of the session."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


def _in_utc(value: datetime) -> datetime:
    """In UTC; the first or last moment that a date can say where it would lie beyond."""
    try:
        return value.astimezone(UTC)
    except OverflowError:
        nearest = datetime.min if value.year == MINYEAR else datetime.max  # noqa: DTZ901
        return nearest.replace(tzinfo=UTC)


class Word(sa.types.TypeDecorator[StrEnum]):
    """A member of an enumeration, kept as its word."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: StrEnum | str | None, dialect: sa.Dialect) -> str | None:
        """Refuses a word that the enumeration does not have."""
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> StrEnum | None:
        """The member."""
        return None if value is None else self.kind(value)


class OptionalName(sa.types.TypeDecorator[str]):
    """A name or None within a primary key, where NULL is not allowed: None is kept as ``''``."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str:
        """None becomes empty."""
        return value or ""

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Empty becomes None."""
        return value or None


class WordList(sa.types.TypeDecorator[tuple[str, ...]]):
    """Some words in order, as JSON."""

    impl = sa.JSON
    cache_ok = True

    def process_bind_param(
        self, value: tuple[str, ...] | None, dialect: sa.Dialect
    ) -> list[str] | None:
        """A JSON array."""
        return None if value is None else list(value)

    def process_result_value(
        self, value: list[str] | None, dialect: sa.Dialect
    ) -> tuple[str, ...] | None:
        """A tuple."""
        return None if value is None else tuple(value)


class Faces(sa.types.TypeDecorator[tuple[SnapshotFace, ...]]):
    """The faces of a photo, as JSON."""

    impl = sa.JSON
    cache_ok = True

    def process_bind_param(
        self, value: tuple[SnapshotFace, ...] | None, dialect: sa.Dialect
    ) -> list[dict[str, Any]]:
        """A JSON array of objects."""
        return [face_as_json(face) for face in value or ()]

    def process_result_value(
        self, value: list[dict[str, Any]] | None, dialect: sa.Dialect
    ) -> tuple[SnapshotFace, ...]:
        """Values again."""
        return tuple(face_from_json(face) for face in value or ())


def shows_a_face(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """That a face can be seen, of a column of `Faces`: every database finds that by itself."""
    return sa.cast(column, sa.Text).contains('"blurred": false')


def face_as_json(face: SnapshotFace) -> dict[str, Any]:
    """The face with its box as a list of four numbers."""
    return {
        "box": list(face.box),
        "state": face.state.value,
        "fault": None if face.fault is None else face.fault.value,
        "coverage": face.coverage,
        "is_subject": face.is_subject,
        "blurred": face.blurred,
    }


def face_from_json(value: Mapping[str, Any]) -> SnapshotFace:
    """The reverse of `face_as_json`."""
    return SnapshotFace(
        box=Box(*value["box"]),
        state=State(value["state"]),
        fault=None if value["fault"] is None else Fault(value["fault"]),
        coverage=value["coverage"],
        is_subject=value["is_subject"],
        blurred=value["blurred"],
    )
