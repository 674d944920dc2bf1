"""People counted: rates, comparisons, reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime

from maskwatch.errors import UsageError
from maskwatch.store.records import CountBy
from maskwatch.web.actions import people
from maskwatch.web.api.access import Caller, Web
from maskwatch.web.api.files import CSV, PDF, PNG, download, gives
from maskwatch.web.api.problems import problems
from maskwatch.web.api.queries import Names
from maskwatch.web.api.tables import csv_of, fault_csv_of
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.printing.paper import Paper
from maskwatch.web.printing.rates import draw_report
from maskwatch.web.rates import periods
from maskwatch.web.rates.periods import Comparison, Group
from maskwatch.web.rates.rate import FaultShare, Rate
from maskwatch.web.security.scopes import Scope
from maskwatch.words import Language

router = APIRouter(tags=["people"], prefix="/people")


def period_of(
    since: Annotated[AwareDatetime, Query(examples=["2026-03-01T00:00:00Z"])],
    until: Annotated[AwareDatetime, Query(examples=["2026-03-08T00:00:00Z"])],
    camera: Names = [],  # noqa: B006 - FastAPI copies defaults
    zone: Names = [],  # noqa: B006
) -> periods.Period:
    """What to count; an empty `zone` is the part of the picture that lies in none."""
    return periods.Period(since, until, tuple(camera), tuple(zone))


Period = Annotated[periods.Period, Depends(period_of)]


def before_of(
    period: Period,
    before_since: Annotated[AwareDatetime | None, Query(examples=["2025-03-01T00:00:00Z"])] = None,
    before_until: Annotated[AwareDatetime | None, Query(examples=["2025-03-08T00:00:00Z"])] = None,
) -> periods.Period | None:
    """What to compare with: any other period, of the same cameras and zones."""
    if before_since is None and before_until is None:
        return None
    if before_since is None or before_until is None:
        raise UsageError("before_since and before_until go together")
    return replace(period, since=before_since, until=before_until)


Spreadsheet = Annotated[
    Language | None,
    Query(
        description="Of the spreadsheet that is to open it: with a byte-order mark, and the "
        "separators of that language. Programs leave it out."
    ),
]

Before = Annotated[periods.Period | None, Depends(before_of)]


@router.get("/rate", responses=problems(422))
def rate(web: Web, principal: Caller, period: Period) -> Rate:
    """Everybody of a period, and the compliance rate with its 95 % interval."""
    return people.total(web, principal, period)


@router.get("/groups", responses=problems(422))
def groups(
    web: Web, principal: Caller, period: Period, by: CountBy = CountBy.DAY
) -> Sequence[Group]:
    """The same in parts; parts without people are left out."""
    return people.by_group(web, principal, period, by)


@router.get("/faults", responses=problems(422))
def faults(web: Web, principal: Caller, period: Period) -> Sequence[FaultShare]:
    """How often each fault occurs among everybody judged, with its 95 % interval."""
    return people.by_fault(web, principal, period)


@router.get("/comparison", responses=problems(422))
def comparison(web: Web, principal: Caller, period: Period, before: Before) -> Comparison:
    """A period and another one; by default that of the same length right before it."""
    return people.compare(web, principal, period, before)


@router.get("/groups.csv", **gives(CSV, 422))
def groups_csv(
    web: Web,
    principal: Caller,
    period: Period,
    by: CountBy = CountBy.DAY,
    language: Spreadsheet = None,
) -> Response:
    """The groups as a table."""
    data = csv_of(people.by_group(web, principal, period, by), language)
    return download(data, CSV, f"maskwatch-{by.value}.csv")


@router.get("/faults.csv", **gives(CSV, 422))
def faults_csv(
    web: Web, principal: Caller, period: Period, language: Spreadsheet = None
) -> Response:
    """The faults as a table."""
    data = fault_csv_of(people.by_fault(web, principal, period), language)
    return download(data, CSV, "maskwatch-faults.csv")


@router.get("/report.pdf", **gives(PDF, 422, 429))
def report_pdf(web: Web, principal: Caller, period: Period, before: Before) -> Response:
    """Pages to print: rate, faults, cameras, times, and how it compares with another period.

    A bar for each day, in periods of more than two months for each week, of more than a year for
    each month. One report is drawn at a time.
    """
    made = _report(web, principal, period, before, Paper.as_pdf)
    return download(made, PDF, "maskwatch-report.pdf")


@router.get("/report.png", **gives(PNG, 422, 429))
def report_png(web: Web, principal: Caller, period: Period, before: Before) -> Response:
    """The same as a picture of at most ten pages."""
    made = _report(web, principal, period, before, Paper.as_png)
    return download(made, PNG, "maskwatch-report.png")


def _report(
    web: WebContext,
    principal: Principal,
    period: periods.Period,
    before: periods.Period | None,
    finish: Callable[[Paper], bytes],
) -> bytes:
    principal.must_allow(Scope.EPISODES_READ)  # else whoever may not would take others' turns
    with web.reports.taken():
        return finish(draw_report(people.make_report(web, principal, period, before)))
