"""The charts of the overview, as ECharts takes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from maskwatch.store.records import CountBy
from maskwatch.types import Fault, State
from maskwatch.web.actions.compliance import Rate, fault_shares
from maskwatch.web.actions.overview import Group
from maskwatch.web.actions.report import group_name
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.parts import CHART_LINES, CHART_TEXT, STATE_COLOURS
from maskwatch.web.text import Words

_GREEN = "#1f9c82"
_MOST_BARS = 48
"""More moments than that are a line: bars would be too narrow to be told apart, or to hit."""
_TIMES = (CountBy.HOUR, CountBy.DAY, CountBy.WEEK, CountBy.MONTH)
_SLANTED = {"rotate": 45, "width": 100, "overflow": "truncate"}
"""Labels of names. Those of times stay level: some are left out, slanted ones would overlap."""
_TOOLTIP = """(items) => {
  const {name, value, data} = items.find((each) => each.data.judged !== undefined);
  const said = name.replace(/[&<>"]/g, (c) => '&#' + c.charCodeAt(0) + ';');
  return [said, value + ' % (n = ' + data.judged + ')',
    '95 %: ' + data.low + ' - ' + data.high + ' %'].join('<br>');
}"""
_WHISKER = """(params, api) => {
  const low = api.coord([api.value(0), api.value(1)]);
  const high = api.coord([api.value(0), api.value(2)]);
  const room = api.size([1, 0])[0];
  const half = Math.min(5, room / 4);
  const lineWidth = room < 12 ? 1 : 2;
  const line = (x1, y1, x2, y2) => ({type: 'line', shape: {x1, y1, x2, y2},
    style: {stroke: api.visual('color'), lineWidth}});
  return {type: 'group', children: [
    line(low[0], low[1], high[0], high[1]),
    line(low[0] - half, low[1], low[0] + half, low[1]),
    line(high[0] - half, high[1], high[0] + half, high[1])]};
}"""


class Bar(NamedTuple):
    """A share of people with its 95 % interval; all in [0, 1]."""

    name: str
    share: float
    low: float
    high: float
    people: int
    """Of whom it is the share."""
    colour: str = _GREEN


def rate_bars(words: Words, by: CountBy, groups: Iterable[Group]) -> list[Bar]:
    """Who wears the mask; groups without a rate are left out."""
    found = []
    for each in groups:
        share, low, high = each.rate.share, each.rate.low, each.rate.high
        if share is not None and low is not None and high is not None:
            name = group_name(words, by, each.key)
            found.append(Bar(name, share, low, high, each.rate.judged))
    return found


def fault_bars(desk: Desk, rate: Rate) -> list[Bar]:
    """How often each fault occurs."""
    found = []
    for each in fault_shares(rate):
        if each.share is not None and each.low is not None and each.high is not None:
            name, colour = desk.said(each.state, each.fault), STATE_COLOURS[each.state]
            found.append(Bar(name, each.share, each.low, each.high, rate.judged, colour))
    return found


def share_chart(title: str, shown: Sequence[Bar], by: CountBy | None) -> dict[str, Any]:
    """Bars with whiskers, in percent; for many moments a line in a band.

    Args:
        title: what the shares are.
        shown: one for each group.
        by: what makes a group; None for faults, whose axis ends where they do.
    """
    is_line = by in _TIMES and len(shown) > _MOST_BARS
    is_time = by in _TIMES or by is CountBy.HOUR_OF_DAY
    labels, edge = ({}, 32) if is_time else (_SLANTED, 72)
    return {
        "tooltip": {"trigger": "axis", ":formatter": _TOOLTIP},
        "grid": {"left": max(48, edge), "right": 16, "top": 16, "bottom": edge},
        "xAxis": {
            "type": "category",
            "data": [each.name for each in shown],
            "axisLabel": {"hideOverlap": True, **labels, **CHART_TEXT},
        },
        "yAxis": {
            "type": "value",
            "min": 0,
            **({} if by is None else {"max": 100}),
            "axisLabel": {"formatter": "{value} %", **CHART_TEXT},
            "splitLine": CHART_LINES,
        },
        "series": (_line if is_line else _bars)(title, shown),
    }


def _bars(title: str, shown: Sequence[Bar]) -> list[dict[str, Any]]:
    whiskers = [[i, _percent(each.low), _percent(each.high)] for i, each in enumerate(shown)]
    return [
        {"type": "bar", "name": title, "data": _points(shown), "barMaxWidth": 48},
        {
            "type": "custom",
            "name": "95 %",
            "data": whiskers,
            ":renderItem": _WHISKER,
            "encode": {"x": 0, "y": [1, 2]},
            "itemStyle": CHART_TEXT,
            "z": 10,
        },
    ]


def _line(title: str, shown: Sequence[Bar]) -> list[dict[str, Any]]:
    # ECharts has no bands: one is an area on top of a line that nobody sees.
    edge = {"type": "line", "stack": "95 %", "symbol": "none", "lineStyle": {"opacity": 0}}
    band = {"areaStyle": {"color": _GREEN, "opacity": 0.3}}
    lows = [_percent(each.low) for each in shown]
    heights = [_percent(each.high - each.low) for each in shown]
    return [
        {**edge, "name": "low", "data": lows},
        {**edge, "name": "95 %", "data": heights, **band},
        {
            "type": "line",
            "name": title,
            "data": _points(shown),
            "showSymbol": False,
            "lineStyle": {"color": _GREEN, "width": 2},
            "z": 10,
        },
    ]


def _points(shown: Sequence[Bar]) -> list[dict[str, Any]]:
    """What is drawn, and what the mouse is told."""
    return [
        {
            "value": _percent(each.share),
            "judged": each.people,
            "low": _percent(each.low),
            "high": _percent(each.high),
            "itemStyle": {"color": each.colour},
        }
        for each in shown
    ]


def _percent(share: float) -> float:
    return round(100 * share, 1)


def fault_chart(desk: Desk, rate: Rate) -> dict[str, Any]:
    """How many people wore their masks badly, and how."""
    found = [
        (desk.said(State.INCORRECT, fault), rate.faults[fault], State.INCORRECT) for fault in Fault
    ]
    found.append((desk.said(State.NO_MASK), rate.states[State.NO_MASK], State.NO_MASK))
    return {
        "tooltip": {},
        "grid": {"left": 120, "right": 48, "top": 16, "bottom": 32},
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
