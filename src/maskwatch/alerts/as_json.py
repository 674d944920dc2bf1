"""An alert as JSON: what webhooks, MQTT and local commands receive."""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any

from maskwatch.alerts.base import Alert, EpisodeFacts

VERSION = 1
"""Rises when a key changes its meaning or goes; new keys may come without it."""


def alert_as_json(alert: Alert, *, with_photo: bool) -> dict[str, Any]:
    """An alert as values that JSON knows.

    Args:
        alert: any kind.
        with_photo: whether to include the photo, if there is one, in base64.
    """
    values: dict[str, Any] = {
        "version": VERSION,
        "id": alert.id,
        "event_type": alert.kind.value,
        "created_at": alert.created_at.isoformat(timespec="milliseconds"),
        "stage": alert.stage,
        "title": alert.title,
        "text": alert.text,
        "site": alert.site,
        "camera": alert.camera,
        "episodes": [_episode(each) for each in alert.episodes],
        "omitted": alert.omitted,
        "notes": list(alert.notes),
    }
    if with_photo and alert.photo is not None:
        values["photo_jpeg_base64"] = base64.b64encode(alert.photo).decode()
    return values


def _episode(facts: EpisodeFacts) -> dict[str, Any]:
    return {
        "id": facts.id,
        "camera": facts.camera,
        "zone": facts.zone,
        "state": facts.state.value,
        "fault": None if facts.fault is None else facts.fault.value,
        "what": facts.what,
        "advice": facts.advice,
        "coverage": None if facts.coverage is None else round(facts.coverage, 1),
        "started_at": facts.started_at.isoformat(timespec="milliseconds"),
        "ended_at": facts.ended_at and facts.ended_at.isoformat(timespec="milliseconds"),
        "links": None if facts.links is None else asdict(facts.links),
    }
