"""What to do with messages whose time has come: drop, hold back, put together, send, try again.

Pacing holds a message back when its time has come, not when it is planned: only then is it known
whether somebody was told meanwhile, and whether the step of the ladder is still wanted. A message
that is held back becomes part of a digest.

Pure functions; `dispatch` does what they say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from itertools import groupby

from maskwatch.alerts.hours import next_digest, quiet_until
from maskwatch.alerts.roll_call import Trouble
from maskwatch.config.alerts import ChannelConfig, OnlyWhile, Pacing, RateLimit, Retry
from maskwatch.delays import CLOCK_STEP, growing_delay_s, spread
from maskwatch.store.records import Delivery, DeliveryKind, EpisodeRecord

_SPREAD = 0.25


@dataclass(frozen=True, slots=True)
class Known:
    """How what a row is about stands now."""

    episode: EpisodeRecord | None = None
    """The row's; None when it has none or was deleted."""
    is_present: bool = False
    """Whether its camera has answered, and was neither removed nor switched off since."""
    trouble: Trouble | None = None
    """The last one of the kind that the row is about; None when there was none, or it is about
    none."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What to do next about the messages of one reader."""

    rows: tuple[Delivery, ...]
    """To be sent as one message; empty when there is to be a wait."""
    wait_until: datetime | None = None
    """When the rate limit has room again; None unless it has none."""


def why_unwanted(
    row: Delivery, known: Known, channel: ChannelConfig, statistics_only: bool, now: datetime
) -> str | None:
    """Why a row that is due is not to be sent any more; None when it is.

    Args:
        row: of any kind.
        known: of the row.
        channel: the row's.
        statistics_only: whether nothing is told of episodes.
        now: aware.
    """
    if row.recipient not in channel.recipients:
        return "no longer a recipient of this channel"
    if statistics_only and row.episode_id is not None:
        return "in statistics-only mode nobody is told of an episode"
    if row.kind is DeliveryKind.CAMERA_HEALTH:  # never too old: it is true while the trouble lasts
        return _why_over(row, known, now)
    old = _why_too_old(row, channel.stale_after_s, now)
    if old is not None or row.episode_id is None:
        return old
    return "the episode was deleted" if known.episode is None else why_settled(row, known.episode)


def _why_over(row: Delivery, known: Known, now: datetime) -> str | None:
    if not known.is_present:  # what is still down is told anew
        return "the camera was removed or switched off, or the service was started anew"
    if known.trouble is None or known.trouble.since != row.created_at:
        return "the camera recovered, or the service was started anew"
    return "the camera recovered" if known.trouble.is_over(now) else None


def decided_at(known: Known) -> datetime | None:
    """When it shows whether the trouble that a row is about is over; None if it shows now.

    A camera that is back may be gone again in a moment.
    """
    return None if known.trouble is None else known.trouble.over_at()


def _why_too_old(row: Delivery, stale_after_s: float | None, now: datetime) -> str | None:
    # What is meant to come late, by its step or in a digest, is not old when its time has come.
    age = now - (row.created_at or now) - timedelta(seconds=row.payload.get("after_s", 0))
    if stale_after_s is None or age <= timedelta(seconds=stale_after_s):
        return None
    return f"{age.total_seconds():.0f} s old; the channel wants none after {stale_after_s:g} s"


def why_settled(row: Delivery, episode: EpisodeRecord) -> str | None:
    """Why the step of the ladder that a row belongs to is not needed any more; None when it is."""
    only_while = OnlyWhile(row.payload.get("only_while", OnlyWhile.ALWAYS))
    if only_while is OnlyWhile.ALWAYS:
        return None
    # A row of a digest was still wanted when its own time had come; that it is late is our doing.
    must_last = only_while is OnlyWhile.ONGOING and row.kind is not DeliveryKind.DIGEST
    reasons = {
        "acknowledged": episode.acknowledged_by is not None,
        "called wrong": episode.corrected_state is not None,
        "the violation is over": must_last and episode.ended_at is not None,
    }
    return next((why for why, holds in reasons.items() if holds), None)


def hold_until(
    row: Delivery, pacing: Pacing, sent: Iterable[Delivery], now: datetime, zone: tzinfo
) -> datetime | None:
    """When the digest comes that a row which is due must wait for; None when it may go out.

    Args:
        row: of any kind; only violations are held back, and none twice.
        pacing: of the channel.
        sent: by the channel, at least what was within the cooldowns (`look_back`).
        now: aware.
        zone: the configured time zone.
    """
    if row.kind is not DeliveryKind.VIOLATION or row.message_id is not None:
        return None
    quiet_end = quiet_until(pacing.quiet_hours, now, zone)
    if quiet_end is not None:
        return quiet_end
    if pacing.digest_only or any(_cools_down(each, row, pacing, now) for each in sent):
        return no_sooner_than(row, next_digest(pacing, now, zone), pacing, zone)
    return None


def no_sooner_than(row: Delivery, at: datetime, pacing: Pacing, zone: tzinfo) -> datetime:
    """When a row that has to wait until ``at`` may go out: violations, not in quiet hours."""
    if row.kind not in (DeliveryKind.VIOLATION, DeliveryKind.DIGEST):
        return at
    return quiet_until(pacing.quiet_hours, at, zone) or at


def held(row: Delivery, until: datetime) -> Delivery:
    """A row that has to wait: one of a violation becomes part of the digest that comes then."""
    after_s = (until - (row.created_at or until)).total_seconds()
    return replace(
        row,
        kind=DeliveryKind.DIGEST if row.kind is DeliveryKind.VIOLATION else row.kind,
        payload={**row.payload, "after_s": after_s},
    )


def look_back(pacing: Pacing) -> timedelta:
    """How far back pacing looks at what was sent."""
    window_s = 0.0 if pacing.rate_limit is None else pacing.rate_limit.per_s
    return timedelta(seconds=max(window_s, pacing.cooldown_camera_s, pacing.cooldown_person_s))


def _cools_down(sent: Delivery, row: Delivery, pacing: Pacing, now: datetime) -> bool:
    """Whether a message that went out by itself is so recent that another has to wait."""
    if sent.kind is not DeliveryKind.VIOLATION or sent.sent_at is None:
        return False
    if (sent.recipient, sent.stage, sent.camera) != (row.recipient, row.stage, row.camera):
        return False
    cooldown_s = pacing.cooldown_camera_s
    if sent.payload.get("track") == row.payload.get("track"):
        cooldown_s = max(cooldown_s, pacing.cooldown_person_s)
    return _is_within(sent.sent_at, cooldown_s, now)


def _is_within(at: datetime, span_s: float, now: datetime) -> bool:
    """Whether something happened so recently; what a clock noted that was ahead did not."""
    return -CLOCK_STEP <= now - at < timedelta(seconds=span_s)


def next_batch(
    due: Sequence[Delivery], limit: RateLimit | None, sent: Iterable[datetime], now: datetime
) -> Batch:
    """The next message to one reader.

    Each row is a message of its own, and all that belong to a digest are one together. What was
    put into one message before, and did not get out, stays one. When that would be more than the
    rate limit has room for, everything that is due becomes one message.

    Args:
        due: at least one row, oldest first, all of the same channel and recipient.
        limit: None for no limit.
        sent: when messages were sent to this reader, at least those within the limit's window.
        now: aware.
    """
    test = next((row for row in due if row.kind is DeliveryKind.TEST), None)
    if test is not None:
        return Batch((test,))
    messages = _messages(due)
    if limit is not None:
        within = sorted(at for at in set(sent) if _is_within(at, limit.per_s, now))
        room = limit.messages - len(within)
        if room <= 0:
            free_at = within[-limit.messages] + timedelta(seconds=limit.per_s)
            return Batch((), wait_until=free_at)
        if len(messages) > room:
            return Batch(tuple(due))
    return Batch(messages[0])


def _messages(due: Sequence[Delivery]) -> list[tuple[Delivery, ...]]:
    """The rows of each message: those that were tried before come first, the digest last."""
    tried = sorted((row for row in due if row.message_id), key=_message_of)
    new = [row for row in due if row.message_id is None]
    digest = tuple(row for row in new if row.kind is DeliveryKind.DIGEST)
    return [
        *(tuple(rows) for _, rows in groupby(tried, key=_message_of)),
        *((row,) for row in new if row.kind is not DeliveryKind.DIGEST),
        *([digest] if digest else []),
    ]


def _message_of(row: Delivery) -> str:
    return row.message_id or row.id


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
