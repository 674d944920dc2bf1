"""Overview: the compliance rate, when and where, and compared with before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from html import escape
from urllib.parse import urlencode

from nicegui import ui
from starlette.requests import Request

from maskwatch.errors import UsageError
from maskwatch.store.records import CountBy
from maskwatch.types import Fault, State
from maskwatch.web.actions.people import by_group, camera_names, compare, zones_of
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.newest import Newest
from maskwatch.web.pages.overview_charts import (
    fault_bars,
    fault_chart,
    rate_bars,
    share_chart,
    share_chart_rem,
)
from maskwatch.web.pages.parts import attribute, heading, html, table, whole
from maskwatch.web.pages.route import working_page
from maskwatch.web.rates.periods import Comparison, Group, Period
from maskwatch.web.rates.rate import JUDGED, FaultShare, Rate, fault_shares
from maskwatch.web.rates.wording import (
    change_words,
    count_said,
    group_names,
    hidden_words,
    share_said,
    state_said,
    why_no_rate,
    zone_name,
)
from maskwatch.web.text import Words

_FAULT = "fault"
_GROUPS = (
    *(CountBy.HOUR, CountBy.DAY, CountBy.WEEK, CountBy.MONTH, CountBy.HOUR_OF_DAY),
    *(CountBy.CAMERA, CountBy.ZONE),
)
_VIOLATIONS = (State.INCORRECT, State.NO_MASK)
_DAYS = {"today": 1, "days7": 7, "days30": 30, "days90": 90}


@working_page("/overview")
async def overview_page(request: Request) -> None:
    """The page."""
    desk = Desk(request)
    with desk.page(desk.words("overview.title")):
        page = _OverviewPage(desk)
    await page.update()


class _OverviewPage:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._questions = Newest()
        self._choices()
        self._body = ui.element("div").props('aria-live="polite"').classes("mw-stack")

    def _choices(self) -> None:
        words = self._desk.words
        today = self._desk.web.now().astimezone(self._desk.web.timezone()).date()
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
            last = today - timedelta(days=7)  # the day before the period that is chosen first
            self._before = self._range(self._against, last - timedelta(days=6), last)
            groups = {by: words(f"overview.by_{by}") for by in (*_GROUPS, _FAULT)}
            self._by = ui.select(
                groups, value=CountBy.DAY.value, label=words("overview.by"), on_change=self.update
            )
            self._cameras = ui.select(
                [], multiple=True, label=words("common.camera"), on_change=self.update
            ).props("use-chips")
            self._zones = ui.select(
                {}, multiple=True, label=words("overview.zone"), on_change=self.update
            ).props("use-chips")
            self._zones.set_visibility(False)
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
        words, is_newest = self._desk.words, self._questions.begin()
        try:
            period, before = self._periods()
        except (UsageError, ValueError, OverflowError):
            self._clear()
            with self._body:
                ui.label(words("overview.bad_dates")).classes("mw-warn")
            return
        seen = await self._desk.ask(_everything, period, before, self._by.value)
        if not is_newest():
            return
        self._clear()
        if seen is None:
            return
        self._offer(seen)
        self._files.set_content(_links(words, period, before, self._by.value))
        with self._body:
            self._tiles(seen.comparison, change_words(words, seen.comparison, before))
            with ui.element("div").classes("mw-even"):
                self._shares(seen)
                self._faults(seen.comparison.after)
            with ui.expansion(words("overview.table")).classes("mw-card"):
                html(_table(self._desk, seen))

    def _clear(self) -> None:
        """Shows nothing rather than what was asked for before."""
        self._files.set_content("")
        self._body.clear()

    def _offer(self, seen: _Seen) -> None:
        """Cameras and zones to choose; what is chosen stays there to be taken back."""
        cameras, zones = self._cameras.value or [], self._zones.value or []
        self._cameras.set_options(list(dict.fromkeys([*seen.cameras, *cameras])))
        names = sorted({*seen.zones, *zones})
        self._zones.set_options({each: zone_name(self._desk.words, each) for each in names})
        self._zones.set_visibility(any(names))

    def _periods(self) -> tuple[Period, Period]:
        today = self._desk.web.now().astimezone(self._desk.web.timezone()).date()
        first, last = today - timedelta(days=_DAYS.get(self._span.value, 1) - 1), today
        if self._span.value == "custom":
            first, last = _chosen(self._days)
        chosen = (tuple(each.value or ()) for each in (self._cameras, self._zones))
        period = Period(self._start(first), self._end(last), *chosen)
        if self._against.value != "custom":
            days = last - first + timedelta(days=1)
            return period, replace(period, since=self._start(first - days), until=period.since)
        first, last = _chosen(self._before)
        return period, replace(period, since=self._start(first), until=self._end(last))

    def _start(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._desk.web.timezone())

    def _end(self, day: date) -> datetime:
        return self._start(day + timedelta(days=1))

    def _tiles(self, comparison: Comparison, change: str) -> None:
        words, rate = self._desk.words, comparison.after
        interval = why_no_rate(words, rate)
        if rate.low is not None:
            interval = words(
                "overview.interval", low=words.percent(rate.low), high=words.percent(rate.high)
            )
        with ui.element("div").classes("mw-tiles"):
            with ui.element("div").classes("mw-card mw-wide"):
                ui.label(words("overview.rate"))
                ui.label(share_said(words, rate)).classes("mw-big")
                ui.label(interval).classes("mw-faint")
                ui.label(change).classes("mw-faint")
                ui.label(words("overview.rate_note")).classes("mw-faint")
                as_of = self._desk.time(self._desk.web.now(), "%H:%M")
                ui.label(words("overview.as_of", time=as_of)).classes("mw-faint")
            for key, states in (
                ("overview.judged", JUDGED),
                ("overview.violations", _VIOLATIONS),
                ("overview.unknown", (State.UNKNOWN,)),
            ):
                with ui.element("div").classes("mw-card mw-tile"):
                    count = state_said(words, rate, *states)
                    html(f"{escape(words(key))}<b>{escape(count)}</b>")
                    if key == "overview.unknown":
                        ui.label(words("overview.unknown_note")).classes("mw-faint")
        if missing := hidden_words(words, comparison):
            ui.label(missing).classes("mw-note")

    def _shares(self, seen: _Seen) -> None:
        words = self._desk.words
        if seen.groups is None:
            by, title = None, words("overview.fault_axis")
            bars = fault_bars(self._desk, seen.comparison.after)
        else:
            (by, groups), title = seen.groups, words("overview.share_axis")
            bars = rate_bars(words, by, groups)
        with ui.element("div").classes("mw-card"):
            heading(words(f"overview.by_{self._by.value}"))
            chart = ui.echart(share_chart(title, bars, by)).classes("mw-chart")
            chart.style(f"height: {share_chart_rem(bars, by):.1f}rem")
            chart.props(f'role="img" aria-label={attribute(title)}')

    def _faults(self, rate: Rate) -> None:
        words = self._desk.words
        with ui.element("div").classes("mw-card"):
            heading(words("overview.faults"))
            chart = ui.echart(fault_chart(self._desk, rate)).classes("mw-chart")
            chart.props(f'role="img" aria-label="{words("overview.faults")}"')


def _day(label: str, value: date, on_change: Callable[[], Awaitable[None]]) -> ui.input:
    return ui.input(label, value=str(value), on_change=on_change).props(
        'type="date" stack-label debounce=400'
    )


def _chosen(days: tuple[ui.input, ui.input]) -> tuple[date, date]:
    first, last = (date.fromisoformat(each.value) for each in days)
    return first, last


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a page shows."""

    comparison: Comparison
    groups: tuple[CountBy, Sequence[Group]] | None
    """None when the faults are asked for, which the comparison has."""
    cameras: Sequence[str]
    """Those that can be chosen."""
    zones: Sequence[str]
    """Those that people were seen in."""


def _everything(
    web: WebContext, principal: Principal, period: Period, before: Period, by: str
) -> _Seen:
    comparison = compare(web, principal, period, before)
    groups = None
    if by != _FAULT:
        groups = CountBy(by), by_group(web, principal, period, CountBy(by))
    names = camera_names(web, principal)
    return _Seen(comparison, groups, names, zones_of(web, principal, period))


def _links(words: Words, period: Period, before: Period, by: str) -> str:
    query = [("since", period.since.isoformat()), ("until", period.until.isoformat())]
    query += [("camera", each) for each in period.cameras]
    query += [("zone", each) for each in period.zones]
    compared = [
        ("before_since", before.since.isoformat()),
        ("before_until", before.until.isoformat()),
    ]
    address = "/api/v1/people"
    opened_in = [*query, ("language", words.language)]
    lines = f"faults.csv?{urlencode(opened_in)}"
    if by != _FAULT:
        lines = f"groups.csv?{urlencode([*opened_in, ('by', by)])}"
    files = (
        ("overview.csv", f"{address}/{lines}"),
        ("overview.pdf", f"{address}/report.pdf?{urlencode([*query, *compared])}"),
        ("overview.png", f"{address}/report.png?{urlencode([*query, *compared])}"),
    )
    return " · ".join(f'<a href="{escape(url)}" download>{words(key)}</a>' for key, url in files)


def _table(desk: Desk, seen: _Seen) -> str:
    if seen.groups is None:
        return _fault_table(desk, seen.comparison)
    return group_table(desk, *seen.groups)


def _fault_table(desk: Desk, comparison: Comparison) -> str:
    words = desk.words
    head = [words("overview.group"), words("overview.people"), words("overview.fault_axis")]
    head += ["95 %", words("overview.share_before")]
    now, then = comparison.after, comparison.before
    rows = [
        [
            escape(desk.said(each.state, each.fault)),
            escape(count_said(words, now, each.people)),
            escape(share_said(words, now, each)),
            _interval(words, each),
            escape(share_said(words, then, before)),
        ]
        for each, before in zip(fault_shares(now), fault_shares(then), strict=True)
    ]
    return table(words("overview.table"), head, rows, words("common.none"))


def group_table(desk: Desk, by: CountBy, groups: Sequence[Group]) -> str:
    """HTML of a table with a row for each group."""
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
            escape(name),
            escape(share_said(words, each.rate)),
            _interval(words, each.rate),
            *(
                whole(state_said(words, each.rate, *states))
                for states in (JUDGED, _VIOLATIONS, (State.UNKNOWN,))
            ),
            *(whole(count_said(words, each.rate, each.rate.faults[fault])) for fault in Fault),
        ]
        for name, each in zip(group_names(words, by, groups), groups, strict=True)
    ]
    return table(words("overview.table"), head, rows, words("common.none"))


def _interval(words: Words, share: Rate | FaultShare) -> str:
    low, high = (whole(words.percent(end)) for end in (share.low, share.high))
    return f"{low} – {high}"  # noqa: RUF001 - a dash is meant
