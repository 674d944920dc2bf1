"""The report to print: the rate, when and where it was good, and the faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from maskwatch.store.records import CountBy
from maskwatch.types import State
from maskwatch.web.actions.compliance import JUDGED, FaultShare, Rate, fault_shares
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
    share = share_said(words, comparison.before)
    return words(key, points=words.number(points, signed=True), before=share, period=span(before))


def share_said(words: Words, rate: Rate, part: FaultShare | None = None) -> str:
    """A rate, or the share of a fault in it, with a mark where counts are missing in it."""
    share = rate.share if part is None else part.share
    if share is None:
        is_hidden = rate.is_hidden or (part is not None and part.people is None)
        return words("overview.hidden_count") if is_hidden else words.percent(None)
    return f"{words.percent(share)}{'*' if rate.hidden else ''}"


def count_said(words: Words, rate: Rate, *counts: int | None) -> str:
    """How many people: a count of a rate, or the sum of some of its counts.

    Where all of it that is not 0 is hidden it says so, and where something may be hidden, that
    there were at least so many.
    """
    known = sum(each or 0 for each in counts)
    if known and rate.hidden:
        return words("overview.at_least", count=known)
    return words("overview.hidden_count") if None in counts else str(known)


def state_said(words: Words, rate: Rate, *states: State) -> str:
    """How many people had one of these states."""
    return count_said(words, rate, *(rate.states[each] for each in states))


def why_no_rate(words: Words, rate: Rate) -> str:
    """Why a rate has no share."""
    return words("overview.no_rate_hidden" if rate.is_hidden else "overview.no_rate")


def hidden_words(words: Words, comparison: Comparison) -> str:
    """What is missing in two periods; empty when nothing is."""
    count = comparison.before.hidden + comparison.after.hidden
    return words("overview.hidden", count=count) if count else ""


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
    paper.line(share_said(words, after), 110)
    paper.line(_interval(words, after), 28, FAINT)
    paper.line(change_words(words, report.comparison, report.before), 28, FAINT)
    paper.space(30)
    for text in _counts(words, after):
        paper.line(text, 28)
    if missing := hidden_words(words, report.comparison):
        paper.line(missing, 24, FAINT)
    _faults(paper, words, after)
    _rates(paper, words, CountBy.CAMERA, report.cameras)
    _rates(paper, words, CountBy.ZONE, report.zones)
    _rates(paper, words, CountBy.HOUR_OF_DAY, report.hours)
    _rates(paper, words, report.step, report.times)
    return paper


def _interval(words: Words, rate: Rate) -> str:
    if rate.low is None or rate.high is None:
        return why_no_rate(words, rate)
    low, high = words.percent(rate.low), words.percent(rate.high)
    return words("report.interval", low=low, high=high, judged=state_said(words, rate, *JUDGED))


def _counts(words: Words, rate: Rate) -> list[str]:
    states = [f"{words.what(each)}: {state_said(words, rate, each)}" for each in State]
    people = state_said(words, rate, *State)
    return [words("overview.people_counted", count=people), "   ".join(states)]


def _faults(paper: Paper, words: Words, rate: Rate) -> None:
    shares = fault_shares(rate)
    most = max(each.people or 0 for each in shares)
    if not most and None not in (each.people for each in shares):
        return
    paper.heading(words("overview.faults"), rows=len(shares))
    for each in shares:
        said = count_said(words, rate, each.people)
        if each.share is not None:
            said = f"{share_said(words, rate, each)}  ({said})"
        name = words.what(each.state, each.fault)
        paper.bar(name, (each.people or 0) / (most or 1), said, colour=COLOURS[each.state])


def _rates(paper: Paper, words: Words, by: CountBy, groups: Sequence[Group]) -> None:
    if not groups:
        return
    paper.heading(words(f"overview.by_{by.value}"))
    for group in groups:
        rate = group.rate
        spread = None if rate.low is None or rate.high is None else (rate.low, rate.high)
        said = f"{share_said(words, rate)}  ({state_said(words, rate, *JUDGED)})"
        paper.bar(group_name(words, by, group.key), rate.share, said, spread=spread)
