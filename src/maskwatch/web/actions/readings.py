"""Readings per minute: how busy the cameras were, and how well they could tell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from maskwatch.store.records import CameraReadings, MinuteReadings
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.refusals import WrongUse
from maskwatch.web.security.scopes import Scope

_LONGEST_BY_MINUTE = timedelta(days=1)
_HOUR = timedelta(hours=1)


def by_camera(
    web: WebContext, principal: Principal, since: datetime, until: datetime
) -> Sequence[CameraReadings]:
    """The sums of every camera, also of those that are gone.

    Minutes count that begin from ``since`` on and before ``until``, once they are over.
    """
    principal.must_allow(Scope.CAMERAS_READ)
    return web.store.readings.by_camera(since, until)


def of_last_hour(web: WebContext, principal: Principal) -> dict[str, CameraReadings]:
    """The sums of every camera that saw anything in the last hour, by its name."""
    now = web.now()
    return {each.camera: each for each in by_camera(web, principal, now - _HOUR, now)}


def by_minute(
    web: WebContext, principal: Principal, camera: str, since: datetime, until: datetime
) -> Sequence[MinuteReadings]:
    """Those of one camera, minute by minute and zone by zone.

    Raises:
        UsageError: the period is longer than a day.
    """
    principal.must_allow(Scope.CAMERAS_READ)
    if until - since > _LONGEST_BY_MINUTE:
        raise WrongUse("refused.readings_period")
    return web.store.readings.between(since, until, camera)
