"""Live: what every camera sees now, and the latest episodes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote

from nicegui import ui
from starlette.requests import Request

from maskwatch.runtime.monitoring.control import CameraPhase, CameraStatus
from maskwatch.runtime.monitoring.live_hub import LivePerson, LiveView
from maskwatch.store.records import EpisodeFilter, EpisodeRecord
from maskwatch.web.actions import cameras, episodes
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.parts import (
    NO_PICTURE,
    attribute,
    chip,
    coverage_said,
    episode_chips,
    heading,
    html,
    state_chip,
)
from maskwatch.web.pages.route import dashboard_page

_EVERY_S = 1.0
_LATEST = 10
_OLD_S = 10.0
"""From which age on a picture is called the last one; `dashboard.js` has it look old from there."""
_NEVER = datetime.min.replace(tzinfo=UTC)


@dashboard_page("/")
async def live_page(request: Request) -> None:
    """The page."""
    desk = Desk(request)
    with desk.page(desk.words("live.title")):
        page = _LivePage(desk)
        await page.update()
    ui.timer(_EVERY_S, page.update)


class _Card:
    """One camera.

    Args:
        desk: the page.
        name: of the camera.
        has_picture: whether the privacy policy allows one.
    """

    def __init__(self, desk: Desk, name: str, *, has_picture: bool) -> None:
        self._desk = desk
        with ui.element("section").classes("mw-card").props(f"aria-label={attribute(name)}"):
            with ui.element("div").classes("mw-card-head"):
                ui.label(name)
                self._phase = html("")
            self._shown: ui.element | None = None
            if has_picture:
                self._picture(name)
            else:
                ui.label(desk.words("common.no_pictures")).classes("mw-faint")
            self._facts = ui.label().classes("mw-faint")
            self._people = html("")

    def _picture(self, name: str) -> None:
        words = self._desk.words
        target = f"/live/{quote(name, safe='')}"
        label = attribute(words("live.enlarge", camera=name))
        with ui.link(target=target, new_tab=True).props(f"aria-label={label}"):
            self._shown = ui.element("img").classes("mw-live")
            self._shown.props(f"data-camera={attribute(name)} src={NO_PICTURE}")
            self._shown.props(f"alt={attribute(words('live.picture', camera=name))}")

    def update(self, status: CameraStatus, view: LiveView | None) -> None:
        words = self._desk.words
        self._phase.set_content(chip(status.phase.value, words(f"phase.{status.phase.value}")))
        facts = [status.reason] if status.reason else []
        # The phase says whether pictures come, their age whether the models look at them.
        is_old = view is not None and (
            status.phase is not CameraPhase.WATCHING or self._desk.web.age_s(view) > _OLD_S
        )
        if self._shown is not None:
            self._shown.classes(add="mw-old" if is_old else "", remove="" if is_old else "mw-old")
        if view is not None and is_old and view.jpeg is not None:
            facts.append(words("live.last_picture", time=self._desk.short_time(view.at)))
        if status.fps:
            facts.append(words("live.fps", fps=words.number(status.fps)))
        if status.latency_s is not None:
            facts.append(words("live.delay", seconds=words.number(status.latency_s)))
        if not status.required:
            facts.append(words("live.not_required"))
        facts.append(words("live.people", count=status.people))
        self._facts.set_text(" · ".join(facts))
        people = () if view is None else view.people
        self._people.set_content(
            "<ul class='mw-list'>" + "".join(map(self._person, people)) + "</ul>" if people else ""
        )

    def _person(self, each: LivePerson) -> str:
        zone = escape(each.zone or "")
        exempt = escape(self._desk.words("live.exempt")) if each.exempt else ""
        facts = " ".join(filter(None, (zone, coverage_said(each.coverage), exempt)))
        state = state_chip(self._desk, each.state, each.fault)
        return f"<li><span>#{each.track} {state}</span><span class='mw-faint'>{facts}</span></li>"


class _LivePage:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._cards: dict[str, _Card] = {}
        self._has_pictures = False
        with ui.element("div").classes("mw-split"):
            with ui.element("div"):
                self._none = ui.label(desk.words("live.no_cameras"))
                self._grid = ui.element("div").classes("mw-grid")
            with ui.element("aside").classes("mw-card"):
                heading(desk.words("live.latest"))
                self._latest = html("")
                # Screen readers read out what is new here, and not what changes every second.
                self._news = ui.label().classes("mw-unseen").props('role="status"')
        self._newest: datetime | None = None

    async def update(self) -> None:
        seen = await self._desk.look(_everything)
        if seen is None:
            return
        states, views, latest = seen
        has_pictures = self._desk.web.privacy().images_allowed  # now: a wall display stays open
        names = [each.camera for each in states]
        if (set(self._cards), self._has_pictures) != (set(names), has_pictures):
            self._has_pictures = has_pictures
            self._grid.clear()
            with self._grid:
                self._cards = {
                    name: _Card(self._desk, name, has_picture=has_pictures) for name in names
                }
        self._none.set_visibility(not states)
        for each in states:
            self._cards[each.camera].update(each, views[each.camera])
        self._latest.set_content(_latest(self._desk, latest))
        self._tell_newest(latest)

    def _tell_newest(self, latest: Sequence[EpisodeRecord]) -> None:
        known = self._newest
        self._newest = max([known or _NEVER, *(each.started_at for each in latest)])
        if known is not None and self._newest > known:
            newest = latest[0]
            said = self._desk.said(newest.state, newest.fault)
            at = self._desk.short_time(newest.started_at)
            self._news.set_text(f"{at} {newest.camera}: {said}")


def _everything(
    web: WebContext, principal: Principal
) -> tuple[Sequence[CameraStatus], dict[str, LiveView | None], Sequence[EpisodeRecord]]:
    states = cameras.list_cameras(web, principal)
    views = {each.camera: web.hub.latest(each.camera) for each in states}
    page = episodes.list_episodes(web, principal, EpisodeFilter(), limit=_LATEST)
    return states, views, page.items


def _latest(desk: Desk, items: Sequence[EpisodeRecord]) -> str:
    if not items:
        return f'<p class="mw-faint">{escape(desk.words("common.none"))}</p>'
    lines = [
        f'<li><a href="/events?episode={each.id}">{desk.short_time(each.started_at)} '
        f"{escape(each.camera)}</a> {episode_chips(desk, each)}</li>"
        for each in items
    ]
    return f"<ul class='mw-list'>{''.join(lines)}</ul>"
