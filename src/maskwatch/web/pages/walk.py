"""The acceptance walk: somebody walks through, and a report says what the camera can do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from html import escape

from nicegui import ui
from starlette.requests import Request

from maskwatch.store.records import WalkRecord
from maskwatch.web.actions import cameras, walks
from maskwatch.web.actions.walks import RunningWalk
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.dialogs import button_once, confirm
from maskwatch.web.pages.newest import Newest
from maskwatch.web.pages.parts import NO_PICTURE, attribute, fill, heading, html, row_button, table
from maskwatch.web.pages.route import working_page
from maskwatch.web.security.scopes import Scope
from maskwatch.web.walks.recording import WalkState
from maskwatch.web.walks.report import WalkReport
from maskwatch.web.walks.values import Phase
from maskwatch.web.walks.wording import facts, was_right

_LOOK_EVERY_S = 1.0
_EARLIER = 20
_PHASES = (Phase.MASKED, Phase.BARE, Phase.EMPTY)
_FOLLOWING = {Phase.MASKED: Phase.BARE, Phase.BARE: Phase.EMPTY}


@working_page("/cameras/{name}/walk")
async def walk_page(request: Request, name: str) -> None:
    """The page."""
    desk = Desk(request)
    with desk.page(desk.words("walk.title", camera=name)):
        body = ui.element("div")
    if await desk.ask(cameras.see_camera, name) is None:
        return
    with body.classes("mw-stack"):
        place = ui.element("div").classes("mw-stack")
        earlier = _Earlier(desk, name)
        if desk.allows(Scope.CAMERAS_WRITE):
            with place:
                if desk.web.privacy().statistics_only:
                    ui.label(desk.words("walk.no_episodes")).classes("mw-note")
                else:
                    _Wizard(desk, name, earlier)
    await earlier.update()


class _Wizard:
    def __init__(self, desk: Desk, camera: str, earlier: _Earlier) -> None:
        self._desk, self._camera, self._earlier = desk, camera, earlier
        self._running: Phase | None = None
        self._marks: dict[Phase, ui.element] = {}
        words = desk.words
        self._others = ui.element("div")
        with ui.element("div").classes("mw-split"):
            with ui.element("div").classes("mw-card"):
                if desk.web.privacy().images_allowed:
                    picture = ui.element("img").classes("mw-live")
                    picture.props(f"data-camera={attribute(camera)} src={NO_PICTURE}")
                    picture.props(f"alt={attribute(words('live.picture', camera=camera))}")
                else:
                    ui.label(words("common.no_pictures")).classes("mw-faint")
                self._said = ui.label().props('role="status"')
            with ui.element("div").classes("mw-card"):
                self._stepper = ui.stepper().props("vertical flat animated=false")
                with self._stepper:
                    self._begin_step()
                    for phase in _PHASES:
                        self._part_step(phase)
                    self._report_step()
        ui.timer(_LOOK_EVERY_S, self._look)
        self._desk.soon(self._show_other)

    def _begin_step(self) -> None:
        words = self._desk.words
        with ui.step("begin", words("walk.begin")):
            ui.label(words("walk.intro"))
            self._distances = ui.input(words("walk.distances"), value="5, 4, 3, 2, 1")
            self._distances.style("width: 100%")
            button_once(words("walk.begin"), self._begin)

    def _part_step(self, phase: Phase) -> None:
        words = self._desk.words
        with ui.step(phase.value, words(f"walk.{phase.value}")):
            if phase is Phase.EMPTY:
                ui.label(words("walk.empty_text"))
            with ui.element("div").classes("mw-row"):
                start = ui.button(words("walk.start_part"))
                button_once(words("walk.end_part"), self._end).props("outline")
            self._marks[phase] = ui.element("div").classes("mw-row")
            start.on_click(partial(self._start, phase))

    def _report_step(self) -> None:
        words = self._desk.words
        with ui.step("report", words("walk.report")):
            self._report = html("")
            with ui.element("div").classes("mw-row"):
                ui.button(words("walk.again"), on_click=ui.navigate.reload)

    async def _show_other(self) -> None:
        """Says that a walk goes on already, and offers to break it off, or to go on with it."""
        words = self._desk.words
        self._hide_other()
        found = await self._desk.look(walks.find_running, self._camera)
        if found is None:
            return
        began = self._desk.short_time(found.walk.begun_at)
        is_own = found.walk.walked_by == self._desk.principal.actor
        own = [("walk.go_on", self._go_on)] if is_own else []
        with self._others.classes("mw-note mw-row"):
            ui.label(words("walk.goes_on", name=found.walk.walked_by, time=began))
            for key, act in (*own, ("walk.break_off", self._break_off)):
                ui.button(words(key), on_click=act).props("outline dense padding='xs sm'")

    def _hide_other(self) -> None:
        self._others.clear()
        self._others.classes(remove="mw-note")

    async def _go_on(self) -> None:
        """Goes on where the walk is: phones forget a page that nobody looks at for a while."""
        self._hide_other()
        found = await self._desk.look(walks.find_running, self._camera)
        if found is not None:
            self._take_up(found.walk)

    def _take_up(self, walk: WalkState) -> None:
        whole = [each for each in walk.parts if each.ended_at is not None and each.marks_m]
        if whole:
            self._distances.set_value("; ".join(f"{each:g}" for each in whole[0].marks_m))
        if not walk.parts:
            self._stepper.set_value(Phase.MASKED.value)
            return
        latest = walk.parts[-1]
        if latest.ended_at is not None and latest.phase in _FOLLOWING:
            self._stepper.set_value(_FOLLOWING[latest.phase].value)
            return
        self._running = latest.phase  # also the last one that has ended: its report is missing
        self._stepper.set_value(latest.phase.value)
        self._mark_buttons(latest.phase, latest.marks_m)

    async def _break_off(self) -> None:
        if await self._desk.did(walks.break_off_walk, self._camera):
            ui.navigate.reload()
        else:
            await self._show_other()

    async def _begin(self) -> None:
        if await self._desk.ask(walks.begin_walk, self._camera):
            self._hide_other()
            self._stepper.set_value(Phase.MASKED.value)
        else:
            await self._show_other()

    async def _start(self, phase: Phase) -> None:
        if self._running is not None:
            return
        self._running = phase  # at once: a second click would start the part anew
        if await self._desk.ask(walks.start_part, self._camera, phase) is None:
            self._running = None
        else:
            self._mark_buttons(phase)

    def _mark_buttons(self, phase: Phase, passed: Sequence[float] = ()) -> None:
        if phase is Phase.EMPTY:
            return
        place, words = self._marks[phase], self._desk.words
        place.clear()
        with place:
            for distance in marks_in(self._distances.value or ""):
                text = words("walk.pass", distance=words.number(distance, None))
                button = ui.button(text).props("outline")
                button.on_click(partial(self._pass, distance, button))
                button.set_enabled(distance not in passed)

    async def _pass(self, distance: float, button: ui.button) -> None:
        if self._running is None:
            return
        button.set_enabled(False)
        if await self._desk.ask(walks.pass_mark, self._camera, distance) is None:
            button.set_enabled(True)

    async def _end(self) -> None:
        if self._running is Phase.EMPTY:
            await self._finish()
        elif self._running is not None and await self._desk.did(walks.end_part, self._camera):
            self._go_to(_FOLLOWING[self._running].value)

    async def _finish(self) -> None:
        walk = await self._desk.ask(walks.end_walk, self._camera)
        if walk is not None:
            self._report.set_content(_report_html(self._desk, walk))
            self._go_to("report")
            await self._earlier.update()

    def _go_to(self, step: str) -> None:
        """The part that went on is over."""
        self._running = None
        self._said.set_text("")
        self._stepper.set_value(step)

    async def _look(self) -> None:
        if self._running is None:
            return
        found = await self._desk.look(walks.find_running, self._camera)
        # Another page may have begun the walk anew.
        if found is not None and found.walk.parts and self._running is not None:
            self._said.set_text(self._how_it_goes(found))

    def _how_it_goes(self, found: RunningWalk) -> str:
        part = found.walk.parts[-1]
        if part.ended_at is not None:
            return ""
        seconds = (self._desk.web.now() - part.started_at).total_seconds()
        return self._desk.words(
            "walk.running",
            seconds=round(seconds),
            sightings=part.sightings,
            alarms=found.alarms,
        )


class _Earlier:
    """The walks of this camera that were finished."""

    def __init__(self, desk: Desk, camera: str) -> None:
        self._desk, self._camera = desk, camera
        self._lists = Newest()
        with ui.element("section").classes("mw-card"):
            heading(desk.words("walk.earlier"))
            self._list = ui.element("ul").classes("mw-list")

    async def update(self) -> None:
        asked = self._desk.look(walks.list_walks, self._camera, None, _EARLIER)
        page = await self._lists.of(asked)
        if page is not None:
            fill(self._list, page.items, self._row, self._desk.words("walk.none_yet"))

    def _row(self, walk: WalkRecord) -> None:
        words = self._desk.words
        with ui.expansion(_summary(self._desk, walk)).classes("mw-grow"):
            html(_report_html(self._desk, walk))
        if self._desk.allows(Scope.CAMERAS_WRITE):
            at = self._desk.time(walk.started_at)
            row_button(words("common.delete"), at, partial(self._delete, walk), icon="delete")

    async def _delete(self, walk: WalkRecord) -> None:
        at = self._desk.time(walk.started_at)
        if await confirm(self._desk, self._desk.words("walk.delete_sure", time=at)):
            await self._desk.ask(walks.delete_walk, walk.id)
            await self.update()


def marks_in(text: str) -> list[float]:
    """The distances in a text, in metres: ``5, 4, 2.5``, or ``5; 4; 2,5`` as in German."""
    words = [each.strip(",") for each in re.split(r"[;\s]+", text)]
    if len(words) == 1:
        words = words[0].split(",")  # no decimal comma: 5,4,3 are three
    found = []
    for word in words:
        try:
            found.append(float(word.replace(",", ".")))
        except ValueError:
            continue  # half typed
    return [each for each in found if 0 < each < 1000][:20]


def _summary(desk: Desk, walk: WalkRecord) -> str:
    report = WalkReport.of(walk.report)
    usable = facts(desk.words, report)[0][1]
    missed = f"{report.missed} / {report.bare_walks}"
    return desk.words(
        "walk.summary",
        time=desk.time(walk.started_at, "%Y-%m-%d %H:%M"),
        name=walk.walked_by,
        usable=usable,
        missed=missed,
    )


def _report_html(desk: Desk, walk: WalkRecord) -> str:
    words, report = desk.words, WalkReport.of(walk.report)
    measured = table(
        words("walk.report"),
        (words("walk.measured"), words("walk.result")),
        [[escape(name), f"<b>{escape(said)}</b>"] for name, said in facts(words, report)],
        "",
    )
    rows = [
        [
            escape(words("walk.at", distance=words.number(each.distance_m, None))),
            escape(was_right(words, each.masked_right)),
            escape(was_right(words, each.bare_right)),
        ]
        for each in report.distances
    ]
    head = (words("walk.by_distance"), words("walk.masked"), words("walk.bare"))
    marks = table(words("walk.by_distance"), head, rows, words("walk.no_marks"))
    address = f"/api/v1/walks/{walk.id}"
    files = (("PDF", f"{address}/report.pdf"), ("PNG", f"{address}/report.png"), ("JSON", address))
    links = " · ".join(f'<a href="{url}" download>{name}</a>' for name, url in files)
    note = escape(words("walk.small_sample"))
    return f'{measured}{marks}<p>{links}</p><p class="mw-faint">{note}</p>'
