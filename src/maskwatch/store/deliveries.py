"""Deliveries: rows that are both the queue of messages and its history.

::

    pending --claim--> claimed --sent-------> sent
       ^                  |----failed-------> dead
       '---failed, retry--'    (take_back: pending -> cancelled; requeue: dead -> pending;
                                give_up: pending or claimed -> dead)

A claim is an agreement for some time: when its holder crashes, it runs out and somebody else may
claim. Each claim counts ``attempts`` up, and an outcome must name the count it was claimed with,
so one that comes after its claim ran out and was taken over changes nothing.

A clock that was ahead and is set back moves nothing by hours: what it noted waits as long as it
was to, from now on.

Deliveries that were put into one message stay together until they are settled: they are claimed
together, and the message keeps its id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from maskwatch.delays import CLOCK_STEP
from maskwatch.store import rows
from maskwatch.store.database import Database
from maskwatch.store.records import Delivery, DeliveryState, Page
from maskwatch.store.schema import deliveries

_COLUMNS = rows.columns_of(deliveries, Delivery)
_C = deliveries.c
_WAITING = [each for each in DeliveryState if not each.is_settled]


class Deliveries:
    """The part of the store that holds deliveries."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, new: Sequence[Delivery]) -> int:
        """Queues deliveries; those whose id is there already are left out. Says how many are new.

        An id made from what it stands for (episode, channel, stage) thus guards against queueing
        the same alert twice.
        """
        now = datetime.now(UTC)
        added = 0
        with self._db.write() as connection:
            for delivery in new:
                created_at = delivery.created_at or now
                row = replace(
                    delivery,
                    created_at=created_at,
                    not_before=delivery.not_before or created_at,
                    payload=dict(delivery.payload),
                )
                query = self._db.insert(deliveries).values(**rows.values_of(row))
                added += connection.execute(query.on_conflict_do_nothing()).rowcount
        return added

    def claim(
        self,
        now: datetime,
        *,
        limit: int = 10,
        lease_s: float = 60.0,
        channel: str | None = None,
    ) -> list[Delivery]:
        """Takes over deliveries that are due, or whose claim ran out; the longest due come first.

        Args:
            now: the time of the claim.
            limit: at most this many, and whoever is in one message with them.
            lease_s: after how many seconds a claim has run out.
            channel: only those of this channel; None for any.
        """
        due = sa.or_(
            sa.and_(_C.state == DeliveryState.PENDING, _C.not_before <= now),
            sa.and_(
                _C.state == DeliveryState.CLAIMED,
                _C.claimed_at <= now - timedelta(seconds=lease_s),
            ),
        )
        free = sa.select(_C.id, _C.message_id).where(due)
        if channel is not None:
            free = free.where(_C.channel == channel)
        # Two dispatchers on PostgreSQL take different rows; SQLite has one writer at a time.
        free = free.with_for_update(skip_locked=True)
        with self._db.write() as connection:
            self._wait_anew(now)
            found = list(connection.execute(free.order_by(_C.not_before, _C.id).limit(limit)))
            if not found:
                return []
            ids = {row.id for row in found}
            messages = {row.message_id for row in found} - {None}
            if messages:
                ids.update(connection.execute(free.where(_C.message_id.in_(messages))).scalars())
            connection.execute(
                sa.update(deliveries)
                .where(_C.id.in_(ids))
                .values(state=DeliveryState.CLAIMED, claimed_at=now, attempts=_C.attempts + 1)
            )
            query = sa.select(*_COLUMNS).where(_C.id.in_(ids)).order_by(_C.not_before, _C.id)
            return rows.fetch(self._db, query, Delivery)

    def _wait_anew(self, now: datetime) -> None:
        """Corrects the times of what waits that a clock noted which was ahead."""
        noted_at = sa.func.coalesce(_C.claimed_at, _C.created_at)
        query = sa.select(*_COLUMNS).where(_C.state.in_(_WAITING), noted_at > now + CLOCK_STEP)
        for row in rows.fetch(self._db, query, Delivery):
            noted, not_before = row.claimed_at or row.created_at, row.not_before
            assert noted is not None  # noqa: S101 - both are set by the store
            assert not_before is not None  # noqa: S101
            wait = max(timedelta(0), not_before - noted)
            rows.change(
                self._db, deliveries, _C.id == row.id, claimed_at=now, not_before=now + wait
            )

    def sent(self, claimed: Delivery, at: datetime) -> bool:
        """Records success; False when the claim had run out and somebody else took over."""
        return self._outcome(
            claimed, state=DeliveryState.SENT, sent_at=at, last_error=None, permanent=False
        )

    def failed(
        self, claimed: Delivery, error: str, *, permanent: bool, retry_at: datetime | None
    ) -> bool:
        """Records failure; False when the claim had run out and somebody else took over.

        Args:
            claimed: as `claim` gave it.
            error: why, for people, without secrets.
            permanent: whether no retry can heal it.
            retry_at: when to try again; None for never, which makes it ``dead``.
        """
        values: dict[str, Any] = {"last_error": error, "permanent": permanent}
        if retry_at is None or permanent:
            values["state"] = DeliveryState.DEAD
        else:
            values |= {"state": DeliveryState.PENDING, "not_before": retry_at}
        return self._outcome(claimed, **values)

    def release(self, claimed: Delivery, not_before: datetime) -> bool:
        """Gives a claim back without having tried, such as for a rate limit.

        Args:
            claimed: as `claim` gave it; its kind and payload may be others now, and are kept.
            not_before: when it is due again.
        """
        return self._outcome(
            claimed,
            kind=claimed.kind,
            payload=dict(claimed.payload),
            state=DeliveryState.PENDING,
            not_before=not_before,
            attempts=max(0, claimed.attempts - 1),
        )

    def join(self, claimed: Sequence[Delivery], message_id: str) -> list[Delivery]:
        """Puts claimed ones into one message, for every attempt to come; returns them with its id.

        Those whose claim had run out are not changed.
        """
        with self._db.write():
            for each in claimed:
                self._outcome(each, message_id=message_id)
        return [replace(each, message_id=message_id) for each in claimed]

    def withdraw(self, claimed: Delivery, why: str) -> bool:
        """Gives up a claimed one that is no longer wanted; False as for `sent`."""
        return self._outcome(claimed, state=DeliveryState.CANCELLED, last_error=why)

    def give_up(self, channel: str, why: str) -> int:
        """Makes everything that waits for a channel dead; returns how many there were."""
        return rows.change(
            self._db,
            deliveries,
            _C.channel == channel,
            _C.state.in_(_WAITING),
            state=DeliveryState.DEAD,
            last_error=why,
            permanent=True,
        )

    def take_back(self, delivery_id: str, why: str) -> bool:
        """Withdraws one that nobody has claimed; False when somebody has, or it is settled."""
        return rows.change_one(
            self._db,
            deliveries,
            _C.id == delivery_id,
            _C.state == DeliveryState.PENDING,
            state=DeliveryState.CANCELLED,
            last_error=why,
        )

    def requeue(self, delivery_id: str, at: datetime) -> bool:
        """Gives a dead delivery another chance, by itself; False when it is not dead."""
        return rows.change_one(
            self._db,
            deliveries,
            _C.id == delivery_id,
            _C.state == DeliveryState.DEAD,
            state=DeliveryState.PENDING,
            not_before=at,
            attempts=0,
            permanent=False,
            message_id=None,
        )

    def get(self, delivery_id: str) -> Delivery:
        """One delivery.

        Raises:
            RecordNotFound: there is none of that id.
        """
        return rows.get(self._db, deliveries, Delivery, delivery_id)

    def of_episode(self, episode_id: str) -> list[Delivery]:
        """All deliveries of an episode, oldest first."""
        query = sa.select(*_COLUMNS).where(_C.episode_id == episode_id)
        return rows.fetch(self._db, query.order_by(_C.created_at, _C.id), Delivery)

    def page(
        self,
        states: Sequence[DeliveryState] = (),
        *,
        limit: int = 50,
        after: str | None = None,
    ) -> Page[Delivery]:
        """Newest first. ``after`` is the ``next`` of the page before."""
        query = sa.select(*_COLUMNS)
        if states:
            query = query.where(_C.state.in_(states))
        return rows.newest_first(self._db, query, Delivery, (_C.created_at, _C.id), limit, after)

    def counts(self) -> dict[DeliveryState, int]:
        """How many are in each state; every state has an entry."""
        query = sa.select(_C.state, sa.func.count()).group_by(_C.state)
        with self._db.read() as connection:
            found = {state: int(count) for state, count in connection.execute(query)}
        return {state: found.get(state, 0) for state in DeliveryState}

    def sent_since(self, at: datetime, channel: str) -> list[Delivery]:
        """What a channel sent at or after ``at``, oldest first: what pacing looks at."""
        query = sa.select(*_COLUMNS).where(_C.sent_at >= at, _C.channel == channel)
        return rows.fetch(self._db, query.order_by(_C.sent_at, _C.id), Delivery)

    def waiting_channels(self) -> set[str]:
        """Names of the channels that have something to send, now or later."""
        query = sa.select(_C.channel).where(_C.state.in_(_WAITING)).distinct()
        with self._db.read() as connection:
            return set(connection.execute(query).scalars())

    def next_due(self, channel: str) -> datetime | None:
        """When the first pending delivery of a channel is due; None when nothing is pending."""
        query = sa.select(sa.func.min(_C.not_before)).where(
            _C.state == DeliveryState.PENDING, _C.channel == channel
        )
        with self._db.read() as connection:
            due: datetime | None = connection.execute(query).scalar_one()
        return due

    def _outcome(self, claimed: Delivery, **values: Any) -> bool:
        return rows.change_one(
            self._db,
            deliveries,
            _C.id == claimed.id,
            _C.state == DeliveryState.CLAIMED,
            _C.attempts == claimed.attempts,
            **values,
        )
