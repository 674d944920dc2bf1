"""What the charts of the overview are made of."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import cast

import pytest

pytest.importorskip("nicegui")

from maskwatch.store.records import CountBy, PeopleCount
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.overview import group_table
from maskwatch.web.pages.overview_charts import (
    Bar,
    fault_bars,
    fault_chart,
    rate_bars,
    share_chart,
    share_chart_rem,
)
from maskwatch.web.rates.periods import Group
from maskwatch.web.rates.rate import rate_of
from maskwatch.web.text import Words


def bars(count: int) -> list[Bar]:
    return [Bar(f"2026-{i:03d}", 0.5, 0.4, 0.625, ("50 %",)) for i in range(count)]


@pytest.mark.parametrize(
    ("by", "count", "kinds"),
    [
        (CountBy.DAY, 30, ["bar", "custom"]),
        (CountBy.DAY, 90, ["line", "line", "line"]),
        (CountBy.HOUR, 168, ["line", "line", "line"]),
        (CountBy.CAMERA, 90, ["bar", "custom"]),  # a line from one to the next would mean nothing
        (None, 5, ["bar", "custom"]),
    ],
)
def test_many_moments_are_a_line_and_everything_else_bars(
    by: CountBy | None, count: int, kinds: list[str]
) -> None:
    chart = share_chart("share", bars(count), by)
    assert [each["type"] for each in chart["series"]] == kinds


@pytest.mark.parametrize("count", [3, 90])
def test_share_and_interval_are_drawn_and_told_to_the_mouse(count: int) -> None:
    *interval, last = share_chart("share", bars(count), CountBy.DAY)["series"]
    if count == 3:
        [shares], whiskers = interval, last
        assert whiskers["data"][1] == [1, 40.0, 62.5]
    else:
        (low, height), shares = interval, last
        assert (low["data"][1], height["data"][1]) == (40.0, 22.5)
        assert low["stack"] == height["stack"]
    assert (shares["data"][1]["value"], shares["data"][1]["said"]) == (50.0, ("50 %",))


def test_the_mouse_is_told_of_how_many_a_share_is_as_the_language_writes_it() -> None:
    groups = [Group("2026-03-01", rate_of(PeopleCount(mask=1999, no_mask=1)))]
    [shown] = rate_bars(Words.of("de"), CountBy.DAY, groups)
    assert shown.said == ("> 99,9 % (n = 2000)", "95 %: 99,7 % – > 99,9 %")  # noqa: RUF001


WORDS = Words.of("en")
DESK = cast("Desk", SimpleNamespace(words=WORDS, said=WORDS.what))
PARTLY = PeopleCount(mask=90, incorrect=7, no_mask=3, nose_out=7, other=None, hidden=5)
FEW = PeopleCount(mask=40, incorrect=None, no_mask=None, unknown=9, hidden=2)
GROUPS = [
    Group("2026-03-01", rate_of(PeopleCount(mask=18, no_mask=2))),
    Group("2026-03-02", rate_of(PARTLY)),
    Group("2026-03-03", rate_of(FEW)),
    Group("2026-03-04", rate_of(PeopleCount(unknown=30))),
]


def test_what_is_hidden_has_a_place_without_a_bar_and_what_it_is_missing_in_a_mark() -> None:
    shown = rate_bars(WORDS, CountBy.DAY, GROUPS)
    assert [(each.name, each.share, each.said[0]) for each in shown] == [
        ("2026-03-01", 0.9, "90.0 % (n = 20)"),
        ("2026-03-02*", 0.9, "90.0 %* (n ≥ 100)"),
        ("2026-03-03*", None, "hidden"),
    ]
    rates, whiskers = share_chart("share", shown, CountBy.DAY)["series"]
    assert [each["value"] for each in rates["data"]] == [90.0, 90.0, None]
    assert [each[0] for each in whiskers["data"]] == [0, 1]
    low, height, line = share_chart("share", shown * 20, CountBy.DAY)["series"]
    assert (low["data"][2], height["data"][2], line["data"][2]["value"]) == (None, None, None)


def test_a_fault_that_is_hidden_is_said_to_be_and_others_beside_it_to_be_the_least() -> None:
    data = fault_chart(DESK, rate_of(PARTLY))["series"][0]["data"]
    told = {"formatter": "≥ 7"}
    assert (data[0]["value"], data[0]["label"], data[0]["tooltip"]) == (7, told, told)
    assert [each["label"]["formatter"] for each in data] == ["≥ 7", "0", "0", "hidden", "≥ 3"]
    assert "label" not in fault_chart(DESK, GROUPS[0].rate)["series"][0]["data"][0]
    shares = [(each.name, each.share) for each in fault_bars(DESK, rate_of(PARTLY))]
    assert shares[0] == ("Nose out*", 0.07)
    assert shares[3] == ("Not on face*", None)
    assert [each.share for each in fault_bars(DESK, rate_of(FEW))] == [None] * 5


def test_the_table_says_what_is_hidden_and_what_is_the_least() -> None:
    rows = group_table(DESK, CountBy.DAY, GROUPS).split("<tr>")[2:]
    cells = [re.findall(r"<td>(.*?)</td>", re.sub("</?span.*?>", "", each)) for each in rows]
    assert [(each[1], each[3:7]) for each in cells] == [
        ("90.0 %", ["20", "2", "0", "0"]),
        ("90.0 %*", ["≥ 100", "≥ 10", "0", "≥ 7"]),
        ("hidden", ["≥ 40", "hidden", "≥ 9", "0"]),
        ("–", ["0", "0", "30", "0"]),  # noqa: RUF001
    ]


def test_an_hour_that_comes_twice_is_called_by_its_offset() -> None:
    keys = ("2026-10-25T01:00+02:00", "2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00")
    groups = [Group(key, rate_of(PeopleCount(mask=9))) for key in keys]
    shown = rate_bars(Words.of("en"), CountBy.HOUR, groups)
    assert [each.name for each in shown] == [
        "2026-10-25 01:00",
        "2026-10-25 02:00 +02:00",
        "2026-10-25 02:00 +01:00",
    ]


@pytest.mark.parametrize("by", [CountBy.CAMERA, CountBy.ZONE, None])
def test_bars_with_names_lie_one_below_the_other_and_each_has_room_and_its_name(
    by: CountBy | None,
) -> None:
    chart = share_chart("share", bars(60), by)
    names = chart["yAxis"]
    assert (names["type"], names["data"][0], names["inverse"]) == ("category", "2026-000", True)
    assert names["axisLabel"]["interval"] == 0  # none is left out
    assert share_chart_rem(bars(60), by) >= 60 * 1.5
    assert chart["series"][1]["encode"] == {"x": [1, 2], "y": 0}


@pytest.mark.parametrize("by", [CountBy.HOUR, CountBy.DAY, CountBy.WEEK, CountBy.HOUR_OF_DAY])
def test_labels_of_times_are_left_out_where_they_would_overlap(by: CountBy) -> None:
    chart = share_chart("share", bars(60), by)
    assert chart["xAxis"]["axisLabel"]["hideOverlap"]
    assert share_chart_rem(bars(60), by) == share_chart_rem(bars(3), by)


def test_rates_have_the_whole_axis_and_faults_as_much_as_they_need() -> None:
    assert share_chart("share", bars(3), CountBy.DAY)["yAxis"]["max"] == 100
    assert share_chart("share", bars(3), CountBy.CAMERA)["xAxis"]["max"] == 100
    assert "max" not in share_chart("share", bars(3), None)["xAxis"]
