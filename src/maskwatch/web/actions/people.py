"""How many people wore their masks, over time, and compared with before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from maskwatch.store.records import CountBy, PeopleCount
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.printing.rates import Report
from maskwatch.web.rates.periods import Comparison, Group, Period
from maskwatch.web.rates.rate import FaultShare, Rate, change_between, fault_shares, rate_of
from maskwatch.web.refusals import WrongUse
from maskwatch.web.security.scopes import Scope
from maskwatch.web.text import Words

_MOST_GROUPS = 24 * 400
"""Hours of more than a year: nobody can read more, and nobody should make the box count them."""
_MOST_DAILY, _MOST_WEEKLY = 62, 366
"""Days of a period that has a bar for each of them, or for each of its weeks."""


def total(web: WebContext, principal: Principal, period: Period) -> Rate:
    """Everybody of a period."""
    groups = by_group(web, principal, period, CountBy.TOTAL)
    return groups[0].rate if groups else rate_of(PeopleCount())


def by_group(web: WebContext, principal: Principal, period: Period, by: CountBy) -> Sequence[Group]:
    """A period in parts; parts without people are left out.

    Raises:
        UsageError: there would be too many of them.
    """
    principal.must_allow(Scope.EPISODES_READ)
    hours = (period.until - period.since).total_seconds() / 3600
    if by is CountBy.HOUR and hours > _MOST_GROUPS:
        raise WrongUse("refused.hours")
    found = web.store.people.counts(
        period.since,
        period.until,
        by,
        timezone=web.timezone(),
        cameras=period.cameras,
        zones=period.zones,
    )
    return [Group(each.key, rate_of(each.counts)) for each in found]


def by_fault(web: WebContext, principal: Principal, period: Period) -> Sequence[FaultShare]:
    """How often masks were worn badly in a period, and in which way."""
    return fault_shares(total(web, principal, period))


def camera_names(web: WebContext, principal: Principal) -> Sequence[str]:
    """The cameras that there are, and after them those that only counts are left of."""
    principal.must_allow(Scope.EPISODES_READ)
    return web.names_with(web.store.people.cameras())


def zones_of(web: WebContext, principal: Principal, period: Period) -> Sequence[str]:
    """The zones that people were seen in, whichever are chosen; ``""`` for outside of all."""
    everywhere = replace(period, zones=())
    return [each.key for each in by_group(web, principal, everywhere, CountBy.ZONE)]


def compare(
    web: WebContext, principal: Principal, period: Period, before: Period | None = None
) -> Comparison:
    """A period against another one, by default that right before it."""
    now = total(web, principal, period)
    then = total(web, principal, before or period.before)
    return Comparison(then, now, change_between(then, now))


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
        period.local(web.timezone()),
        (before or period.before).local(web.timezone()),
        web.now().astimezone(web.timezone()),
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
