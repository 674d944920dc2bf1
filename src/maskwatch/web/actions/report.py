"""The report to print: the rate, when and where it was good, and the faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from maskwatch.store.records import CountBy
from maskwatch.types import State
from maskwatch.web.actions.compliance import Rate, fault_shares
from maskwatch.web.actions.overview import Comparison, Group, Period, by_group, compare
from maskwatch.web.actions.paper import COLOURS, FAINT, Paper
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.text import Words

_MOST_DAILY, _MOST_WEEKLY = 62, 366
"""Days of a period that has a bar for each of them, or for each of its weeks."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the pages say."""

    words: Words
    period: Period
    before: Period
    made_at: datetime
    comparison: Comparison
    step: CountBy
    """Days, weeks or months."""
    times: Sequence[Group]
    """Of the period, in such steps."""
    cameras: Sequence[Group]
    zones: Sequence[Group]
    """Empty when everybody was outside of all zones."""
    hours: Sequence[Group]
    """Of the day."""


def make_report(
    web: WebContext, principal: Principal, period: Period, before: Period | None = None
) -> Report:
    """Counts everything that the report shows, in the user's language.

    Args:
        web: the application.
        principal: who asks.
        period: what it is about.
        before: what it is compared with; None for the time right before it.
    """
    zones = by_group(web, principal, period, CountBy.ZONE)
    step = _step(period)
    return Report(
        Words.of(principal.user.language),
        period.local(web.timezone),
        (before or period.before).local(web.timezone),
        web.now().astimezone(web.timezone),
        compare(web, principal, period, before),
        step,
        by_group(web, principal, period, step),
        by_group(web, principal, period, CountBy.CAMERA),
        zones if any(each.key for each in zones) else (),
        by_group(web, principal, period, CountBy.HOUR_OF_DAY),
    )


def _step(period: Period) -> CountBy:
    """What the report has a bar for: however long the period is, its pages stay few."""
    days = (period.until - period.since) / timedelta(days=1)
    if days > _MOST_WEEKLY:
        return CountBy.MONTH
    return CountBy.WEEK if days > _MOST_DAILY else CountBy.DAY


def zone_name(words: Words, zone: str) -> str:
    """A zone's name; that of the rest of the picture where it is empty."""
    return zone or words("overview.no_zone")


def group_name(words: Words, by: CountBy, key: str) -> str:
    """What a group is called."""
    if by is CountBy.ZONE:
        return zone_name(words, key)
    if by is CountBy.HOUR_OF_DAY:
        return f"{key}:00"
    return key.replace("T", " ")[:16] if by is CountBy.HOUR else key


def group_names(words: Words, by: CountBy, groups: Sequence[Group]) -> list[str]:
    """What groups are called: an hour that comes twice, as clocks are put back, by its offset."""
    names = [group_name(words, by, each.key) for each in groups]
    times = Counter(names)
    return [
        name if times[name] == 1 else f"{name} {each.key[16:]}"
        for name, each in zip(names, groups, strict=True)
    ]


def span(period: Period) -> str:
    """Its first and last day, or its moments where it is not made of whole days."""
    ends = (period.since, period.until)
    if any((each.hour, each.minute, each.second) != (0, 0, 0) for each in ends):
        return f"{period.since:%Y-%m-%d %H:%M} – {period.until:%Y-%m-%d %H:%M}"  # noqa: RUF001
    last = period.until - timedelta(days=1)
    days = dict.fromkeys((f"{period.since:%Y-%m-%d}", f"{last:%Y-%m-%d}"))
    return " – ".join(days)  # noqa: RUF001


def change_words(words: Words, comparison: Comparison, before: Period) -> str:
    """How the rate moved since another period, and whether that may be chance."""
    points = comparison.change.points
    if points is None:
        return words("overview.no_comparison", period=span(before))
    key = "overview.change_clear" if comparison.change.is_clear else "overview.change_unclear"
    share = words.percent(comparison.before.share)
    return words(key, points=words.number(points, signed=True), before=share, period=span(before))


def draw_report(report: Report) -> Paper:
    """The pages."""
    words, after = report.words, report.comparison.after
    made = words("report.made", time=f"{report.made_at:%Y-%m-%d %H:%M %Z}")
    paper = Paper([words("report.note"), made])
    paper.line(words("report.title"), 52)
    ends = (report.period.since, report.period.until)
    zones = "/".join(dict.fromkeys(f"{each:%Z}" for each in ends))  # summer time is another one
    paper.line(f"{span(report.period)} ({zones})", 28, FAINT)
    names = (zone_name(words, each) for each in report.period.zones)
    chosen = (*report.period.cameras, *names)
    if chosen:
        paper.line(", ".join(chosen), 28, FAINT)
    paper.space(30)
    paper.line(words.percent(after.share), 110)
    paper.line(_interval(words, after), 28, FAINT)
    paper.line(change_words(words, report.comparison, report.before), 28, FAINT)
    paper.space(30)
    for text in _counts(words, after):
        paper.line(text, 28)
    if after.hidden:
        paper.line(words("overview.hidden", count=after.hidden), 24, FAINT)
    _faults(paper, words, after)
    _rates(paper, words, CountBy.CAMERA, report.cameras)
    _rates(paper, words, CountBy.ZONE, report.zones)
    _rates(paper, words, CountBy.HOUR_OF_DAY, report.hours)
    _rates(paper, words, report.step, report.times)
    return paper


def _interval(words: Words, rate: Rate) -> str:
    if rate.low is None or rate.high is None:
        return words("report.no_rate")
    low, high = words.percent(rate.low), words.percent(rate.high)
    return words("report.interval", low=low, high=high, judged=rate.judged)


def _said(words: Words, count: int | None) -> str:
    return words("overview.too_few") if count is None else str(count)


def _counts(words: Words, rate: Rate) -> list[str]:
    states = [f"{words.what(each)}: {_said(words, rate.states[each])}" for each in State]
    return [words("overview.people_counted", count=rate.people), "   ".join(states)]


def _faults(paper: Paper, words: Words, rate: Rate) -> None:
    shares = fault_shares(rate)
    most = max((each.people or 0 for each in shares), default=0)
    if not most:
        return
    paper.heading(words("overview.faults"), rows=len(shares))
    for each in shares:
        said = _said(words, each.people)
        if each.share is not None:
            said = f"{words.percent(each.share)}  ({said})"
        name = words.what(each.state, each.fault)
        paper.bar(name, (each.people or 0) / most, said, colour=COLOURS[each.state])


def _rates(paper: Paper, words: Words, by: CountBy, groups: Sequence[Group]) -> None:
    if not groups:
        return
    paper.heading(words(f"overview.by_{by.value}"))
    for group in groups:
        rate = group.rate
        spread = None if rate.low is None or rate.high is None else (rate.low, rate.high)
        said = f"{words.percent(rate.share)}  ({rate.judged})"
        paper.bar(group_name(words, by, group.key), rate.share, said, spread=spread)
