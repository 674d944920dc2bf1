"""Acceptance walks, as the REST API takes them in and gives them out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from maskwatch.web.api.views.base import Body, PageView, View
from maskwatch.web.walks.recording import WalkState
from maskwatch.web.walks.report import WalkReport
from maskwatch.web.walks.values import Phase


class NewPart(Body):
    """A part of a walk that begins."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"phase": "bare"}]})

    phase: Phase


class NewMark(Body):
    """A mark on the floor that the person walking passes."""

    distance_m: Annotated[float, Field(gt=0, lt=1000, allow_inf_nan=False, examples=[3])]
    """From the camera, in metres."""


class RunningWalkView(View):
    """A walk that goes on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "walk": {
                        "camera": "door",
                        "walked_by": "anna",
                        "begun_at": "2026-03-01T08:30:00Z",
                        "parts": [
                            {
                                "phase": "bare",
                                "started_at": "2026-03-01T08:30:05Z",
                                "ended_at": None,
                                "marks_m": [5, 4],
                                "sightings": 31,
                            }
                        ],
                    },
                    "alarms": 1,
                }
            ]
        },
    )

    walk: WalkState
    alarms: int
    """Episodes since the part that goes on began; without a mask, those also that lasted then."""


class WalkView(View):
    """An acceptance walk."""

    id: str
    camera: str
    started_at: datetime
    ended_at: datetime
    walked_by: str
    report: WalkReport


class WalkPage(PageView[WalkView]):
    """Some walks, the newest first."""
