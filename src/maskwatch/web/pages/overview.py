"""Overview: the compliance rate, when and where, and compared with before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from html import escape
from typing import Any
from urllib.parse import urlencode

from nicegui import ui
from starlette.requests import Request

from maskwatch.errors import UsageError
from maskwatch.store.records import CountBy
from maskwatch.types import Fault, State
from maskwatch.web.actions.compliance import Rate
from maskwatch.web.actions.overview import Comparison, Group, Period, by_group, compare
from maskwatch.web.actions.report import change_words, percent
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.parts import CHART_LINES, CHART_TEXT, STATE_COLOURS, heading, html, table
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
            self._days = self._range(self._span, today - timedelta(days=6), today)
            against = {key: words(f"overview.{key}") for key in ("before", "custom")}
            self._against = ui.select(
                against, value="before", label=words("overview.against"), on_change=self.update
            )
            week = timedelta(days=7)
            self._before = self._range(self._against, today - 2 * week, today - week)
            groups = {by.value: words(f"overview.by_{by.value}") for by in _GROUPS}
            self._by = ui.select(
                groups, value=CountBy.DAY.value, label=words("overview.by"), on_change=self.update
            )
            self._cameras = ui.select(
                names, multiple=True, label=words("common.camera"), on_change=self.update
            ).props("use-chips")
            self._files = html("")

    def _range(self, choice: ui.select, first: date, last: date) -> tuple[ui.input, ui.input]:
        """Two days, seen when ``choice`` is for days of one's own."""
        words, said = self._desk.words, choice.props["label"]
        days = (
            _day(f"{said}: {words('overview.from')}", first, self.update),
            _day(f"{said}: {words('overview.to')}", last, self.update),
        )
        for day in days:
            day.bind_visibility_from(choice, "value", value="custom")
        return days

    async def update(self) -> None:
        words = self._desk.words
        try:
            period, before = self._periods()
        except (UsageError, ValueError) as error:
            self._desk.tell(words("common.failed", reason=error), is_bad=True)
            return
        by = CountBy(self._by.value)
        seen = await self._desk.ask(_everything, period, before, by)
        if seen is None:
            return
        comparison, groups = seen
        self._files.set_content(_links(words, period, before, by))
        self._body.clear()
        with self._body:
            self._tiles(comparison, change_words(words, comparison, before))
            with ui.element("div").classes("mw-even"):
                self._chart(groups, by)
                self._faults(comparison.after)
            with ui.expansion(words("overview.table")).classes("mw-card"):
                html(_table(self._desk, groups))

    def _periods(self) -> tuple[Period, Period]:
        today = self._desk.web.now().astimezone(self._desk.web.timezone).date()
        first, last = today - timedelta(days=_DAYS.get(self._span.value, 1) - 1), today
        if self._span.value == "custom":
            first, last = _chosen(self._days)
        period = Period(self._start(first), self._end(last), tuple(self._cameras.value or ()))
        if self._against.value != "custom":
            days = last - first + timedelta(days=1)
            return period, replace(period, since=self._start(first - days), until=period.since)
        first, last = _chosen(self._before)
        return period, replace(period, since=self._start(first), until=self._end(last))

    def _start(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._desk.web.timezone)

    def _end(self, day: date) -> datetime:
        return self._start(day + timedelta(days=1))

    def _tiles(self, comparison: Comparison, change: str) -> None:
        words, rate = self._desk.words, comparison.after
        interval = words("overview.no_rate")
        if rate.low is not None:
            interval = words("overview.interval", low=percent(rate.low), high=percent(rate.high))
        with ui.element("div").classes("mw-tiles"):
            with ui.element("div").classes("mw-card mw-wide"):
                ui.label(words("overview.rate"))
                ui.label(percent(rate.share)).classes("mw-big")
                ui.label(interval).classes("mw-faint")
                ui.label(change).classes("mw-faint")
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


def _day(label: str, value: date, on_change: Any) -> ui.input:
    return ui.input(label, value=str(value), on_change=on_change).props('type="date" stack-label')


def _chosen(days: tuple[ui.input, ui.input]) -> tuple[date, date]:
    first, last = (date.fromisoformat(each.value) for each in days)
    return first, last


def _everything(
    web: WebContext, principal: Principal, period: Period, before: Period, by: CountBy
) -> tuple[Comparison, Sequence[Group]]:
    return compare(web, principal, period, before), by_group(web, principal, period, by)


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
            "axisLabel": {"rotate": 30, **CHART_TEXT},
        },
        "yAxis": {
            "type": "value",
            "min": 0,
            "max": 100,
            "axisLabel": {"formatter": "{value} %", **CHART_TEXT},
            "splitLine": CHART_LINES,
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
                "itemStyle": CHART_TEXT,
                "z": 10,
            },
        ],
    }


def _fault_chart(desk: Desk, rate: Rate) -> dict[str, Any]:
    found = [
        (desk.said(State.INCORRECT, fault), rate.faults[fault], State.INCORRECT) for fault in Fault
    ]
    found.append((desk.said(State.NO_MASK), rate.states[State.NO_MASK], State.NO_MASK))
    return {
        "tooltip": {},
        "grid": {"left": 120, "right": 24, "top": 16, "bottom": 32},
        "xAxis": {
            "type": "value",
            "minInterval": 1,
            "axisLabel": CHART_TEXT,
            "splitLine": CHART_LINES,
        },
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": [name for name, _, _ in found],
            "axisLabel": CHART_TEXT,
        },
        "series": [
            {
                "type": "bar",
                "barMaxWidth": 32,
                "label": {"show": True, "position": "right", **CHART_TEXT},
                "data": [
                    {"value": count, "itemStyle": {"color": STATE_COLOURS[state]}}
                    for _, count, state in found
                ],
            }
        ],
    }


def _links(words: Words, period: Period, before: Period, by: CountBy) -> str:
    query = [("since", period.since.isoformat()), ("until", period.until.isoformat())]
    query += [("camera", each) for each in period.cameras]
    compared = [
        ("before_since", before.since.isoformat()),
        ("before_until", before.until.isoformat()),
    ]
    address = "/api/v1/people"
    files = (
        ("overview.csv", f"{address}/groups.csv?{urlencode([*query, ('by', by.value)])}"),
        ("overview.pdf", f"{address}/report.pdf?{urlencode([*query, *compared])}"),
        ("overview.png", f"{address}/report.png?{urlencode([*query, *compared])}"),
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
        *(desk.said(State.INCORRECT, fault) for fault in Fault),
    ]
    rows = [
        [
            escape(each.key),
            percent(each.rate.share),
            f"{percent(each.rate.low)} - {percent(each.rate.high)}",
            str(each.rate.judged),
            str(each.rate.judged - each.rate.masked),
            str(each.rate.unknown),
            *(
                escape(words("overview.too_few")) if count is None else str(count)
                for count in (each.rate.faults[fault] for fault in Fault)
            ),
        ]
        for each in groups
    ]
    return table(words("overview.table"), head, rows, words("common.none"))
