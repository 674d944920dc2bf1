"""The report to print: the rate, when and where it was good, and the faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from maskwatch.store.records import CountBy
from maskwatch.types import State
from maskwatch.web.printing.paper import COLOURS, FAINT, Paper
from maskwatch.web.rates.periods import Comparison, Group, Period
from maskwatch.web.rates.rate import JUDGED, Rate, fault_shares
from maskwatch.web.rates.wording import (
    change_words,
    count_said,
    group_name,
    hidden_words,
    share_said,
    span,
    state_said,
    why_no_rate,
    zone_name,
)
from maskwatch.web.text import Words


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
