"""Recording an acceptance walk while it happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from maskwatch.runtime.live_hub import LiveView
from maskwatch.store.records import DeliveryState, EpisodeFilter
from maskwatch.web.actions.walk_report import Alarm, Leg, Mark, Phase, Sighting
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.security.scopes import Scope

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

    def finish(self, end: datetime, alarms: tuple[Alarm, ...]) -> Leg:
        """The part as it went."""
        return Leg(self.phase, self.start, end, tuple(self.marks), tuple(self.sightings), alarms)


def begin_walk(web: WebContext, principal: Principal, camera: str) -> None:
    """Notes that somebody walks, so that alarms of that time can be understood later."""
    principal.must_allow(Scope.CAMERAS_WRITE)
    web.store.audit.append(principal.actor, "camera.walk_begun", camera)


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


def _first_message(web: WebContext, episode_id: str) -> datetime | None:
    sent = [
        each.sent_at
        for each in web.store.deliveries.of_episode(episode_id)
        if each.state is DeliveryState.SENT and each.sent_at is not None
    ]
    return min(sent, default=None)
