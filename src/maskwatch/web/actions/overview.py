"""How many people wore their masks, over time, and compared with before."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from maskwatch.errors import UsageError
from maskwatch.store.records import CountBy, PeopleCount
from maskwatch.web.actions.compliance import (
    CSV_COLUMNS,
    FAULT_CSV_COLUMNS,
    Change,
    CsvField,
    FaultShare,
    Rate,
    change_between,
    csv_row,
    fault_csv_row,
    fault_shares,
    rate_of,
)
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.refusals import WrongUse
from maskwatch.web.security.scopes import Scope
from maskwatch.web.text import Words
from maskwatch.words import Language

_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Half typed years must not have the box count for centuries, nor beyond what a date can say."""
_MOST_GROUPS = 24 * 400
"""Hours of more than a year: nobody can read more, and nobody should make the box count them."""


@dataclass(frozen=True, slots=True)
class Period:
    """What to count."""

    since: datetime
    """Included; aware."""
    until: datetime
    """Not included; aware."""
    cameras: tuple[str, ...] = ()
    """Only these; empty for all."""
    zones: tuple[str, ...] = ()
    """Only these; empty for all. The zone `""` is what lies in none."""

    def __post_init__(self) -> None:
        if self.since.tzinfo is None or self.until.tzinfo is None:
            raise UsageError("times need an offset from UTC, such as 2026-03-01T00:00:00Z")
        if not self.since < self.until:
            raise UsageError("the period must begin before it ends")
        if self.since < _EARLIEST or self.until > _LATEST:
            raise UsageError("the period must lie between the years 1900 and 2200")

    @property
    def before(self) -> Period:
        """The period of the same length right before."""
        return replace(self, since=self.since - (self.until - self.since), until=self.since)

    def local(self, zone: tzinfo) -> Period:
        """The same, told in a time zone."""
        return replace(self, since=self.since.astimezone(zone), until=self.until.astimezone(zone))


@dataclass(frozen=True, slots=True)
class Group:
    """One bar of a chart, one line of a table."""

    key: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two periods side by side."""

    before: Rate
    after: Rate
    change: Change


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
        zone=web.timezone,
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


def csv_of(groups: Sequence[Group], language: Language | None = None) -> bytes:
    """The groups as comma-separated values with a header, in UTF-8.

    Args:
        groups: one line each.
        language: of the spreadsheet that is to open them by a double click: with a byte-order
            mark, as it takes umlauts for other letters otherwise, and where decimals have a comma,
            with semicolons between the fields. None for programs.
    """
    rows = (csv_row(group.key, group.rate) for group in groups)
    return _csv(CSV_COLUMNS, rows, language)


def fault_csv_of(shares: Sequence[FaultShare], language: Language | None = None) -> bytes:
    """The same for faults."""
    return _csv(FAULT_CSV_COLUMNS, map(fault_csv_row, shares), language)


def _csv(
    columns: Sequence[str], rows: Iterable[Sequence[CsvField]], language: Language | None
) -> bytes:
    words = Words.of(language or Language.ENGLISH)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";" if words("common.decimal_sign") == "," else ",")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(words.number(each) if isinstance(each, float) else each for each in row)
    return out.getvalue().encode("utf-8" if language is None else "utf-8-sig")
