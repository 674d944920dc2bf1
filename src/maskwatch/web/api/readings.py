"""Readings per minute: how busy the cameras were, and how well they could tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from maskwatch.web.actions import readings
from maskwatch.web.api.access import Caller, Web
from maskwatch.web.api.problems import problems
from maskwatch.web.api.views.cameras import CameraName
from maskwatch.web.api.views.readings import CameraReadingsView, MinuteReadingsView

router = APIRouter(tags=["readings"], prefix="/readings")

Since = Annotated[AwareDatetime, Query(examples=["2026-03-01T08:00:00Z"])]
Until = Annotated[AwareDatetime, Query(examples=["2026-03-01T09:00:00Z"])]


@router.get("", responses=problems(422))
def by_camera(
    web: Web, principal: Caller, since: Since, until: Until
) -> Sequence[CameraReadingsView]:
    """How many readings of each camera had which state, also of cameras that are gone."""
    return CameraReadingsView.all(readings.by_camera(web, principal, since, until))


@router.get("/{camera}", responses=problems(422))
def by_minute(
    web: Web, principal: Caller, camera: CameraName, since: Since, until: Until
) -> Sequence[MinuteReadingsView]:
    """The same of one camera, minute by minute and zone by zone, of at most a day."""
    return MinuteReadingsView.all(readings.by_minute(web, principal, camera, since, until))
