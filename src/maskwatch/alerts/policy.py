"""Who gets what, and when: pure functions over values.

An episode becomes rows, one per step, channel and recipient, all at once: an alert is decided and
written down in one go, and nothing needs to be awake later to remember it. A row that pacing holds
back is a row of a digest instead, due when the next digest is. What becomes of rows that are due
is decided in `due`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from maskwatch.alerts.hours import next_digest, quiet_until
from maskwatch.config.alerts import AlertsConfig, Pacing, Step
from maskwatch.errors import UsageError
from maskwatch.store.ids import new_id
from maskwatch.store.records import (
    Delivery,
    DeliveryKind,
    DeliveryState,
    EpisodeRecord,
    HealthRecord,
)


class Reader(NamedTuple):
    """Who gets a message: a channel, and one of its recipients where it has some."""

    channel: str
    recipient: str | None


@dataclass(frozen=True, slots=True)
class Occasion:
    """A new episode, and what is known at that moment."""

    episode: EpisodeRecord
    at: datetime
    """When the violation was confirmed; aware."""
    recent: Sequence[Delivery]
    """Deliveries about the same camera, at least those created within the longest cooldown."""
    zone: tzinfo
    """The configured time zone."""


def plan_episode(config: AlertsConfig, occasion: Occasion) -> list[Delivery]:
    """The deliveries of a new episode.

    The ids follow from the episode, so that planning it twice yields the same ids.
    """
    return [
        _row(config, occasion, stage, step, reader)
        for stage, step in enumerate(config.steps)
        for reader in _readers(config, step.channels)
    ]


def longest_cooldown(config: AlertsConfig) -> timedelta:
    """How far back ``recent`` must reach for `plan_episode`."""
    pacings = filter(None, map(config.pacing_of, config.channels))
    spans = [span for each in pacings for span in (each.cooldown_camera_s, each.cooldown_person_s)]
    return timedelta(seconds=max(spans, default=0))


def plan_camera_trouble(config: AlertsConfig, change: HealthRecord) -> list[Delivery]:
    """The deliveries that say that a camera is in trouble, if the trouble lasts.

    Planning the same change twice yields the same ids.
    """
    after_s = config.camera_trouble.after_s
    payload = {"kind": change.kind, "state": change.state, "reason": change.reason}
    return [
        Delivery(
            id=_row_id(change.id, 0, reader),
            episode_id=None,
            kind=DeliveryKind.CAMERA_HEALTH,
            channel=reader.channel,
            recipient=reader.recipient,
            camera=change.camera,
            payload={**payload, "after_s": after_s},
            created_at=change.at,
            not_before=change.at + timedelta(seconds=after_s),
        )
        for reader in _readers(config, config.camera_trouble.channels)
    ]


def plan_test(config: AlertsConfig, channel: str, now: datetime) -> list[Delivery]:
    """A test message to everybody whom a channel reaches.

    Raises:
        UsageError: there is no channel of that name.
    """
    if channel not in config.channels:
        known = ", ".join(config.channels) or "none"
        raise UsageError(f"there is no channel {channel!r}; there are: {known}")
    return [
        Delivery(
            id=new_id(),
            episode_id=None,
            kind=DeliveryKind.TEST,
            channel=reader.channel,
            recipient=reader.recipient,
            created_at=now,
            not_before=now,
        )
        for reader in _readers(config, [channel])
    ]


def _readers(config: AlertsConfig, channels: Iterable[str]) -> Iterator[Reader]:
    for channel in dict.fromkeys(channels):
        for recipient in config.channels[channel].recipients:
            yield Reader(channel, recipient)


def _row(
    config: AlertsConfig, occasion: Occasion, stage: int, step: Step, reader: Reader
) -> Delivery:
    episode = occasion.episode
    due = occasion.at + timedelta(seconds=step.after_s)
    held_until = None
    pacing = config.pacing_of(reader.channel)
    if pacing is not None:
        cooling = any(_cools_down(row, occasion, pacing, stage, reader) for row in occasion.recent)
        held_until = _held_until(pacing, cooling, due, occasion.zone)
    return Delivery(
        id=_row_id(episode.id, stage, reader),
        episode_id=episode.id,
        kind=DeliveryKind.VIOLATION if held_until is None else DeliveryKind.DIGEST,
        channel=reader.channel,
        recipient=reader.recipient,
        stage=stage,
        camera=episode.camera,
        payload={
            "track": episode.track,
            "only_while": step.only_while.value,
            "after_s": step.after_s,
        },
        created_at=occasion.at,
        not_before=held_until or due,
    )


def _row_id(key: str, stage: int, reader: Reader) -> str:
    """32 hexadecimal digits that sort by time where the key does (see ``store.ids``)."""
    text = "\0".join([key, str(stage), reader.channel, reader.recipient or ""])
    return key[:12] + hashlib.sha256(text.encode()).hexdigest()[:20]


def _held_until(pacing: Pacing, cooling: bool, due: datetime, zone: tzinfo) -> datetime | None:
    """When the digest comes that the message must wait for; None when it goes out by itself."""
    quiet_end = quiet_until(pacing.quiet_hours, due, zone)
    if quiet_end is not None:
        return quiet_end
    if pacing.digest_only or cooling:
        digest = next_digest(pacing, due, zone)
        return quiet_until(pacing.quiet_hours, digest, zone) or digest
    return None


def _cools_down(
    row: Delivery, occasion: Occasion, pacing: Pacing, stage: int, reader: Reader
) -> bool:
    """Whether a message that went out before is so recent that another has to wait."""
    episode = occasion.episode
    if row.kind is not DeliveryKind.VIOLATION or row.state is DeliveryState.CANCELLED:
        return False
    if (row.channel, row.recipient, row.stage) != (*reader, stage):
        return False
    if row.episode_id == episode.id or row.camera != episode.camera or row.created_at is None:
        return False
    cooldown = pacing.cooldown_camera_s
    if row.payload.get("track") == episode.track:
        cooldown = max(cooldown, pacing.cooldown_person_s)
    return occasion.at - row.created_at < timedelta(seconds=cooldown)
