"""What the charts of the overview are made of."""

from __future__ import annotations

import pytest

pytest.importorskip("nicegui")

from maskwatch.store.records import CountBy
from maskwatch.web.pages.overview_charts import Bar, share_chart


def bars(count: int) -> list[Bar]:
    return [Bar(f"2026-{i:03d}", 0.5, 0.4, 0.625, 20) for i in range(count)]


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
    told = {name: shares["data"][1][name] for name in ("value", "low", "high", "judged")}
    assert told == {"value": 50.0, "low": 40.0, "high": 62.5, "judged": 20}


def test_labels_are_left_out_where_they_would_overlap_and_slanted_for_names_alone() -> None:
    for by in (*CountBy, None):
        label = share_chart("share", bars(3), by)["xAxis"]["axisLabel"]
        assert label["hideOverlap"]
        is_name = by in (None, CountBy.CAMERA, CountBy.ZONE, CountBy.TOTAL)
        assert ("rotate" in label) == is_name


def test_rates_have_the_whole_axis_and_faults_as_much_as_they_need() -> None:
    assert share_chart("share", bars(3), CountBy.DAY)["yAxis"]["max"] == 100
    assert "max" not in share_chart("share", bars(3), None)["yAxis"]
