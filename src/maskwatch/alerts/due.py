"""What to do with messages whose time has come: drop, put together, send, try again.

Pure functions; `dispatch` does what they say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from maskwatch.config.alerts import OnlyWhile, RateLimit, Retry
from maskwatch.delays import growing_delay_s, spread
from maskwatch.store.records import Delivery, DeliveryKind, EpisodeRecord

_SPREAD = 0.25


@dataclass(frozen=True, slots=True)
class Batch:
    """What to do next about the messages of one reader."""

    rows: tuple[Delivery, ...]
    """To be sent as one message; empty when there is to be a wait."""
    wait_until: datetime | None = None
    """When the rate limit has room again; None unless it has none."""


def why_unwanted(
    row: Delivery, episode: EpisodeRecord | None, stale_after_s: float | None, now: datetime
) -> str | None:
    """Why a row that is due is not to be sent any more; None when it is.

    Args:
        row: of any kind.
        episode: the row's, as it is now; None when it has none or was deleted.
        stale_after_s: of the channel.
        now: aware.
    """
    if row.kind is DeliveryKind.CAMERA_HEALTH:
        return None  # whether the trouble lasts is looked up whenever its turn comes
    # A step of the ladder that is meant to come late is not old when its time has come.
    age = now - (row.created_at or now) - timedelta(seconds=row.payload.get("after_s", 0))
    if stale_after_s is not None and age > timedelta(seconds=stale_after_s):
        return f"{age.total_seconds():.0f} s old; the channel wants none after {stale_after_s:g} s"
    if row.episode_id is None:
        return None
    if episode is None:
        return "the episode was deleted"
    only_while = OnlyWhile(row.payload.get("only_while", OnlyWhile.ALWAYS))
    if only_while is OnlyWhile.ALWAYS:
        return None
    if episode.acknowledged_by is not None:
        return "acknowledged"
    if episode.corrected_state is not None:
        return "called wrong"
    if only_while is OnlyWhile.ONGOING and episode.ended_at is not None:
        return "the violation is over"
    return None


def next_batch(
    due: Sequence[Delivery], limit: RateLimit | None, sent: Iterable[datetime], now: datetime
) -> Batch:
    """The next message to one reader.

    Each row is a message of its own, and all that belong to a digest are one together. When that
    would be more than the rate limit has room for, everything that is due becomes one message.

    Args:
        due: at least one row, oldest first, all of the same channel and recipient.
        limit: None for no limit.
        sent: when messages were sent to this reader, at least those within the limit's window.
        now: aware.
    """
    test = next((row for row in due if row.kind is DeliveryKind.TEST), None)
    if test is not None:
        return Batch((test,))
    digest = tuple(row for row in due if row.kind is DeliveryKind.DIGEST)
    single = [row for row in due if row.kind is not DeliveryKind.DIGEST]
    if limit is not None:
        window = timedelta(seconds=limit.per_s)
        within = sorted(at for at in set(sent) if now - at < window)
        room = limit.messages - len(within)
        if room <= 0:
            return Batch((), wait_until=within[-limit.messages] + window)
        if len(single) + bool(digest) > room:
            return Batch(tuple(due))
    return Batch((single[0],) if single else digest)


def retry_delay_s(retry: Retry, attempts: int, chance: float) -> float | None:
    """Seconds until the next attempt; None when it is time to give up.

    Args:
        retry: the section.
        attempts: made so far, at least 1.
        chance: in [0, 1], spreads the attempts over a quarter to either side.
    """
    delays = [growing_delay_s(retry, attempt) for attempt in range(1, attempts + 1)]
    if sum(delays[:-1]) >= retry.give_up_after_s:
        return None
    return spread(delays[-1], _SPREAD, chance)
