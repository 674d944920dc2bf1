from __future__ import annotations

from datetime import date, datetime, time

import pytest

from maskwatch.events.schedule import Exemption, Hours, Schedule

WORKDAYS = frozenset(range(5))
DAY = Hours(WORKDAYS, time(7), time(19))
NIGHT = Hours(frozenset({4}), time(22), time(6))
"""Friday night."""


def at(text: str) -> datetime:
    """A local time in the week from Monday, 2 March 2026, such as "fri 22:30"."""
    day, clock = text.split()
    number = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].index(day)
    return datetime.combine(date(2026, 3, 2 + number), time.fromisoformat(clock))


@pytest.mark.parametrize(
    ("when", "required"),
    [
        ("mon 06:59", False),
        ("mon 07:00", True),
        ("mon 18:59", True),
        ("mon 19:00", False),
        ("sat 12:00", False),
    ],
)
def test_hours_include_their_start_and_not_their_end(when: str, required: bool) -> None:
    assert Schedule((DAY,)).requires(at(when)) is required


@pytest.mark.parametrize(
    ("when", "required"),
    [
        ("fri 21:59", False),
        ("fri 22:00", True),
        ("sat 05:59", True),
        ("sat 06:00", False),
        ("sat 23:00", False),
        ("fri 05:00", False),
    ],
)
def test_hours_past_midnight_belong_to_the_day_on_which_they_begin(
    when: str, required: bool
) -> None:
    assert Schedule((NIGHT,)).requires(at(when)) is required


def test_without_hours_masks_are_always_required() -> None:
    assert Schedule().requires(at("sun 03:00"))


def test_from_midnight_to_midnight_is_the_whole_day() -> None:
    sunday = Schedule((Hours(frozenset({6})),))
    assert sunday.requires(at("sun 00:00"))
    assert sunday.requires(at("sun 23:59"))
    assert not sunday.requires(at("sat 23:59"))


def test_a_holiday_follows_its_own_hours_and_no_weekday() -> None:
    tuesday = date(2026, 3, 3)
    none = Schedule((DAY,), frozenset({tuesday}))
    assert not none.requires(at("tue 12:00"))
    assert none.requires(at("wed 12:00"))
    short = Schedule((DAY,), frozenset({tuesday}), (Hours(start=time(10), end=time(11)),))
    assert short.requires(at("tue 10:30"))
    assert not short.requires(at("tue 12:00"))


def test_the_night_before_a_holiday_still_runs_past_midnight() -> None:
    schedule = Schedule((NIGHT,), frozenset({date(2026, 3, 7)}))
    assert schedule.requires(at("sat 05:00"))


def test_an_exemption_covers_its_zones_its_hours_and_its_dates() -> None:
    lunch = Exemption(
        "canteen",
        frozenset({"tables"}),
        (Hours(WORKDAYS, time(12), time(13)),),
        since=at("tue 00:00"),
        until=at("thu 00:00"),
    )
    assert lunch.covers("tables", at("wed 12:30"))
    assert not lunch.covers("queue", at("wed 12:30"))
    assert not lunch.covers(None, at("wed 12:30"))
    assert not lunch.covers("tables", at("wed 13:00"))
    assert not lunch.covers("tables", at("mon 12:30"))
    assert not lunch.covers("tables", at("thu 12:30"))


def test_an_exemption_without_limits_covers_everybody_always() -> None:
    assert Exemption("medical").covers(None, at("sun 03:00"))
    assert Exemption("medical").covers("door", at("mon 12:00"))
