"""Episodes, their timelines, and what people said about them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import reduce
from typing import Any

import sqlalchemy as sa

from maskwatch.store import rows
from maskwatch.store.database import Database
from maskwatch.store.records import (
    LINK_HOLDER,
    EpisodeFilter,
    EpisodeRecord,
    Page,
    TimelinePoint,
)
from maskwatch.store.schema import episode_readings, episodes
from maskwatch.types import Fault, State

_COLUMNS = rows.columns_of(episodes, EpisodeRecord)
_EVERYTHING = EpisodeFilter()
_BETWEEN = "\x1f"
"""Between columns that are searched together: nobody types it, so no text reaches across."""


class Episodes:
    """The part of the store that holds episodes."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, episode: EpisodeRecord) -> None:
        """Writes a new episode.

        Raises:
            RecordExists: it is there already.
        """
        rows.insert(self._db, episodes, [episode])

    def update(
        self,
        episode_id: str,
        *,
        state: State,
        fault: Fault | None,
        coverage: float | None,
        ended_at: datetime | None = None,
    ) -> bool:
        """Brings an episode up to date; False when it is not there (any more).

        Args:
            episode_id: which.
            state: what weighs most by now.
            fault: its fault.
            coverage: its coverage, in percent.
            ended_at: set to end it; None leaves that as it is.
        """
        values: dict[str, Any] = {"state": state, "fault": fault, "coverage": coverage}
        values |= {} if ended_at is None else {"ended_at": ended_at}
        return rows.change_one(self._db, episodes, episodes.c.id == episode_id, **values)

    def end_abandoned(self, ended_at: datetime) -> list[EpisodeRecord]:
        """Ends what a crash left open; returns the ended episodes. For the start of the service.

        One whose timeline is known ends with its last reading, any other at ``ended_at``; none
        before it began, wherever the clock has been set to meanwhile.
        """
        ended = []
        last = sa.select(sa.func.max(episode_readings.c.at))
        with self._db.write() as connection:
            for episode in self.ongoing():
                of_this = last.where(episode_readings.c.episode_id == episode.id)
                last_at = connection.execute(of_this).scalar_one()
                end = max(episode.started_at, last_at or ended_at)
                rows.change(self._db, episodes, episodes.c.id == episode.id, ended_at=end)
                ended.append(self.get(episode.id))
        return ended

    def get(self, episode_id: str) -> EpisodeRecord:
        """One episode.

        Raises:
            RecordNotFound: there is none of that id.
        """
        return rows.get(self._db, episodes, EpisodeRecord, episode_id)

    def are_there(self, ids: Collection[str]) -> bool:
        """Whether nobody has deleted one of these; nor can, before the end of the transaction."""
        query = sa.select(episodes.c.id).where(episodes.c.id.in_(ids))
        with self._db.write() as connection:
            # On PostgreSQL somebody who deletes one waits; SQLite has one writer at a time.
            held = connection.execute(query.with_for_update(read=True, key_share=True))
            return len(held.all()) == len(set(ids))

    def ongoing(self) -> list[EpisodeRecord]:
        """Those that last, oldest first."""
        query = sa.select(*_COLUMNS).where(episodes.c.ended_at.is_(None))
        return rows.fetch(
            self._db, query.order_by(episodes.c.started_at, episodes.c.id), EpisodeRecord
        )

    def page(
        self, wanted: EpisodeFilter = _EVERYTHING, *, limit: int = 50, after: str | None = None
    ) -> Page[EpisodeRecord]:
        """Newest first. ``after`` is the ``next`` of the page before.

        Raises:
            UsageError: ``limit`` is not in 1 to 1000, or ``after`` is no page's ``next``.
        """
        query = sa.select(*_COLUMNS).where(*_conditions(wanted))
        by = (episodes.c.started_at, episodes.c.id)
        return rows.newest_first(self._db, query, EpisodeRecord, by, limit, after)

    def count(self, wanted: EpisodeFilter = _EVERYTHING) -> int:
        """How many there are."""
        query = sa.select(sa.func.count()).select_from(episodes).where(*_conditions(wanted))
        with self._db.read() as connection:
            return connection.execute(query).scalar_one()

    def acknowledge(self, episode_id: str, by: str, at: datetime) -> bool:
        """Notes who saw it first; False when somebody has already, or it is not there."""
        still_open = episodes.c.acknowledged_at.is_(None)
        return rows.change_one(
            self._db,
            episodes,
            episodes.c.id == episode_id,
            still_open,
            acknowledged_by=by,
            acknowledged_at=at,
        )

    def correct(
        self, episode_id: str, state: State, fault: Fault | None, *, by: str, at: datetime
    ) -> bool:
        """Notes what it really was; a later word replaces an earlier one. False: not there."""
        return rows.change_one(
            self._db,
            episodes,
            episodes.c.id == episode_id,
            corrected_state=state,
            corrected_fault=fault,
            corrected_by=by,
            corrected_at=at,
        )

    def add_readings(self, episode_id: str, points: Sequence[TimelinePoint]) -> None:
        """Adds to the timeline; a point of a time that is there already is left out."""
        if not points:
            return
        values = [{"episode_id": episode_id} | rows.values_of(point) for point in points]
        with self._db.write() as connection:
            connection.execute(self._db.insert(episode_readings).on_conflict_do_nothing(), values)

    def timeline(self, episode_id: str) -> list[TimelinePoint]:
        """The readings of its track, oldest first."""
        query = sa.select(*rows.columns_of(episode_readings, TimelinePoint)).where(
            episode_readings.c.episode_id == episode_id
        )
        return rows.fetch(self._db, query.order_by(episode_readings.c.at), TimelinePoint)

    def cameras(self) -> list[str]:
        """Names of all cameras that have episodes, for the choice of a filter."""
        return rows.distinct(self._db, episodes.c.camera)


def _conditions(wanted: EpisodeFilter) -> list[sa.ColumnElement[bool]]:
    c = episodes.c
    found: list[sa.ColumnElement[bool]] = []
    choices = [
        (c.camera, wanted.cameras),
        (c.zone, wanted.zones),
        (c.state, wanted.states),
        (c.fault, wanted.faults),
    ]
    found += [column.in_(chosen) for column, chosen in choices if chosen]
    if wanted.since is not None:
        found.append(c.started_at >= wanted.since)
    if wanted.until is not None:
        found.append(c.started_at < wanted.until)
    if wanted.open_at is not None:
        found.append(c.started_at < wanted.open_at)
        found.append(sa.or_(c.ended_at.is_(None), c.ended_at > wanted.open_at))
    switches = [
        (wanted.ongoing, c.ended_at.is_(None)),
        (wanted.acknowledged, c.acknowledged_at.is_not(None)),
        (wanted.corrected, c.corrected_at.is_not(None)),
    ]
    found += [test if on else sa.not_(test) for on, test in switches if on is not None]
    if wanted.text:
        found.append(_mentions(wanted.text))
    return found


def _mentions(text: str) -> sa.ColumnElement[bool]:
    """One look at all columns together: case is ignored in Python, at a price per call."""
    c = episodes.c
    names = (_without_address(each) for each in (c.acknowledged_by, c.corrected_by))
    columns = (c.id, c.camera, c.zone, c.state, c.fault, *names)
    texts = (sa.func.coalesce(sa.cast(column, sa.Text), "") for column in columns)
    together: sa.ColumnElement[str] = reduce(lambda one, two: one + _BETWEEN + two, texts)
    return together.icontains(text, autoescape=True)


def _without_address(name: sa.Column[str]) -> sa.ColumnElement[str]:
    return sa.case((name.startswith(LINK_HOLDER), LINK_HOLDER), else_=name)
