"""Overview: the compliance rate, when and where, and compared with before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import urlencode

from nicegui import ui
from starlette.requests import Request

from maskwatch.errors import UsageError
from maskwatch.store.records import CountBy
from maskwatch.types import Fault
from maskwatch.web.actions.compliance import Rate
from maskwatch.web.actions.overview import Comparison, Group, Period, by_group, compare
from maskwatch.web.actions.report import percent
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.parts import STATE_COLOURS, heading, html, table
from maskwatch.web.pages.route import dashboard_page
from maskwatch.web.text import Words

_GROUPS = (CountBy.HOUR, CountBy.DAY, CountBy.HOUR_OF_DAY, CountBy.CAMERA, CountBy.ZONE)
_DAYS = {"today": 1, "days7": 7, "days30": 30, "days90": 90}
_TOOLTIP = """(items) => {
  const told = {bar: (i) => i.value + ' % (n = ' + i.data.judged + ')',
    custom: (i) => '95 %: ' + i.value[1] + ' - ' + i.value[2] + ' %'};
  const name = items[0].name.replace(/[&<>"]/g, (c) => '&#' + c.charCodeAt(0) + ';');
  return [name, ...items.map((i) => told[i.seriesType](i))].join('<br>');
}"""
_WHISKER = """(params, api) => {
  const low = api.coord([api.value(0), api.value(1)]);
  const high = api.coord([api.value(0), api.value(2)]);
  const half = 5;
  const line = (x1, y1, x2, y2) => ({type: 'line', shape: {x1, y1, x2, y2},
    style: {stroke: api.visual('color'), lineWidth: 2}});
  return {type: 'group', children: [
    line(low[0], low[1], high[0], high[1]),
    line(low[0] - half, low[1], low[0] + half, low[1]),
    line(high[0] - half, high[1], high[0] + half, high[1])]};
}"""


@dashboard_page("/overview")
async def overview_page(request: Request) -> None:
    """The page."""
    desk = Desk(request)
    with desk.page(desk.words("overview.title")):
        page = _OverviewPage(desk)
    await page.update()


class _OverviewPage:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._choices()
        self._body = ui.element("div").props('aria-live="polite"').classes("mw-stack")

    def _choices(self) -> None:
        words = self._desk.words
        today = self._desk.web.now().astimezone(self._desk.web.timezone).date()
        names = [each.camera for each in self._desk.web.control.camera_states()]
        with ui.element("div").classes("mw-row mw-card"):
            spans = {key: words(f"overview.{key}") for key in (*_DAYS, "custom")}
            self._span = ui.select(
                spans, value="days7", label=words("overview.period"), on_change=self.update
            )
            self._from = _day(words("overview.from"), str(today - timedelta(days=6)), self.update)
            self._to = _day(words("overview.to"), str(today), self.update)
            for day in (self._from, self._to):
                day.bind_visibility_from(self._span, "value", value="custom")
            groups = {by.value: words(f"overview.by_{by.value}") for by in _GROUPS}
            self._by = ui.select(
                groups, value=CountBy.DAY.value, label=words("overview.by"), on_change=self.update
            )
            self._cameras = ui.select(
                names, multiple=True, label=words("common.camera"), on_change=self.update
            ).props("use-chips")
            self._files = html("")

    async def update(self) -> None:
        words = self._desk.words
        try:
            period = self._period()
        except (UsageError, ValueError) as error:
            self._desk.tell(words("common.failed", reason=error), is_bad=True)
            return
        by = CountBy(self._by.value)
        seen = await self._desk.ask(_everything, period, by)
        if seen is None:
            return
        comparison, groups = seen
        self._files.set_content(_links(words, period, by))
        self._body.clear()
        with self._body:
            self._tiles(comparison)
            with ui.element("div").classes("mw-even"):
                self._chart(groups, by)
                self._faults(comparison.after)
            with ui.expansion(words("overview.table")).classes("mw-card"):
                html(_table(self._desk, groups))

    def _period(self) -> Period:
        zone = self._desk.web.timezone
        now = self._desk.web.now().astimezone(zone)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        until = midnight + timedelta(days=1)
        since = until - timedelta(days=_DAYS.get(self._span.value, 1))
        if self._span.value == "custom":
            since = datetime.fromisoformat(self._from.value).replace(tzinfo=zone)
            last = datetime.fromisoformat(self._to.value).replace(tzinfo=zone)
            until = last + timedelta(days=1)
        return Period(since, until, tuple(self._cameras.value or ()))

    def _tiles(self, comparison: Comparison) -> None:
        words, rate = self._desk.words, comparison.after
        interval = words("overview.no_rate")
        if rate.low is not None:
            interval = words("overview.interval", low=percent(rate.low), high=percent(rate.high))
        with ui.element("div").classes("mw-tiles"):
            with ui.element("div").classes("mw-card"):
                ui.label(words("overview.rate"))
                ui.label(percent(rate.share)).classes("mw-big")
                ui.label(interval).classes("mw-faint")
                ui.label(_change(words, comparison)).classes("mw-faint")
            violations = rate.judged - rate.masked
            for key, count in (
                ("overview.judged", rate.judged),
                ("overview.violations", violations),
                ("overview.unknown", rate.unknown),
            ):
                with ui.element("div").classes("mw-card mw-tile"):
                    html(f"{escape(words(key))}<b>{count}</b>")
                    if key == "overview.unknown":
                        ui.label(words("overview.unknown_note")).classes("mw-faint")
        if rate.hidden:
            ui.label(words("overview.hidden", count=rate.hidden)).classes("mw-note")

    def _chart(self, groups: Sequence[Group], by: CountBy) -> None:
        words = self._desk.words
        with ui.element("div").classes("mw-card"):
            heading(words(f"overview.by_{by.value}"))
            chart = ui.echart(_rate_chart(words, groups)).classes("mw-chart")
            chart.props(f'role="img" aria-label="{words("overview.share_axis")}"')

    def _faults(self, rate: Rate) -> None:
        words = self._desk.words
        with ui.element("div").classes("mw-card"):
            heading(words("overview.faults"))
            chart = ui.echart(_fault_chart(self._desk, rate)).classes("mw-chart")
            chart.props(f'role="img" aria-label="{words("overview.faults")}"')


def _day(label: str, value: str, on_change: Any) -> ui.input:
    return ui.input(label, value=value, on_change=on_change).props('type="date" stack-label')


def _everything(
    web: WebContext, principal: Principal, period: Period, by: CountBy
) -> tuple[Comparison, Sequence[Group]]:
    return compare(web, principal, period), by_group(web, principal, period, by)


def _change(words: Words, comparison: Comparison) -> str:
    points = comparison.change.points
    if points is None:
        return words("overview.no_comparison")
    key = "overview.change_clear" if comparison.change.is_clear else "overview.change_unclear"
    return words(key, points=f"{points:+.1f}", before=percent(comparison.before.share))


def _rate_chart(words: Words, groups: Sequence[Group]) -> dict[str, Any]:
    shown = [each for each in groups if each.rate.share is not None]
    bars, whiskers = [], []
    for i, each in enumerate(shown):
        rate = each.rate
        bars.append({"value": round(100 * (rate.share or 0), 1), "judged": rate.judged})
        whiskers.append([i, round(100 * (rate.low or 0), 1), round(100 * (rate.high or 0), 1)])
    return {
        "tooltip": {"trigger": "axis", ":formatter": _TOOLTIP},
        "grid": {"left": 48, "right": 16, "top": 16, "bottom": 64},
        "xAxis": {
            "type": "category",
            "data": [each.key.replace("T", " ")[:16] for each in shown],
            "axisLabel": {"rotate": 30, "color": "#808591"},
        },
        "yAxis": {
            "type": "value",
            "min": 0,
            "max": 100,
            "axisLabel": {"formatter": "{value} %", "color": "#808591"},
        },
        "series": [
            {
                "type": "bar",
                "name": words("overview.share_axis"),
                "data": bars,
                "itemStyle": {"color": "#1f9c82"},
                "barMaxWidth": 48,
            },
            {
                "type": "custom",
                "name": "95 %",
                "data": whiskers,
                ":renderItem": _WHISKER,
                "encode": {"x": 0, "y": [1, 2]},
                "itemStyle": {"color": "#808591"},
                "z": 10,
            },
        ],
    }


def _fault_chart(desk: Desk, rate: Rate) -> dict[str, Any]:
    names = [desk.words(f"fault.{fault.value}") for fault in Fault]
    no_mask = next(count for state, count in rate.states.items() if state.value == "no_mask")
    counts = [*(rate.faults[fault] for fault in Fault), no_mask]
    colours = [STATE_COLOURS[state] for state in rate.states if state.value == "incorrect"] * 4
    colours += [STATE_COLOURS[state] for state in rate.states if state.value == "no_mask"]
    return {
        "tooltip": {},
        "grid": {"left": 120, "right": 24, "top": 16, "bottom": 32},
        "xAxis": {"type": "value", "minInterval": 1, "axisLabel": {"color": "#808591"}},
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": [*names, desk.words("state.no_mask")],
            "axisLabel": {"color": "#808591"},
        },
        "series": [
            {
                "type": "bar",
                "barMaxWidth": 32,
                "label": {"show": True, "position": "right", "color": "#808591"},
                "data": [
                    {"value": count, "itemStyle": {"color": colour}}
                    for count, colour in zip(counts, colours, strict=True)
                ],
            }
        ],
    }


def _links(words: Words, period: Period, by: CountBy) -> str:
    query = [("since", period.since.isoformat()), ("until", period.until.isoformat())]
    query += [("camera", each) for each in period.cameras]
    address = "/api/v1/people"
    files = (
        ("overview.csv", f"{address}/groups.csv?{urlencode([*query, ('by', by.value)])}"),
        ("overview.pdf", f"{address}/report.pdf?{urlencode(query)}"),
        ("overview.png", f"{address}/report.png?{urlencode(query)}"),
    )
    return " · ".join(f'<a href="{escape(url)}" download>{words(key)}</a>' for key, url in files)


def _table(desk: Desk, groups: Sequence[Group]) -> str:
    words = desk.words
    head = [
        words("overview.group"),
        words("overview.rate"),
        "95 %",
        words("overview.judged"),
        words("overview.violations"),
        words("overview.unknown"),
    ]
    rows = [
        [
            escape(each.key),
            percent(each.rate.share),
            f"{percent(each.rate.low)} - {percent(each.rate.high)}",
            str(each.rate.judged),
            str(each.rate.judged - each.rate.masked),
            str(each.rate.unknown),
        ]
        for each in groups
    ]
    return table(words("overview.table"), head, rows, words("common.none"))
