"""Acceptance walks: walking, keeping the report, finding it again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from maskwatch.errors import RecordNotFound
from maskwatch.runtime.monitoring.control import CameraPhase
from maskwatch.store.ids import made_at, new_id
from maskwatch.store.records import (
    DeliveryState,
    EpisodeFilter,
    EpisodeRecord,
    Page,
    WalkRecord,
)
from maskwatch.web.actions.cameras import see_camera
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.refusals import NotAllowed, WrongUse
from maskwatch.web.security.scopes import Scope
from maskwatch.web.walks.recording import WalkState
from maskwatch.web.walks.report import walk_report
from maskwatch.web.walks.values import Alarm, Part, Phase

ALARM_GRACE = timedelta(seconds=5)
"""An alarm so long after the end of a part still belongs to it, unless the next one has begun."""
_LONGEST_OPEN = timedelta(minutes=10)
"""Whoever has had an episode for longer when a part begins is not the one who walks."""
_MOST_ALARMS = 200


@dataclass(frozen=True, slots=True)
class RunningWalk:
    """A walk that goes on, and what it has led to."""

    walk: WalkState
    alarms: int
    """Episodes since the part that goes on began; without a mask, those also that lasted then."""


def begin_walk(web: WebContext, principal: Principal, camera: str) -> WalkState:
    """Begins a walk, and notes it, so that alarms of that time can be understood later.

    One's own walk that still goes on there is broken off.

    Raises:
        AccessDenied: in statistics-only mode.
        RecordNotFound: there is no camera of that name.
        RecordExists: somebody else walks there.
        UsageError: the camera is not watching, or no mask is required there now.
    """
    principal.must_allow(Scope.CAMERAS_WRITE)
    see_camera(web, principal, camera)
    _must_have_episodes(web)
    _must_be_on_duty(web, camera)
    web.walking.begin(camera, principal.actor, web.now())
    web.store.audit.append(principal.actor, "camera.walk_begun", camera)
    return web.walking.state(camera)


def start_part(web: WebContext, principal: Principal, camera: str, phase: Phase) -> WalkState:
    """Starts a part of the walk; the one that goes on is ended.

    Raises:
        RecordNotFound: nobody walks there.
        UsageError: the walk has too many parts, the camera is not watching, or no mask is required
            there now.
    """
    principal.must_allow(Scope.CAMERAS_WRITE)
    web.walking.state(camera)
    _must_be_on_duty(web, camera)
    web.walking.start_part(camera, phase, web.hub, web.now())
    return web.walking.state(camera)


def pass_mark(web: WebContext, principal: Principal, camera: str, distance_m: float) -> WalkState:
    """The person walking passes a mark on the floor.

    Raises:
        RecordNotFound: nobody walks there.
        UsageError: no part goes on, or it has too many marks.
    """
    principal.must_allow(Scope.CAMERAS_WRITE)
    web.walking.pass_mark(camera, distance_m, web.now())
    return web.walking.state(camera)


def end_part(web: WebContext, principal: Principal, camera: str) -> WalkState:
    """Ends the part that goes on.

    Raises:
        RecordNotFound: nobody walks there.
    """
    principal.must_allow(Scope.CAMERAS_WRITE)
    web.walking.end_part(camera, web.now(), on_duty=_off_duty(web, camera) is None)
    return web.walking.state(camera)


def see_running(web: WebContext, principal: Principal, camera: str) -> RunningWalk:
    """The walk that goes on before a camera.

    Raises:
        RecordNotFound: nobody walks there.
    """
    principal.must_allow(Scope.CAMERAS_READ)
    state = web.walking.state(camera)
    if not state.parts or state.parts[-1].ended_at is not None:
        return RunningWalk(state, 0)
    part, until = state.parts[-1], web.now() + ALARM_GRACE
    alarms = _begun(web, camera, part.started_at, until)
    if part.phase is Phase.BARE:
        alarms += _lasting(web, camera, part.started_at, web.walking.people(camera))
    return RunningWalk(state, len(alarms))


def find_running(web: WebContext, principal: Principal, camera: str) -> RunningWalk | None:
    """The same; None when nobody walks there."""
    try:
        return see_running(web, principal, camera)
    except RecordNotFound:
        return None


def end_walk(web: WebContext, principal: Principal, camera: str) -> WalkRecord:
    """Ends the walk that goes on, and keeps its report.

    Raises:
        AccessDenied: in statistics-only mode, though the walk began before it.
        RecordNotFound: nobody walks there.
        UsageError: it has no part yet.
    """
    principal.must_allow(Scope.CAMERAS_WRITE)
    on_duty = _off_duty(web, camera) is None
    with web.walking.ending(camera, web.now(), on_duty=on_duty) as parts:
        return finish_walk(web, principal.actor, camera, parts)


def break_off_walk(web: WebContext, principal: Principal, camera: str) -> None:
    """Forgets the walk that goes on.

    Raises:
        RecordNotFound: nobody walks there.
    """
    principal.must_allow(Scope.CAMERAS_WRITE)
    with web.walking.ending(camera, web.now()):
        web.store.audit.append(principal.actor, "camera.walk_broken_off", camera)


def finish_walk(web: WebContext, walked_by: str, camera: str, parts: Sequence[Part]) -> WalkRecord:
    """Looks up what alarms each part led to by now, and keeps the report.

    Raises:
        AccessDenied: in statistics-only mode.
        UsageError: there is no part.
    """
    _must_have_episodes(web)
    if not parts:
        raise WrongUse("refused.no_part")
    whole = [
        replace(part, alarms=_alarms_of(web, camera, part, following))
        for part, following in zip(parts, [*parts[1:], None], strict=True)
    ]
    walk = WalkRecord(
        id=new_id(),
        camera=camera,
        started_at=parts[0].start,
        ended_at=parts[-1].end,
        walked_by=walked_by,
        report=asdict(walk_report(whole)),
    )
    with web.store.transaction():
        web.store.walks.add(walk)
        web.store.audit.append(walked_by, "camera.walk_finished", camera, {"walk": walk.id})
    return walk


def _must_have_episodes(web: WebContext) -> None:
    if web.privacy().statistics_only:
        raise NotAllowed("refused.no_episodes")


def _must_be_on_duty(web: WebContext, camera: str) -> None:
    key = _off_duty(web, camera)
    if key is not None:
        raise WrongUse(key, camera=camera)


def _off_duty(web: WebContext, camera: str) -> str | None:
    """Why nothing before a camera leads to an alarm now, as a key of words; None if it may."""
    for each in web.control.camera_states():
        if each.camera == camera and each.phase is CameraPhase.WATCHING:
            return None if each.required else "refused.not_required"
    return "refused.not_watching"


def _alarms_of(
    web: WebContext, camera: str, part: Part, following: Part | None
) -> tuple[Alarm, ...]:
    until = part.end + ALARM_GRACE
    if following is not None:
        until = min(until, following.start)
    alarms = _begun(web, camera, part.start, until)
    if part.phase is Phase.BARE:
        return alarms + _lasting(web, camera, part.start, part.people)
    if following is None or following.phase is not Phase.BARE:
        return alarms
    # Whoever takes the mask off in view after this part begins the next one with that episode.
    lasting = _lasting(web, camera, following.start, following.people)
    taken_on = {each.episode_id for each in lasting}
    return tuple(a for a in alarms if a.began_at < part.end or a.episode_id not in taken_on)


def _begun(web: WebContext, camera: str, since: datetime, until: datetime) -> tuple[Alarm, ...]:
    """The episodes that began in a time, and when people heard."""
    wanted = EpisodeFilter(cameras=(camera,), since=since, until=until)
    return _alarms(web, web.store.episodes.page(wanted, limit=_MOST_ALARMS).items)


def _lasting(
    web: WebContext, camera: str, at: datetime, people: Collection[int]
) -> tuple[Alarm, ...]:
    """The episodes that lasted when a part began, of people who were seen in it.

    A person has one episode as long as the face stays bare, so whoever takes the mask off before a
    walk without one gets no new one in it: this is its alarm.
    """
    wanted = EpisodeFilter(cameras=(camera,), since=at - _LONGEST_OPEN, open_at=at)
    found = web.store.episodes.page(wanted, limit=_MOST_ALARMS).items
    return _alarms(web, [each for each in found if each.track in people])


def _alarms(web: WebContext, episodes: Sequence[EpisodeRecord]) -> tuple[Alarm, ...]:
    return tuple(
        Alarm(each.started_at, made_at(each.id), each.id, _first_message(web, each.id))
        for each in episodes
    )


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
