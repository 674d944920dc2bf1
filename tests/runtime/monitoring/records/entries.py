"""What cameras tell, made up, and what is to be told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from maskwatch.outputs.jpeg import encode_jpeg
from maskwatch.runtime.monitoring.finish import FinishedPhoto
from maskwatch.runtime.monitoring.records.chronicle import EpisodeOpened
from maskwatch.store.ids import new_id
from maskwatch.store.records import (
    Delivery,
    DeliveryKind,
    EpisodeRecord,
    HealthRecord,
    PersonRecord,
    SnapshotFace,
    TimelinePoint,
)
from maskwatch.types import Box, Fault, State
from tests.runtime.simulated import EPOCH

CONFIRMED = EPOCH + timedelta(seconds=1)


class OneMessage:
    """A planner of one message for each episode and each change."""

    def plan(self, episode: EpisodeRecord, confirmed_at: datetime) -> Sequence[Delivery]:
        row = Delivery(episode.id[::-1], episode.id, DeliveryKind.VIOLATION, "mail")
        return [replace(row, created_at=confirmed_at)]

    def plan_health(self, change: HealthRecord) -> Sequence[Delivery]:
        row = Delivery(change.id[::-1], None, DeliveryKind.CAMERA_HEALTH, "mail")
        return [replace(row, camera=change.camera)]


def photo(*, blurred: bool = False) -> FinishedPhoto:
    jpeg = encode_jpeg(np.zeros((60, 80, 3), np.uint8), 80)
    face = SnapshotFace(Box(1, 2, 30, 40), State.NO_MASK, None, 3.0, True, blurred)
    return FinishedPhoto(jpeg, 80, 60, EPOCH, (face,))


def opened(with_photo: bool = True) -> EpisodeOpened:
    record = EpisodeRecord(new_id(), "door", None, 1, State.NO_MASK, None, 3.0, EPOCH)
    points = (TimelinePoint(EPOCH, State.NO_MASK, None, 3.0, 0.9),)
    return EpisodeOpened(record, CONFIRMED, photo() if with_photo else None, points)


def person(state: State, fault: Fault | None = None, zone: str | None = None) -> PersonRecord:
    return PersonRecord(new_id(), "door", zone, 1, state, fault, EPOCH, EPOCH)
