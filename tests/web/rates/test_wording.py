"""How periods, rates and counts are put in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from maskwatch.store.records import PeopleCount
from maskwatch.types import State
from maskwatch.web.rates.periods import Period
from maskwatch.web.rates.rate import JUDGED, fault_shares, rate_of
from maskwatch.web.rates.wording import share_said, span, state_said, why_no_rate
from maskwatch.web.text import Words


@pytest.mark.parametrize(
    ("begins", "lasts", "said"),
    [
        (timedelta(0), timedelta(days=7), "2026-03-01 – 2026-03-07"),  # noqa: RUF001
        (timedelta(0), timedelta(days=1), "2026-03-01"),
        (timedelta(hours=22), timedelta(hours=8), "2026-03-01 22:00 – 2026-03-02 06:00"),  # noqa: RUF001
        (timedelta(0), timedelta(hours=6), "2026-03-01 00:00 – 2026-03-01 06:00"),  # noqa: RUF001
    ],
)
def test_a_report_names_its_days_and_its_hours_where_they_are_not_whole(
    begins: timedelta, lasts: timedelta, said: str
) -> None:
    since = datetime(2026, 3, 1, tzinfo=UTC) + begins
    assert span(Period(since, since + lasts)) == said


def test_a_hidden_count_is_said_to_be_one_and_others_beside_it_to_be_the_least() -> None:
    words = Words.of("en")
    few = rate_of(PeopleCount(mask=40, incorrect=None, no_mask=None, nose_out=None, hidden=3))
    assert (share_said(words, few), why_no_rate(words, few)) == (
        "hidden",
        "No rate: counts that it is made of are hidden.",
    )
    assert state_said(words, few, *JUDGED) == "≥ 40"
    assert state_said(words, few, State.INCORRECT, State.NO_MASK) == "hidden"
    assert state_said(words, few, State.UNKNOWN) == "0"
    partly = rate_of(PeopleCount(mask=90, incorrect=None, no_mask=10, hidden=1))
    assert share_said(words, partly) == "hidden"
    assert state_said(words, partly, State.INCORRECT, State.NO_MASK) == "≥ 10"
    some = rate_of(PeopleCount(mask=90, incorrect=7, no_mask=3, nose_out=7, other=None, hidden=5))
    nose, *_, other, _ = fault_shares(some)
    assert (share_said(words, some), share_said(words, some, nose)) == ("90.0 %*", "7.0 %*")
    assert share_said(words, some, other) == "hidden"
    whole = rate_of(PeopleCount(mask=9, no_mask=1))
    assert (share_said(words, whole), state_said(words, whole, *JUDGED)) == ("90.0 %", "10")
    nobody = rate_of(PeopleCount(unknown=2))
    assert (share_said(words, nobody), why_no_rate(words, nobody)) == (
        "–",  # noqa: RUF001
        "No rate: nobody could be judged.",
    )
