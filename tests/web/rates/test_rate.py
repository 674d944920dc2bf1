"""The rate of counted people, where some counts are hidden."""

from __future__ import annotations

import pytest

from maskwatch.store.records import PeopleCount
from maskwatch.web.rates.rate import Change, change_between, fault_shares, rate_of


@pytest.mark.parametrize(
    "counts",
    [
        PeopleCount(mask=20, no_mask=None, incorrect=None, nose_out=7, hidden=2),
        # Several buckets of counts, some of them hidden, can add up to this: one has the nose out
        # seven times and hides how often that was incorrect, of another incorrect alone is known.
        PeopleCount(mask=1, no_mask=1, incorrect=4, nose_out=7, hidden=4),
    ],
)
def test_where_counts_are_hidden_a_fault_has_no_share(counts: PeopleCount) -> None:
    nose = fault_shares(rate_of(counts))[0]
    assert (nose.people, nose.share, nose.low) == (7, None, None)


def test_no_change_is_called_clear_where_counts_are_hidden() -> None:
    whole = rate_of(PeopleCount(mask=900, no_mask=100))
    assert change_between(whole, rate_of(PeopleCount(mask=1000))).is_clear
    partly = rate_of(PeopleCount(mask=1000, hidden=48))
    assert change_between(whole, partly) == Change(pytest.approx(10.0), is_clear=False)
