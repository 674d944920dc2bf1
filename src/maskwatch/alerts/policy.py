"""Who is told what, step by step: pure functions over values.

An episode becomes rows, one per step, channel and recipient, all at once: an alert is decided and
written down in one go, and nothing needs to be awake later to remember it. What becomes of rows
that are due is decided in `due`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from maskwatch.config.alerts import AlertsConfig, Step
from maskwatch.errors import UsageError
from maskwatch.store.ids import new_id
from maskwatch.store.records import Delivery, DeliveryKind, EpisodeRecord, HealthRecord


class Reader(NamedTuple):
    """Who gets a message: a channel, and one of its recipients where it has some."""

    channel: str
    recipient: str | None


def plan_episode(
    config: AlertsConfig, episode: EpisodeRecord, at: datetime, secret: bytes
) -> list[Delivery]:
    """The deliveries of a new episode.

    The ids follow from the episode, so that planning it twice yields the same ids.

    Args:
        config: the section.
        episode: as it begins.
        at: when the violation was confirmed; aware.
        secret: from which the ids follow, too. Without it whoever may see an id, and not whom the
            message goes to, could try addresses until one fits.
    """
    return [
        _row(episode, at, stage, step, reader, secret)
        for stage, step in enumerate(config.steps)
        for reader in _readers(config, step.channels)
    ]


def plan_camera_trouble(
    config: AlertsConfig, change: HealthRecord, secret: bytes
) -> list[Delivery]:
    """The deliveries that say that a camera is in trouble, if the trouble lasts.

    Planning the same change twice yields the same ids, as of `plan_episode`.
    """
    after_s = config.camera_trouble.after_s
    payload = {"kind": change.kind, "state": change.state, "reason": change.reason}
    return [
        Delivery(
            id=_row_id(change.id, 0, reader, secret),
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
    episode: EpisodeRecord, at: datetime, stage: int, step: Step, reader: Reader, secret: bytes
) -> Delivery:
    return Delivery(
        id=_row_id(episode.id, stage, reader, secret),
        episode_id=episode.id,
        kind=DeliveryKind.VIOLATION,
        channel=reader.channel,
        recipient=reader.recipient,
        stage=stage,
        camera=episode.camera,
        payload={
            "track": episode.track,
            "only_while": step.only_while.value,
            "after_s": step.after_s,
        },
        created_at=at,
        not_before=at + timedelta(seconds=step.after_s),
    )


def _row_id(key: str, stage: int, reader: Reader, secret: bytes) -> str:
    """32 hexadecimal digits that sort by time where the key does (see ``store.ids``)."""
    text = "\0".join([key, str(stage), reader.channel, reader.recipient or ""])
    return key[:12] + hmac.digest(secret, text.encode(), hashlib.sha256).hex()[:20]
