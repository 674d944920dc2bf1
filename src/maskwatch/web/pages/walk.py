"""The acceptance walk: somebody walks through, and a report says what the camera can do."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from html import escape

from nicegui import ui
from starlette.requests import Request

from maskwatch.web.actions import cameras, walks
from maskwatch.web.actions.walk_report import Leg, Phase, WalkReport, walk_report
from maskwatch.web.actions.walks import LegRecorder
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.parts import NO_PICTURE, attribute, html, table
from maskwatch.web.pages.route import dashboard_page

_LOOK_EVERY_S = 0.2
_ALARMS_EVERY_S = 1.0
_MESSAGE_GRACE = timedelta(seconds=5)
_PHASES = (Phase.MASKED, Phase.BARE, Phase.EMPTY)


@dashboard_page("/cameras/{name}/walk")
async def walk_page(request: Request, name: str) -> None:
    """The page."""
    desk = Desk(request)
    with desk.page(desk.words("walk.title", camera=name)):
        body = ui.element("div")
    if await desk.ask(cameras.see_camera, name) is None:
        return
    with body:
        _WalkPage(desk, name)


class _WalkPage:
    def __init__(self, desk: Desk, camera: str) -> None:
        self._desk, self._camera = desk, camera
        self._legs: list[Leg] = []
        self._running: LegRecorder | None = None
        self._alarms = 0
        words = desk.words
        with ui.element("div").classes("mw-split"):
            with ui.element("div").classes("mw-card"):
                picture = ui.element("img").classes("mw-live")
                picture.props(f"data-camera={attribute(camera)} src={NO_PICTURE}")
                picture.props(f"alt={attribute(words('live.picture', camera=camera))}")
                self._said = ui.label().props('role="status"')
            with ui.element("div").classes("mw-card"):
                self._stepper = ui.stepper().props("vertical flat animated=false")
                with self._stepper:
                    self._begin_step()
                    for phase in _PHASES:
                        self._leg_step(phase)
                    self._report_step()
        ui.timer(_LOOK_EVERY_S, self._look)
        ui.timer(_ALARMS_EVERY_S, self._count_alarms)

    def _begin_step(self) -> None:
        words = self._desk.words
        with ui.step("begin", words("walk.begin")):
            ui.label(words("walk.intro"))
            self._distances = ui.input(words("walk.distances"), value="5, 4, 3, 2, 1")
            self._distances.style("width: 100%")
            ui.button(words("walk.begin"), on_click=self._begin).props("no-caps")

    def _leg_step(self, phase: Phase) -> None:
        words = self._desk.words
        with ui.step(phase.value, words(f"walk.{phase.value}")):
            if phase is Phase.EMPTY:
                ui.label(words("walk.empty_text"))
            with ui.element("div").classes("mw-row"):
                start = ui.button(words("walk.start_leg"), on_click=partial(self._start, phase))
                end = ui.button(words("walk.end_leg"), on_click=self._end)
                start.props("no-caps")
                end.props("no-caps outline")
            if phase is not Phase.EMPTY:
                marks = ui.element("div").classes("mw-row")
                start.on_click(partial(self._mark_buttons, marks))

    def _report_step(self) -> None:
        words = self._desk.words
        with ui.step("report", words("walk.report")):
            self._report = html("")
            with ui.element("div").classes("mw-row"):
                ui.button(words("walk.download"), on_click=self._download).props("no-caps")
                ui.button(words("walk.again"), on_click=ui.navigate.reload).props("flat no-caps")

    async def _begin(self) -> None:
        await self._desk.ask(walks.begin_walk, self._camera)
        self._stepper.set_value(Phase.MASKED.value)

    def _start(self, phase: Phase) -> None:
        if self._running is None:
            self._running = LegRecorder(phase, self._desk.web.now())
            self._alarms = 0

    def _mark_buttons(self, place: ui.element) -> None:
        place.clear()
        with place:
            for distance in _numbers(self._distances.value or ""):
                text = self._desk.words("walk.pass", distance=f"{distance:g}")
                button = ui.button(text).props("outline no-caps")
                button.on_click(partial(self._pass, distance, button))

    def _pass(self, distance: float, button: ui.button) -> None:
        if self._running is not None:
            self._running.pass_mark(distance, self._desk.web.now())
            button.set_enabled(False)

    async def _end(self) -> None:
        running, now = self._running, self._desk.web.now()
        if running is None:
            return
        self._running = None
        self._said.set_text("")
        found = await self._desk.ask(
            walks.alarms_since, self._camera, running.start, now + _MESSAGE_GRACE
        )
        self._legs.append(running.finish(now, found or ()))
        following = {Phase.MASKED: Phase.BARE.value, Phase.BARE: Phase.EMPTY.value}
        self._stepper.set_value(following.get(running.phase, "report"))
        self._report.set_content(_report_html(self._desk, walk_report(self._legs)))

    async def _look(self) -> None:
        running = self._running
        if running is None:
            return
        running.see(self._desk.web.hub.latest(self._camera))
        seconds = (self._desk.web.now() - running.start).total_seconds()
        self._said.set_text(
            self._desk.words(
                "walk.running",
                seconds=round(seconds),
                sightings=len(running.sightings),
                alarms=self._alarms,
            )
        )

    async def _count_alarms(self) -> None:
        running = self._running
        if running is None:
            return
        now = self._desk.web.now() + _MESSAGE_GRACE
        found = await self._desk.look(walks.alarms_since, self._camera, running.start, now)
        self._alarms = len(found or ())

    def _download(self) -> None:
        report = asdict(walk_report(self._legs))
        values = {"camera": self._camera, "at": self._desk.web.now().isoformat(), **report}
        text = json.dumps(values, indent=2, ensure_ascii=False)
        ui.download.content(text, "acceptance-walk.json", "application/json")


def _numbers(text: str) -> list[float]:
    found = []
    for part in text.replace(";", ",").split(","):
        try:
            found.append(float(part))
        except ValueError:
            continue  # half typed
    return [each for each in found if 0 < each < 1000][:20]


def _report_html(desk: Desk, report: WalkReport) -> str:
    words = desk.words

    def said(value: float | None, unit: str, digits: int = 1) -> str:
        return words("walk.none") if value is None else f"{value:.{digits}f} {unit}"

    facts = [
        ("walk.usable", said(report.usable_m, "m")),
        ("walk.smallest", said(report.smallest_face_px, "px", 0)),
        ("walk.missed", f"{report.missed} / {report.bare_walks}"),
        ("walk.false_alarms", said(report.false_alarms_per_hour, f"({report.false_alarms})")),
        ("walk.to_alarm", said(report.seconds_to_alarm, "s")),
        ("walk.to_message", said(report.seconds_to_message, "s")),
    ]
    rows = [[escape(words(key)), f"<b>{escape(value)}</b>"] for key, value in facts]
    result = {True: words("walk.right"), False: words("walk.not_right"), None: "-"}
    for each in report.distances:
        sides = f"{result[each.masked_right]} / {result[each.bare_right]}"
        rows.append([escape(words("walk.at", distance=f"{each.distance_m:g}")), escape(sides)])
    head = [words("walk.report"), f"{words('walk.masked')} / {words('walk.bare')}"]
    found = table(words("walk.report"), head, rows, "")
    return f'{found}<p class="mw-faint">{escape(words("walk.small_sample"))}</p>'
