"""Cameras, as the REST API takes them in and gives them out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field

from maskwatch.config import cameras
from maskwatch.runtime.monitoring.control import CameraPhase
from maskwatch.web.api.views.base import Body, Text, View


def _can_be_written(value: dict[str, Any]) -> dict[str, Any]:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("must not contain half a character (a lone surrogate)") from None
    return value


Settings = Annotated[dict[str, Any], AfterValidator(_can_be_written)]
"""Of a camera: they are checked as a whole, but for what could never be given out again."""
CameraName = Annotated[cameras.CameraName, Field(examples=["door"])]


class CameraView(View):
    """How one camera is doing."""

    camera: str
    address: str
    """Any password masked."""
    phase: CameraPhase
    since: datetime
    reason: str
    attempt: int
    width: int
    height: int
    fps: float
    offered_fps: float
    frames: int
    dropped: int
    damaged: float = 0.0
    """Share of the pictures of the last minute that were left out as damaged, in [0, 1]."""
    latency_s: float | None
    last_frame_at: datetime | None
    people: int
    required: bool
    from_dashboard: bool
    enabled: bool
    """False when its settings switch it off, so that it cannot be started by hand."""


class CameraDetailView(View):
    """A camera and its settings."""

    status: CameraView
    settings: Mapping[str, Any]
    """As in the configuration file's section `cameras`, any password masked. They can be changed
    here where `status.from_dashboard` is true."""
    changed_at: datetime | None
    """When they were saved in the dashboard; null for those of the file."""


class NewCamera(Body):
    """A camera to add."""

    name: CameraName
    settings: Settings
    """The same keys as in the configuration file."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "door", "settings": {"url": "rtsp://192.168.20.5/stream1"}}]
        },
    )


class CameraSettings(Body):
    """All settings of a camera."""

    settings: Settings
    changed_at: AwareDatetime | None = None
    """As it was read with the settings that these were made from; left out, these replace any."""


class CameraAddress(Body):
    """Where a camera might be."""

    url: Annotated[Text, Field(max_length=2000, examples=["rtsp://192.168.20.5/stream1"])]


class PictureSize(View):
    """A picture of a camera that must not be shown."""

    width: int
    """In pixels."""
    height: int
