"""Rates and faults as comma-separated values."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from maskwatch.spreadsheets import harmless
from maskwatch.types import Fault, State
from maskwatch.web.rates.periods import Group
from maskwatch.web.rates.rate import FaultShare, Rate
from maskwatch.web.text import Words
from maskwatch.words import Language

_COLUMNS = (
    *("group", "people", *State, *Fault),
    *("rate_percent", "low_percent", "high_percent", "hidden"),
)
_FAULT_COLUMNS = ("state", "fault", "people", "share_percent", "low_percent", "high_percent")

_Field = str | int | float | None
"""None is an empty field, such as for a count hidden as too small; a float is a percentage."""


def csv_of(groups: Sequence[Group], language: Language | None = None) -> bytes:
    """The groups as comma-separated values with a header, in UTF-8.

    Args:
        groups: one line each.
        language: of the spreadsheet that is to open them by a double click: with a byte-order
            mark, as it takes umlauts for other letters otherwise, and where decimals have a comma,
            with semicolons between the fields. None for programs.
    """
    rows = (_row(group.key, group.rate) for group in groups)
    return _csv(_COLUMNS, rows, language)


def fault_csv_of(shares: Sequence[FaultShare], language: Language | None = None) -> bytes:
    """The same for faults."""
    return _csv(_FAULT_COLUMNS, map(_fault_row, shares), language)


def _row(key: str, rate: Rate) -> tuple[_Field, ...]:
    return (
        harmless(key),
        rate.people,
        *(rate.states[state] for state in State),
        *(rate.faults[fault] for fault in Fault),
        *_percents(rate.share, rate.low, rate.high),
        rate.hidden,
    )


def _fault_row(share: FaultShare) -> tuple[_Field, ...]:
    return (
        share.state.value,
        share.fault.value if share.fault else None,
        share.people,
        *_percents(share.share, share.low, share.high),
    )


def _percents(*shares: float | None) -> tuple[float | None, ...]:
    return tuple(None if share is None else 100 * share for share in shares)


def _csv(
    columns: Sequence[str], rows: Iterable[Sequence[_Field]], language: Language | None
) -> bytes:
    words = Words.of(language or Language.ENGLISH)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";" if words("common.decimal_sign") == "," else ",")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(words.number(each) if isinstance(each, float) else each for each in row)
    return out.getvalue().encode("utf-8" if language is None else "utf-8-sig")
