"""Events: finding episodes, looking at one, acknowledging it, saying that it is wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from html import escape
from typing import Any
from urllib.parse import urlencode

from nicegui import ui
from starlette.datastructures import QueryParams
from starlette.requests import Request

from maskwatch.store.records import EpisodeFilter, EpisodeRecord, Page
from maskwatch.types import Fault, State
from maskwatch.web.actions import episodes
from maskwatch.web.actions.episodes import EpisodeDetail
from maskwatch.web.actions.review import CHOICES, Choice
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.dialogs import confirm
from maskwatch.web.pages.newest import Newest
from maskwatch.web.pages.pager import Pager
from maskwatch.web.pages.parts import (
    CHART_LINES,
    CHART_TEXT,
    STATE_COLOURS,
    attribute,
    chart_time,
    chip,
    coverage_said,
    episode_chips,
    heading,
    html,
    moment,
    photo,
    row_button,
)
from maskwatch.web.pages.route import working_page
from maskwatch.web.security.scopes import Scope

_PAGE = 25


@working_page("/events")
async def events_page(request: Request, episode: str = "") -> None:
    """The page; with ``episode`` it opens that one; the rest of the query is what to look for."""
    desk = Desk(request)
    with desk.page(desk.words("events.title")):
        page = _EventsPage(desk, request.query_params)
    await page.update()
    if episode:
        await page.open(episode)


class _EventsPage:
    def __init__(self, desk: Desk, query: QueryParams) -> None:
        self._desk = desk
        self._lists, self._details = Newest(), Newest()
        self._filters(query)
        self._count = ui.label().classes("mw-faint").props('role="status"')
        self._rows = ui.element("div").classes("mw-table")
        self._pager = Pager(desk, self.update)
        self._dialog = ui.dialog()
        self._opened = ""

    def _filters(self, query: QueryParams) -> None:
        words = self._desk.words
        kinds = {each.key: self._desk.said(each.state, each.fault) for each in CHOICES[1:]}
        with ui.element("div").classes("mw-row mw-card"):
            self._text = ui.input(
                words("events.search"), value=query.get("text", ""), on_change=self.first
            )
            self._text.props("clearable debounce=400")
            chosen = list(dict.fromkeys(query.getlist("camera")))
            self._cameras = ui.select(
                chosen,
                value=chosen,
                multiple=True,
                label=words("common.camera"),
                on_change=self.first,
            )
            self._kind = ui.select(
                kinds,
                value=next((each for each in kinds if each == query.get("kind")), None),
                label=words("common.state"),
                clearable=True,
                on_change=self.first,
            )
            days = {"since": words("events.since"), "until": words("events.until")}
            self._since, self._until = (
                ui.input(label, value=query.get(key, ""), on_change=self.first).props(
                    'type="date" stack-label clearable'
                )
                for key, label in days.items()
            )
            self._open_only = ui.switch(
                words("events.open_only"), value="open" in query, on_change=self.first
            )

    async def first(self) -> None:
        # For reloading the page, and for coming back to it.
        ui.navigate.history.replace(f"/events{self._query()}")
        await self._pager.first()

    def _query(self) -> str:
        chosen = [
            ("text", self._text.value),
            *(("camera", each) for each in self._cameras.value or ()),
            ("kind", self._kind.value),
            ("since", self._since.value),
            ("until", self._until.value),
            ("open", "1" if self._open_only.value else ""),
        ]
        query = urlencode([(key, value) for key, value in chosen if value])
        return f"?{query}" if query else ""

    async def update(self) -> None:
        is_newest = self._lists.begin()
        seen = await self._desk.ask(_page, self._wanted(), self._pager.after)
        if not is_newest():
            return
        self._count.set_text("")
        self._rows.clear()
        if seen is None:
            return
        page, count, cameras = seen
        chosen = self._cameras.value or []
        self._cameras.set_options(list(dict.fromkeys([*cameras, *chosen])))
        self._pager.shown(page.next)
        # A space that does not break separates thousands in every language.
        said = f"{count:,}".replace(",", "\u00a0")
        self._count.set_text(self._desk.words("events.found", count=said))
        with self._rows:
            self._table(page)

    def _wanted(self) -> EpisodeFilter:
        chosen = [each for each in CHOICES if each.key == self._kind.value]
        return EpisodeFilter(
            cameras=tuple(self._cameras.value or ()),
            states=tuple(each.state for each in chosen),
            faults=tuple(each.fault for each in chosen if each.fault is not None),
            since=self._day(self._since.value),
            until=self._day(self._until.value, timedelta(days=1)),
            acknowledged=False if self._open_only.value else None,
            text=(self._text.value or "").replace("\x00", "").strip(),
        )

    def _day(self, text: str | None, plus: timedelta = timedelta()) -> datetime | None:
        try:
            day = datetime.fromisoformat(text or "") + plus
            return day.replace(tzinfo=self._desk.web.timezone()).astimezone(UTC)
        except (ValueError, OverflowError):
            return None  # half typed

    def _table(self, page: Page[EpisodeRecord]) -> None:
        words = self._desk.words
        if not page.items:
            ui.label(words("common.none")).classes("mw-faint")
            return
        head = ("events.started", "common.camera", "common.state", "events.duration")
        with ui.element("table").props(f"aria-label={attribute(words('events.title'))}"):
            with ui.element("thead"), ui.element("tr"):
                for key in (*head, "events.coverage", "events.acknowledged"):
                    hidden = key in ("events.duration", "events.coverage", "events.acknowledged")
                    cell = ui.element("th").props('scope="col"')
                    cell.classes("mw-hide-small" if hidden else "")
                    with cell:
                        ui.label(words(key))
                with ui.element("th").props('scope="col"'):
                    ui.label(words("events.open")).classes("mw-unseen")
            with ui.element("tbody"):
                for each in page.items:
                    self._row(each)

    def _row(self, each: EpisodeRecord) -> None:
        desk = self._desk
        zone = f" · {escape(each.zone)}" if each.zone else ""
        with ui.element("tr"):
            _cell(moment(desk, each.started_at))
            _cell(escape(each.camera) + zone, "mw-name")
            _cell(episode_chips(desk, each))
            _cell(escape(_lasted(desk, each)), "mw-hide-small")
            _cell(coverage_said(each.coverage), "mw-hide-small")
            _cell(escape(each.acknowledged_by or ""), "mw-hide-small")
            with ui.element("td"):
                whom = f"{desk.time(each.started_at)} {each.camera}"
                act = partial(self.open, each.id)
                row_button(desk.words("events.open"), whom, act, icon="chevron_right")

    async def open(self, episode_id: str) -> None:
        """Shows one episode."""
        detail = await self._details.of(self._desk.ask(episodes.see_episode, episode_id))
        if detail is not None:
            self._show(detail)

    def _show(self, detail: EpisodeDetail) -> None:
        self._opened = detail.episode.id
        self._dialog.clear()
        label = attribute(self._desk.words("events.detail", camera=detail.episode.camera))
        self._dialog.props(f"aria-label={label}")
        with self._dialog, ui.card().classes("mw-detail"):
            _Detail(self._desk, detail, self._changed, self._deleted, self._dialog)
        self._dialog.open()

    def _shows(self, episode_id: str) -> bool:
        return bool(self._dialog.value) and self._opened == episode_id

    async def _changed(self, episode_id: str) -> None:
        await self.update()
        # Meanwhile it may have been closed, and another one opened.
        if not self._shows(episode_id):
            return
        detail = await self._details.of(self._desk.ask(episodes.see_episode, episode_id))
        if detail is not None and self._shows(episode_id):
            self._show(detail)

    async def _deleted(self, episode_id: str) -> None:
        await self.update()
        if self._shows(episode_id):
            self._dialog.close()


class _Detail:
    """One episode in its dialog."""

    def __init__(
        self,
        desk: Desk,
        detail: EpisodeDetail,
        changed: Callable[[str], Awaitable[None]],
        deleted: Callable[[str], Awaitable[None]],
        dialog: ui.dialog,
    ) -> None:
        self._desk, self._detail = desk, detail
        self._changed, self._deleted = changed, deleted
        episode, words = detail.episode, desk.words
        with ui.element("div").classes("mw-dialog-head"):
            html(
                f"<h2>{escape(desk.time(episode.started_at))} {escape(episode.camera)}</h2>"
                + episode_chips(desk, episode)
            )
            close = ui.button(icon="close", on_click=dialog.close)
            close.props(f"flat round aria-label={attribute(words('common.close'))}")
        self._facts()
        with ui.element("div").classes("mw-even"):
            with ui.element("div"):
                self._photo()
            with ui.element("div"):
                heading(words("events.timeline"))
                chart = ui.echart(_timeline(desk, detail)).classes("mw-small-chart")
                chart.props(f'role="img" aria-label={attribute(words("events.timeline"))}')
                self._messages()
        self._buttons()

    def _facts(self) -> None:
        episode, words = self._detail.episode, self._desk.words
        advice = words.advice(episode.state, episode.fault)
        facts = [advice] if advice else []
        facts.append(_lasted(self._desk, episode))
        if episode.acknowledged_by:
            facts.append(words("events.acknowledged_by", name=episode.acknowledged_by))
        if episode.corrected_by:
            said = self._desk.said(episode.corrected_state, episode.corrected_fault)
            facts.append(words("events.corrected_by", name=episode.corrected_by, words=said))
        ui.label(" · ".join(facts)).classes("mw-faint")
        html(f'<span class="mw-faint">ID <span class="mw-code">{escape(episode.id)}</span></span>')

    def _photo(self) -> None:
        words, snapshot = self._desk.words, self._detail.snapshot
        if snapshot is None:
            ui.label(words("events.no_photo")).classes("mw-faint")
            return
        if not self._detail.photo_may_be_seen:
            ui.label(words("common.being_hidden")).classes("mw-note")
            return
        address = f"/api/v1/episodes/{self._detail.episode.id}/photo"
        html(photo(address, snapshot, words("events.photo")))

    def _messages(self) -> None:
        words = self._desk.words
        heading(words("events.messages"))
        if not self._detail.deliveries:
            ui.label(words("events.no_messages")).classes("mw-faint")
            return
        lines = [
            f"<li>{escape(each.channel)} {chip('unknown', words(f'delivery.{each.state.value}'))}"
            f"<span class='mw-faint'>{escape(self._desk.time(each.sent_at))} "
            f"{escape(each.last_error or '')}</span></li>"
            for each in self._detail.deliveries
        ]
        html(f"<ul class='mw-list'>{''.join(lines)}</ul>")

    def _buttons(self) -> None:
        desk, episode = self._desk, self._detail.episode
        with ui.element("div").classes("mw-row"):
            if desk.allows(Scope.EPISODES_WRITE):
                if episode.acknowledged_by is None:
                    ui.button(
                        desk.words("events.acknowledge"), icon="check", on_click=self._acknowledge
                    )
                wrong = ui.button(desk.words("events.wrong"), icon="report")
                title = attribute(desk.words("events.wrong_title"))
                with wrong.props("outline"), ui.menu().props(f"aria-label={title}"):
                    for choice in CHOICES:
                        text = desk.said(choice.state, choice.fault)
                        ui.menu_item(text, partial(self._correct, choice))
            if desk.allows(Scope.SUBJECTS):
                ui.space()
                if desk.web.privacy().images_allowed:
                    address = f"/api/v1/episodes/{episode.id}/export.zip"
                    said = escape(desk.words("events.hand_out"))
                    html(f'<a href="{address}" download>{said}</a>')
                ui.button(
                    desk.words("events.delete"), icon="delete_forever", on_click=self._delete
                ).props("flat color=negative")

    async def _acknowledge(self) -> None:
        if await self._desk.ask(episodes.acknowledge, self._detail.episode.id):
            await self._changed(self._detail.episode.id)

    async def _correct(self, choice: Choice) -> None:
        episode_id = self._detail.episode.id
        if await self._desk.ask(episodes.correct, episode_id, choice.state, choice.fault):
            self._desk.tell(self._desk.words("common.saved"))
            await self._changed(episode_id)

    async def _delete(self) -> None:
        episode_id = self._detail.episode.id
        if not await confirm(self._desk, self._desk.words("events.delete_sure")):
            return
        if await self._desk.did(episodes.delete_subject, episode_id):
            await self._deleted(episode_id)


def _page(
    web: WebContext, principal: Principal, wanted: EpisodeFilter, after: str | None
) -> tuple[Page[EpisodeRecord], int, list[str]]:
    """Some episodes, how many there are, and the cameras to choose from."""
    page = episodes.list_episodes(web, principal, wanted, after, _PAGE)
    count = episodes.count_episodes(web, principal, wanted)
    return page, count, episodes.camera_names(web, principal)


def _cell(content: str, classes: str = "") -> None:
    with ui.element("td").classes(classes):
        html(content)


def _lasted(desk: Desk, episode: EpisodeRecord) -> str:
    if episode.ended_at is None:
        return desk.words("common.ongoing")
    seconds = round((episode.ended_at - episode.started_at).total_seconds())
    return f"{seconds // 60}:{seconds % 60:02d} min" if seconds >= 60 else f"{seconds} s"


def _timeline(desk: Desk, detail: EpisodeDetail) -> dict[str, Any]:
    def point(at: datetime, coverage: float, state: State, fault: Fault | None) -> dict[str, Any]:
        return {
            "value": [chart_time(at, desk.web.timezone()), round(coverage, 1)],
            "itemStyle": {"color": STATE_COLOURS[state]},
            "words": desk.said(state, fault),
            "time": desk.time(at, "%H:%M:%S"),
        }

    data = [
        point(each.at, each.coverage, each.state, each.fault)
        for each in detail.timeline
        if each.coverage is not None
    ]
    return {
        "useUTC": True,
        "tooltip": {
            ":formatter": "(p) => p.data.time + '<br>' + p.data.words + ' ' + p.value[1] + ' %'"
        },
        "grid": {"left": 48, "right": 16, "top": 12, "bottom": 28},
        "xAxis": {
            "type": "time",
            "splitNumber": 3,
            "axisLabel": {**CHART_TEXT, "hideOverlap": True, "formatter": "{HH}:{mm}:{ss}"},
        },
        "yAxis": {
            "min": 0,
            "max": 100,
            "axisLabel": {**CHART_TEXT, "formatter": "{value} %"},
            "splitLine": CHART_LINES,
        },
        "series": [
            {
                "type": "line",
                "data": data,
                "symbolSize": 8,
                "lineStyle": {**CHART_TEXT, "width": 1},
            }
        ],
    }
