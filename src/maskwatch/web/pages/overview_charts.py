"""The charts of the overview, as ECharts takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from maskwatch.store.records import CountBy
from maskwatch.web.actions.compliance import FaultShare, Rate, fault_shares
from maskwatch.web.actions.overview import Group
from maskwatch.web.actions.report import group_names
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.parts import CHART_LINES, CHART_TEXT, STATE_COLOURS
from maskwatch.web.text import Words

_GREEN = "#1f9c82"
_MOST_BARS = 48
"""More moments than that are a line: bars would be too narrow to be told apart, or to hit."""
_TIMES = (CountBy.HOUR, CountBy.DAY, CountBy.WEEK, CountBy.MONTH)
_NAME = {"interval": 0, "width": 140, "overflow": "truncate"}
"""A label for each bar that has a name: however many there are, none is left out."""
_ROW_REM, _LEAST_REM, _AXIS_REM = 1.6, 20.0, 3.0
_TOOLTIP = """(items) => {
  const {name, data} = items.find((each) => each.data.said !== undefined);
  const safe = (text) => text.replace(/[&<>"]/g, (c) => '&#' + c.charCodeAt(0) + ';');
  return [name, ...data.said].map(safe).join('<br>');
}"""
_COUNT = r"""(count) => String(count ?? '-').replace(/\B(?=(\d{3})+$)/g, '\u00a0')"""
"""By itself ECharts writes 1,000, which is one in German; this space is for every language."""
_WHISKER = """(params, api) => {
  const lies = params.encode.y.length === 1;
  const at = (share) => api.coord(lies ? [share, api.value(0)] : [api.value(0), share]);
  const low = at(api.value(1)), high = at(api.value(2));
  const room = lies ? api.size([0, 1])[1] : api.size([1, 0])[0];
  const half = Math.min(5, room / 4);
  const dx = lies ? 0 : half, dy = lies ? half : 0;
  const lineWidth = room < 12 ? 1 : 2;
  const line = (x1, y1, x2, y2) => ({type: 'line', shape: {x1, y1, x2, y2},
    style: {stroke: api.visual('color'), lineWidth}});
  return {type: 'group', children: [
    line(low[0], low[1], high[0], high[1]),
    line(low[0] - dx, low[1] - dy, low[0] + dx, low[1] + dy),
    line(high[0] - dx, high[1] - dy, high[0] + dx, high[1] + dy)]};
}"""


class Bar(NamedTuple):
    """A share of people with its 95 % interval; all in [0, 1]."""

    name: str
    share: float
    low: float
    high: float
    said: tuple[str, ...]
    """Lines for the mouse: the share, of how many, and its interval."""
    colour: str = _GREEN


def rate_bars(words: Words, by: CountBy, groups: Sequence[Group]) -> list[Bar]:
    """Who wears the mask; groups without a rate are left out."""
    found = []
    for name, each in zip(group_names(words, by, groups), groups, strict=True):
        share, low, high = each.rate.share, each.rate.low, each.rate.high
        if share is not None and low is not None and high is not None:
            said = _said(words, each.rate, each.rate.judged)
            found.append(Bar(name, share, low, high, said))
    return found


def fault_bars(desk: Desk, rate: Rate) -> list[Bar]:
    """How often each fault occurs."""
    found = []
    for each in fault_shares(rate):
        if each.share is not None and each.low is not None and each.high is not None:
            name, colour = desk.said(each.state, each.fault), STATE_COLOURS[each.state]
            said = _said(desk.words, each, rate.judged)
            found.append(Bar(name, each.share, each.low, each.high, said, colour))
    return found


def _said(words: Words, share: Rate | FaultShare, people: int) -> tuple[str, ...]:
    low, high = words.percent(share.low), words.percent(share.high)
    return f"{words.percent(share.share)} (n = {people})", f"95 %: {low} – {high}"  # noqa: RUF001


def share_chart(title: str, shown: Sequence[Bar], by: CountBy | None) -> dict[str, Any]:
    """Bars with whiskers, in percent, that lie where they have names; for many moments a line.

    Args:
        title: what the shares are.
        shown: one for each group.
        by: what makes a group; None for faults, whose axis ends where they do.
    """
    lies = _has_names(by)
    groups = {
        "type": "category",
        "data": [each.name for each in shown],
        "inverse": lies,
        "axisLabel": {**(_NAME if lies else {"hideOverlap": True}), **CHART_TEXT},
    }
    shares = {
        "type": "value",
        "min": 0,
        **({} if by is None else {"max": 100}),
        "axisLabel": {"formatter": "{value} %", "hideOverlap": True, **CHART_TEXT},
        "splitLine": CHART_LINES,
    }
    is_line = by in _TIMES and len(shown) > _MOST_BARS
    return {
        "tooltip": {"trigger": "axis", ":formatter": _TOOLTIP},
        "grid": {"left": 156 if lies else 48, "right": 24, "top": 16, "bottom": 32},
        "xAxis": shares if lies else groups,
        "yAxis": groups if lies else shares,
        "series": _line(title, shown) if is_line else _bars(title, shown, lies=lies),
    }


def share_chart_rem(shown: Sequence[Bar], by: CountBy | None) -> float:
    """How high `share_chart` has to be."""
    return max(_LEAST_REM, _AXIS_REM + _ROW_REM * len(shown)) if _has_names(by) else _LEAST_REM


def _has_names(by: CountBy | None) -> bool:
    """Whether its groups are called something, rather than follow each other in time."""
    return by not in (*_TIMES, CountBy.HOUR_OF_DAY)


def _bars(title: str, shown: Sequence[Bar], *, lies: bool) -> list[dict[str, Any]]:
    whiskers = [[i, _percent(each.low), _percent(each.high)] for i, each in enumerate(shown)]
    return [
        {"type": "bar", "name": title, "data": _points(shown), "barMaxWidth": 48},
        {
            "type": "custom",
            "name": "95 %",
            "data": whiskers,
            ":renderItem": _WHISKER,
            "encode": {"x": [1, 2], "y": 0} if lies else {"x": 0, "y": [1, 2]},
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
            "said": each.said,
            "itemStyle": {"color": each.colour},
        }
        for each in shown
    ]


def _percent(share: float) -> float:
    return round(100 * share, 1)


def fault_chart(desk: Desk, rate: Rate) -> dict[str, Any]:
    """How many people wore their masks badly, and how."""
    found = fault_shares(rate)
    return {
        "tooltip": {":valueFormatter": _COUNT},
        "grid": {"left": 120, "right": 48, "top": 16, "bottom": 32},
        "xAxis": {
            "type": "value",
            "minInterval": 1,
            "axisLabel": {":formatter": _COUNT, **CHART_TEXT},
            "splitLine": CHART_LINES,
        },
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": [desk.said(each.state, each.fault) for each in found],
            "axisLabel": CHART_TEXT,
        },
        "series": [
            {
                "type": "bar",
                "barMaxWidth": 32,
                "label": {"show": True, "position": "right", **CHART_TEXT},
                "data": [
                    {"value": each.people, "itemStyle": {"color": STATE_COLOURS[each.state]}}
                    for each in found
                ],
            }
        ],
    }
