"""How rates, counts, groups and periods are put in words: for pages and for paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from maskwatch.store.records import CountBy
from maskwatch.types import State
from maskwatch.web.rates.periods import Comparison, Group, Period
from maskwatch.web.rates.rate import FaultShare, Rate
from maskwatch.web.text import Words


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
