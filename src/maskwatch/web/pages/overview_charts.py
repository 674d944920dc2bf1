"""The charts of the overview, as ECharts takes them."""

from __future__ import annotations

from collections.abc import Iterable
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


def share_chart(title: str, bars: Iterable[Bar], *, to_100: bool) -> dict[str, Any]:
    """Bars with whiskers, in percent.

    Args:
        title: what the shares are.
        bars: one for each.
        to_100: whether the axis goes to 100 % in any case.
    """
    shown = list(bars)
    return {
        "tooltip": {"trigger": "axis", ":formatter": _TOOLTIP},
        "grid": {"left": 48, "right": 16, "top": 16, "bottom": 64},
        "xAxis": {
            "type": "category",
            "data": [each.name for each in shown],
            "axisLabel": {"rotate": 30, **CHART_TEXT},
        },
        "yAxis": {
            "type": "value",
            "min": 0,
            **({"max": 100} if to_100 else {}),
            "axisLabel": {"formatter": "{value} %", **CHART_TEXT},
            "splitLine": CHART_LINES,
        },
        "series": [
            {
                "type": "bar",
                "name": title,
                "data": [
                    {
                        "value": _percent(each.share),
                        "judged": each.people,
                        "itemStyle": {"color": each.colour},
                    }
                    for each in shown
                ],
                "barMaxWidth": 48,
            },
            {
                "type": "custom",
                "name": "95 %",
                "data": [
                    [i, _percent(each.low), _percent(each.high)] for i, each in enumerate(shown)
                ],
                ":renderItem": _WHISKER,
                "encode": {"x": 0, "y": [1, 2]},
                "itemStyle": CHART_TEXT,
                "z": 10,
            },
        ],
    }


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
