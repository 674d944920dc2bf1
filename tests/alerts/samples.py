"""Alerts and episodes to test with."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import cv2
import numpy as np

from maskwatch.alerts.base import Alert
from maskwatch.alerts.compose import LinkMaker, Wording, compose
from maskwatch.store.ids import new_id
from maskwatch.store.records import Delivery, DeliveryKind, EpisodeRecord
from maskwatch.types import Fault, State

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=BERLIN)
WORDING = Wording(BERLIN, LinkMaker("https://m.example.org", b"k" * 32, timedelta(days=7)))


@cache
def jpeg() -> bytes:
    """A picture that is no photo: a grey ramp."""
    ramp = np.repeat(np.linspace(0, 255, 320, dtype=np.uint8)[None, :, None], 180, axis=0)
    done, data = cv2.imencode(".jpg", np.repeat(ramp, 3, axis=2))
    assert done
    return data.tobytes()


@cache
def large_jpeg() -> bytes:
    """As large as a photo of 1280x720: noise, because a ramp would shrink to nothing."""
    noise = np.random.default_rng(1).integers(0, 80, (720, 1280, 3), dtype=np.uint8)
    done, data = cv2.imencode(".jpg", noise, [cv2.IMWRITE_JPEG_QUALITY, 80])
    assert done
    assert len(data) > 200_000
    return data.tobytes()


def episode(
    camera: str = "Door 1",
    state: State = State.INCORRECT,
    fault: Fault | None = Fault.NOSE_OUT,
    track: int = 1,
    started_at: datetime = NOON,
) -> EpisodeRecord:
    return EpisodeRecord(new_id(), camera, None, track, state, fault, 12.4, started_at)


def delivery(
    about: EpisodeRecord | None,
    kind: DeliveryKind = DeliveryKind.VIOLATION,
    recipient: str | None = None,
    **payload: str,
) -> Delivery:
    return Delivery(
        id=new_id(),
        episode_id=None if about is None else about.id,
        kind=kind,
        channel="channel",
        recipient=recipient,
        camera=None if about is None else about.camera,
        payload=payload,
        created_at=NOON,
    )


def alert(*about: EpisodeRecord, recipient: str | None = None, photo: bytes | None = None) -> Alert:
    """A violation, or with several episodes a digest."""
    about = about or (episode(),)
    rows = [delivery(each, recipient=recipient) for each in about]
    return compose(rows, about, photo, WORDING, NOON)


def message_to_try(recipient: str | None = None) -> Alert:
    return compose([delivery(None, DeliveryKind.TEST, recipient)], [], None, WORDING, NOON)


def in_zone(about: EpisodeRecord, zone: str) -> EpisodeRecord:
    return replace(about, zone=zone)
