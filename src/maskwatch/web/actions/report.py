"""The report: one printable page with the rate, where and when it was good, and the faults."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from PIL import Image, ImageDraw, ImageFont

from maskwatch.store.records import CountBy
from maskwatch.types import Fault, State
from maskwatch.web.actions.compliance import Rate
from maskwatch.web.actions.overview import Comparison, Group, Period, by_group, compare
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.text import Words

_DPI = 150
_SIZE = (1240, 1754)  # A4 upright
_MARGIN = 90
_MOST_ROWS = 12

_INK, _FAINT, _LINE, _BAR, _SPREAD = "#1c1e24", "#5b606b", "#c9ccd3", "#007d64", "#7fc4b5"


@dataclass(frozen=True, slots=True)
class Report:
    """What the page says."""

    words: Words
    period: Period
    made_at: datetime
    comparison: Comparison
    days: Sequence[Group]
    cameras: Sequence[Group]


def make_report(web: WebContext, principal: Principal, period: Period) -> Report:
    """Counts everything that the report shows, in the user's language."""
    return Report(
        Words.of(principal.user.language),
        Period(
            period.since.astimezone(web.timezone),
            period.until.astimezone(web.timezone),
            period.cameras,
            period.zones,
        ),
        web.now().astimezone(web.timezone),
        compare(web, principal, period),
        by_group(web, principal, period, CountBy.DAY),
        by_group(web, principal, period, CountBy.CAMERA),
    )


def as_png(report: Report) -> bytes:
    """The page as a picture of 1240 x 1754 pixels."""
    out = io.BytesIO()
    _draw(report).save(out, "PNG", optimize=True)
    return out.getvalue()


def as_pdf(report: Report) -> bytes:
    """The page as a PDF of one A4 page."""
    out = io.BytesIO()
    _draw(report).save(out, "PDF", resolution=_DPI, title="maskwatch")
    return out.getvalue()


def percent(share: float | None) -> str:
    """Such as ``93.1 %``; a dash where there is none."""
    return "–" if share is None else f"{100 * share:.1f} %"  # noqa: RUF001 - a dash is meant


def _draw(report: Report) -> Image.Image:
    page = Image.new("RGB", _SIZE, "white")
    pen = _Pen(page)
    words, after = report.words, report.comparison.after
    pen.line(words("report.title"), 52)
    span = f"{report.period.since:%Y-%m-%d %H:%M} - {report.period.until:%Y-%m-%d %H:%M %Z}"
    pen.line(span, 28, _FAINT)
    if report.period.cameras:
        pen.line(", ".join(report.period.cameras), 28, _FAINT)
    pen.space(30)
    pen.line(percent(after.share), 110)
    pen.line(_interval(words, after), 28, _FAINT)
    pen.line(_change(words, report.comparison), 28, _FAINT)
    pen.space(30)
    for text in _counts(words, after):
        pen.line(text, 28)
    if after.hidden:
        pen.line(words("report.hidden", count=after.hidden), 24, _FAINT)
    _rows(pen, words("overview.by_day"), report.days[-_MOST_ROWS:])
    _rows(pen, words("overview.by_camera"), report.cameras[:_MOST_ROWS])
    made = words("report.made", time=f"{report.made_at:%Y-%m-%d %H:%M %Z}")
    pen.foot([words("report.note"), made])
    return page


def _interval(words: Words, rate: Rate) -> str:
    if rate.low is None or rate.high is None:
        return words("report.no_rate")
    low, high = percent(rate.low), percent(rate.high)
    return words("report.interval", low=low, high=high, judged=rate.judged)


def _change(words: Words, comparison: Comparison) -> str:
    points = comparison.change.points
    if points is None:
        return words("overview.no_comparison")
    key = "overview.change_clear" if comparison.change.is_clear else "overview.change_unclear"
    return words(key, points=f"{points:+.1f}", before=percent(comparison.before.share))


def _counts(words: Words, rate: Rate) -> list[str]:
    def said(count: int | None) -> str:
        return words("overview.too_few") if count is None else str(count)

    states = [f"{words(f'state.{state.value}')}: {said(rate.states[state])}" for state in State]
    faults = [f"{words(f'fault.{fault.value}')}: {said(rate.faults[fault])}" for fault in Fault]
    return [
        words("overview.people_counted", count=rate.people),
        "   ".join(states),
        "   ".join(faults),
    ]


def _rows(pen: _Pen, title: str, groups: Sequence[Group]) -> None:
    if not groups:
        return
    pen.space(34)
    pen.line(title, 34)
    for group in groups:
        pen.bar(group)


class _Pen:
    """Writes and draws from the top of a page downwards."""

    def __init__(self, page: Image.Image) -> None:
        self._page = page
        self._draw = ImageDraw.Draw(page)
        self._y = _MARGIN

    def line(self, text: str, size: int, colour: str = _INK) -> None:
        font = ImageFont.load_default(size)
        while font.getlength(text) > _SIZE[0] - 2 * _MARGIN and size > 14:
            size -= 2
            font = ImageFont.load_default(size)
        self._draw.text((_MARGIN, self._y), text, fill=colour, font=font)
        self._y += round(size * 1.45)

    def space(self, height: int) -> None:
        self._y += height

    def bar(self, group: Group) -> None:
        font = ImageFont.load_default(24)
        left, right = _MARGIN + 260, _SIZE[0] - _MARGIN - 210
        rate, middle = group.rate, self._y + 18
        self._draw.text((_MARGIN, self._y), group.key[:20], fill=_INK, font=font)
        self._draw.rectangle((left, middle - 10, right, middle + 10), outline=_LINE)
        if rate.share is not None and rate.low is not None and rate.high is not None:
            width = right - left
            end = left + round(width * rate.share)
            self._draw.rectangle((left, middle - 10, end, middle + 10), fill=_BAR)
            ends = (left + round(width * rate.low), left + round(width * rate.high))
            self._draw.line((ends[0], middle, ends[1], middle), fill=_SPREAD, width=4)
        text = f"{percent(rate.share)}  ({rate.judged})"
        self._draw.text((right + 16, self._y), text, fill=_FAINT, font=font)
        self._y += 38

    def foot(self, lines: Sequence[str]) -> None:
        font = ImageFont.load_default(20)
        y = _SIZE[1] - _MARGIN - 28 * len(lines)
        for text in lines:
            self._draw.text((_MARGIN, y), text, fill=_FAINT, font=font)
            y += 28
