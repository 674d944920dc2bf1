"""Acceptance walks: recording one while it happens, keeping its report, finding it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta

from maskwatch.errors import UsageError
from maskwatch.runtime.live_hub import LiveView
from maskwatch.store.ids import new_id
from maskwatch.store.records import AuditEntry, DeliveryState, EpisodeFilter, Page, WalkRecord
from maskwatch.web.actions.walk_report import Alarm, Leg, Mark, Phase, Sighting, walk_report
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.security.scopes import Scope

ALARM_GRACE = timedelta(seconds=5)
"""An alarm so long after the end of a part still belongs to it, unless the next one has begun."""
_MOST_ALARMS = 200


@dataclass
class LegRecorder:
    """One part of the walk that goes on."""

    phase: Phase
    start: datetime
    marks: list[Mark] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    _sequence: int = 0

    def see(self, view: LiveView | None) -> None:
        """Takes in what the camera sees; the same view twice counts once."""
        if view is None or view.sequence == self._sequence or view.at < self.start:
            return
        self._sequence = view.sequence
        self.sightings += [
            Sighting(view.at, each.track, each.state, each.face_px) for each in view.people
        ]

    def pass_mark(self, distance_m: float, at: datetime) -> None:
        """The person passes a mark."""
        self.marks.append(Mark(at, distance_m))

    def finish(self, end: datetime) -> Leg:
        """The part as it went, without its alarms."""
        return Leg(self.phase, self.start, end, tuple(self.marks), tuple(self.sightings))


def begin_walk(web: WebContext, principal: Principal, camera: str) -> AuditEntry:
    """Notes that somebody walks, so that alarms of that time can be understood later."""
    principal.must_allow(Scope.CAMERAS_WRITE)
    return web.store.audit.append(principal.actor, "camera.walk_begun", camera)


def alarms_since(
    web: WebContext, principal: Principal, camera: str, since: datetime, until: datetime
) -> tuple[Alarm, ...]:
    """The episodes of a camera that opened in a part of the walk, and when people heard."""
    principal.must_allow(Scope.CAMERAS_WRITE)
    wanted = EpisodeFilter(cameras=(camera,), since=since, until=until)
    page = web.store.episodes.page(wanted, limit=_MOST_ALARMS)
    return tuple(
        Alarm(each.started_at, each.id, _first_message(web, each.id)) for each in page.items
    )


def finish_walk(
    web: WebContext, principal: Principal, camera: str, legs: Sequence[Leg]
) -> WalkRecord:
    """Looks up what alarms each part led to by now, and keeps the report.

    Raises:
        UsageError: there is no part.
    """
    principal.must_allow(Scope.CAMERAS_WRITE)
    if not legs:
        raise UsageError("a walk has at least one part")
    ends = [*(leg.start for leg in legs[1:]), None]
    whole = [
        replace(leg, alarms=_alarms_of(web, principal, camera, leg, following))
        for leg, following in zip(legs, ends, strict=True)
    ]
    walk = WalkRecord(
        id=new_id(),
        camera=camera,
        started_at=legs[0].start,
        ended_at=legs[-1].end,
        walked_by=principal.actor,
        report=asdict(walk_report(whole)),
    )
    with web.store.transaction():
        web.store.walks.add(walk)
        web.store.audit.append(principal.actor, "camera.walk_finished", camera, {"walk": walk.id})
    return walk


def _alarms_of(
    web: WebContext, principal: Principal, camera: str, leg: Leg, following: datetime | None
) -> tuple[Alarm, ...]:
    until = leg.end + ALARM_GRACE
    if following is not None:
        until = min(until, following)
    return alarms_since(web, principal, camera, leg.start, until)


def list_walks(
    web: WebContext,
    principal: Principal,
    camera: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[WalkRecord]:
    """Walks that were finished, the newest first."""
    principal.must_allow(Scope.CAMERAS_READ)
    return web.store.walks.page(camera, limit=limit, after=after)


def see_walk(web: WebContext, principal: Principal, walk_id: str) -> WalkRecord:
    """One walk.

    Raises:
        RecordNotFound: there is none of that id.
    """
    principal.must_allow(Scope.CAMERAS_READ)
    return web.store.walks.get(walk_id)


def delete_walk(web: WebContext, principal: Principal, walk_id: str) -> None:
    """Forgets a walk, such as one that was only a try.

    Raises:
        RecordNotFound: there is none of that id.
    """
    principal.must_allow(Scope.CAMERAS_WRITE)
    walk = web.store.walks.get(walk_id)
    with web.store.transaction():
        if web.store.walks.delete(walk_id):
            web.store.audit.append(principal.actor, "camera.walk_deleted", walk.camera)


def _first_message(web: WebContext, episode_id: str) -> datetime | None:
    sent = [
        each.sent_at
        for each in web.store.deliveries.of_episode(episode_id)
        if each.state is DeliveryState.SENT and each.sent_at is not None
    ]
    return min(sent, default=None)
