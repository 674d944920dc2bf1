"""The charts of the overview, as ECharts takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from maskwatch.store.records import CountBy
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.parts import CHART_LINES, CHART_TEXT, STATE_COLOURS
from maskwatch.web.rates.periods import Group
from maskwatch.web.rates.rate import JUDGED, FaultShare, Rate, fault_shares
from maskwatch.web.rates.wording import count_said, group_names, state_said
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
    """With a mark where counts are missing in it."""
    share: float | None
    """None leaves the place of the bar empty: it is hidden."""
    low: float | None
    high: float | None
    said: tuple[str, ...]
    """Lines for the mouse: the share, of how many, and its interval."""
    colour: str = _GREEN


def rate_bars(words: Words, by: CountBy, groups: Sequence[Group]) -> list[Bar]:
    """Who wears the mask; groups of whom nobody could be judged are left out."""
    return [
        _bar(words, name, each.rate, each.rate, state_said(words, each.rate, *JUDGED))
        for name, each in zip(group_names(words, by, groups), groups, strict=True)
        if each.rate.share is not None or each.rate.is_hidden
    ]


def fault_bars(desk: Desk, rate: Rate) -> list[Bar]:
    """How often each fault occurs."""
    words = desk.words
    judged = state_said(words, rate, *JUDGED)
    return [
        _bar(words, desk.said(each.state, each.fault), rate, each, judged)._replace(
            colour=STATE_COLOURS[each.state]
        )
        for each in fault_shares(rate)
        if each.share is not None or rate.hidden
    ]


def _bar(words: Words, name: str, rate: Rate, share: Rate | FaultShare, judged: str) -> Bar:
    mark = "*" if rate.hidden else ""
    if share.share is None:
        return Bar(f"{name}{mark}", None, None, None, (words("overview.hidden_count"),))
    low, high = words.percent(share.low), words.percent(share.high)
    people = judged if rate.hidden else f"= {judged}"
    said = f"{words.percent(share.share)}{mark} (n {people})", f"95 %: {low} – {high}"  # noqa: RUF001
    return Bar(f"{name}{mark}", share.share, share.low, share.high, said)


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
    whiskers = [
        [i, _percent(each.low), _percent(each.high)]
        for i, each in enumerate(shown)
        if each.share is not None
    ]
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
    heights = [
        None if each.high is None or each.low is None else _percent(each.high - each.low)
        for each in shown
    ]
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


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)


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
                "data": [_counted(desk.words, rate, each) for each in found],
            }
        ],
    }


def _counted(words: Words, rate: Rate, share: FaultShare) -> dict[str, Any]:
    """A bar of `fault_chart`; what is hidden, or only the least that there was, is said beside."""
    bar: dict[str, Any] = {
        "value": share.people or 0,
        "itemStyle": {"color": STATE_COLOURS[share.state]},
    }
    if not rate.hidden:
        return bar
    said = count_said(words, rate, share.people)
    return {**bar, "label": {"formatter": said}, "tooltip": {"formatter": said}}
