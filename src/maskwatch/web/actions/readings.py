"""Readings per minute: how busy the cameras were, and how well they could tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from time import monotonic

from maskwatch.store.records import CameraReadings, MinuteReadings
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.refusals import WrongUse
from maskwatch.web.security.scopes import Scope

_LONGEST_BY_MINUTE = timedelta(days=1)
_HOUR = timedelta(hours=1)
_RENEWED_AFTER_S = 30.0
"""Readings are written by the minute: asking more often finds nothing new."""


def by_camera(
    web: WebContext, principal: Principal, since: datetime, until: datetime
) -> Sequence[CameraReadings]:
    """The sums of every camera, also of those that are gone.

    Minutes count that begin from ``since`` on and before ``until``, once they are over.
    """
    principal.must_allow(Scope.CAMERAS_READ)
    return web.store.readings.by_camera(since, until)


class LastHour:
    """The sums of every camera that saw anything in the last hour, for a page that stays open.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._known: Mapping[str, CameraReadings] | None = None
        self._renewed_s = 0.0

    def of(self, web: WebContext, principal: Principal) -> Mapping[str, CameraReadings] | None:
        """By the name of the camera; None where nothing is written down (statistics only)."""
        if web.privacy().statistics_only:
            self._known = None
        elif self._known is None or self._clock() - self._renewed_s >= _RENEWED_AFTER_S:
            self._renewed_s, now = self._clock(), web.now()
            found = by_camera(web, principal, now - _HOUR, now)
            self._known = {each.camera: each for each in found}
        return self._known


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
