"""Counted people over REST: rates, faults, comparisons, reports."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from pydantic import TypeAdapter

from maskwatch.metrics.intervals import wilson_interval
from maskwatch.store.ids import new_id
from maskwatch.store.records import PeopleBucket, PeopleCount, PersonRecord
from maskwatch.types import Fault, State
from maskwatch.web.actions.people import camera_names, make_report
from maskwatch.web.printing.paper import Paper
from maskwatch.web.printing.rates import draw_report
from maskwatch.web.rates.periods import Period
from maskwatch.web.rates.rate import Rate
from maskwatch.web.turns import Turns
from tests.web.world import World


def people(
    world: World, camera: str, states: list[State], day: datetime, zone: str | None = None
) -> None:
    for track, state in enumerate(states):
        fault = Fault.NOSE_OUT if state is State.INCORRECT else None
        record = PersonRecord(new_id(), camera, zone, track, state, fault, day, day)
        world.store.people.put(record)


PERIOD = "since=2026-03-01T00:00:00Z&until=2026-03-08T00:00:00Z"


def test_the_rate_counts_people_and_leaves_the_unknown_out(admin: TestClient, world: World) -> None:
    states = [State.MASK] * 8 + [State.NO_MASK, State.INCORRECT] + [State.UNKNOWN] * 3
    people(world, "entrance", states, datetime(2026, 3, 2, 9, tzinfo=UTC))
    answer = admin.get(f"/api/v1/people/rate?{PERIOD}")
    rate = TypeAdapter(Rate).validate_json(answer.content)
    assert (rate.people, rate.judged, rate.masked, rate.unknown) == (13, 10, 8, 3)
    assert rate.share == 0.8
    # Wilson's interval of 8 of 10.
    assert (round(rate.low or 0, 3), round(rate.high or 0, 3)) == (0.49, 0.943)


def test_a_period_is_compared_with_the_one_before(admin: TestClient, world: World) -> None:
    people(world, "entrance", [State.MASK] * 100, datetime(2026, 3, 3, tzinfo=UTC))
    people(world, "entrance", [State.NO_MASK] * 100, datetime(2026, 2, 25, tzinfo=UTC))
    found = admin.get(f"/api/v1/people/comparison?{PERIOD}").json()
    assert found["change"] == {"points": 100.0, "is_clear": True}


def test_any_two_periods_are_compared(admin: TestClient, world: World) -> None:
    people(world, "entrance", [State.MASK] * 90, datetime(2026, 3, 3, tzinfo=UTC))
    people(world, "entrance", [State.NO_MASK] * 90, datetime(2026, 2, 25, tzinfo=UTC))
    people(
        world, "entrance", [State.MASK, State.NO_MASK] * 50, datetime(2025, 3, 31, 23, tzinfo=UTC)
    )
    year_ago = "before_since=2025-03-01T00:00:00Z&before_until=2025-04-01T00:00:00Z"
    found = admin.get(f"/api/v1/people/comparison?{PERIOD}&{year_ago}").json()
    assert (found["before"]["judged"], found["change"]["points"]) == (100, 50.0)
    report = admin.get(f"/api/v1/people/report.pdf?{PERIOD}&{year_ago}")
    assert report.content.startswith(b"%PDF")


def test_a_camera_that_is_gone_can_be_chosen_where_people_were_counted(
    admin: TestClient, world: World
) -> None:
    people(world, "old door", [State.MASK, State.NO_MASK], datetime(2026, 3, 2, tzinfo=UTC))
    people(world, "entrance", [State.MASK], datetime(2026, 3, 2, tzinfo=UTC))
    names = camera_names(world.web, world.principal("vera"))
    assert names == ["entrance", "ward 3", "canteen", "old door"]
    rate = admin.get(f"/api/v1/people/rate?{PERIOD}&camera=old door").json()
    assert (rate["people"], rate["share"]) == (2, 0.5)


def test_half_a_period_to_compare_with_is_refused(admin: TestClient) -> None:
    for half in ("before_since=2025-03-01T00:00:00Z", "before_until=2025-03-01T00:00:00Z"):
        assert admin.get(f"/api/v1/people/comparison?{PERIOD}&{half}").status_code == 422


def test_a_report_of_many_days_goes_on_on_the_next_page(admin: TestClient, world: World) -> None:
    for day in range(60):
        at = datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)
        people(world, "entrance", [State.MASK], at)
    period = "since=2026-01-01T00:00:00Z&until=2026-03-02T00:00:00Z"
    pages = Image.open(io.BytesIO(admin.get(f"/api/v1/people/report.png?{period}").content))
    assert pages.size == (1240, 3 * 1754)
    pdf = admin.get(f"/api/v1/people/report.pdf?{period}").content
    assert re.search(rb"/Count 3\b", pdf)


@pytest.mark.parametrize(
    ("days", "step", "bars"),
    [(62, "day", 62), (63, "week", 9), (366, "week", 53), (367, "month", 13)],
)
def test_a_report_of_a_longer_period_has_longer_steps(
    world: World, days: int, step: str, bars: int
) -> None:
    monday = datetime(2024, 1, 1, tzinfo=UTC)
    with world.store.transaction():
        for day in range(days):
            at = monday + timedelta(days=day, hours=12)
            people(world, "entrance", [State.MASK], at)
    vera = world.principal("vera")
    period = Period(monday, monday + timedelta(days=days))
    made = make_report(world.web, vera, period)
    assert made.step == step
    assert sum(each.rate.judged for each in made.times) == days
    assert len(made.times) == bars


def test_a_report_of_many_years_is_a_few_pages(admin: TestClient, world: World) -> None:
    with world.store.transaction():
        for week in range(3 * 52):
            at = datetime(2023, 1, 1, 12, tzinfo=UTC) + timedelta(weeks=week)
            people(world, "entrance", [State.MASK], at)
    period = "since=2023-01-01T00:00:00Z&until=2026-01-01T00:00:00Z"
    sheet = Image.open(io.BytesIO(admin.get(f"/api/v1/people/report.png?{period}").content))
    assert sheet.size == (1240, 2 * 1754)


def test_who_asks_for_a_report_while_too_many_are_drawn_is_told_when_to_come_again(
    admin: TestClient, world: World
) -> None:
    turns = Turns("reports at once", waiting=0)
    world.web.reports = turns
    for path in ("report.pdf", "report.png"):
        with turns.taken():
            answer = admin.get(f"/api/v1/people/{path}?{PERIOD}")
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "10")
        assert answer.json()["detail"] == "too many reports at once: wait 10 s"
        assert admin.get(f"/api/v1/people/{path}?{PERIOD}").status_code == 200


def test_groups_come_as_a_table_that_no_spreadsheet_runs(admin: TestClient, world: World) -> None:
    people(world, "=cmd()", [State.MASK, State.NO_MASK], datetime(2026, 3, 2, tzinfo=UTC))
    lines = admin.get(f"/api/v1/people/groups.csv?{PERIOD}&by=camera").text.splitlines()
    assert lines[1].startswith("'=cmd(),2,1,0,1,0,")


def test_a_table_is_written_as_the_readers_spreadsheet_opens_it(
    admin: TestClient, world: World
) -> None:
    people(world, "Tür", [State.MASK] * 2 + [State.NO_MASK], datetime(2026, 3, 2, tzinfo=UTC))
    for language, rate, percent in (
        ("", "Tür,3,2,0,1,0,0,0,0,0,66.7,20.8,93.9,0", "33.3,6.1,79.2"),
        ("&language=en", "Tür,3,2,0,1,0,0,0,0,0,66.7,20.8,93.9,0", "33.3,6.1,79.2"),
        ("&language=de", "Tür;3;2;0;1;0;0;0;0;0;66,7;20,8;93,9;0", "33,3;6,1;79,2"),
    ):
        query = f"{PERIOD}{language}"
        table = admin.get(f"/api/v1/people/groups.csv?{query}&by=camera").content
        faults = admin.get(f"/api/v1/people/faults.csv?{query}").content
        for data in (table, faults):
            assert data.startswith(b"\xef\xbb\xbf") == bool(language)
        assert table.decode("utf-8-sig").splitlines()[1:] == [rate]
        assert faults.decode("utf-8-sig").splitlines()[-1].endswith(percent)
    assert admin.get(f"/api/v1/people/faults.csv?{PERIOD}&language=fr").status_code == 422


def test_the_report_is_a_page_with_something_on_it(admin: TestClient, world: World) -> None:
    people(world, "entrance", [State.MASK, State.NO_MASK], datetime(2026, 3, 2, tzinfo=UTC))
    answer = admin.get(f"/api/v1/people/report.png?{PERIOD}")
    page = Image.open(io.BytesIO(answer.content))
    assert page.size == (1240, 1754)
    colours = page.convert("RGB").getcolors(1 << 20)
    assert colours is not None
    assert (0, 125, 100) in {colour for _, colour in colours}  # a bar of the chart
    assert admin.get(f"/api/v1/people/report.pdf?{PERIOD}").content.startswith(b"%PDF")


def test_a_period_without_an_offset_or_backwards_is_refused(admin: TestClient) -> None:
    for query in (
        "since=2026-03-01T00:00:00&until=2026-03-08T00:00:00Z",
        "since=2026-03-08T00:00:00Z&until=2026-03-01T00:00:00Z",
    ):
        assert admin.get(f"/api/v1/people/rate?{query}").status_code == 422


MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("0001-01-01T00:00:00+14:00", "2026-01-01T00:00:00Z"),
        ("0202-03-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"),
    ],
)
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_a_period_of_centuries_is_refused(
    world: World, admin: TestClient, since: str, until: str, zone: str
) -> None:
    admin.app.state.web = replace(world.web, timezone=lambda: ZoneInfo(zone))  # type: ignore[attr-defined]
    for path in ("rate", "comparison", "report.pdf"):
        answer = admin.get(f"/api/v1/people/{path}", params={"since": since, "until": until})
        assert answer.status_code == 422
        assert "between the years" in answer.json()["detail"]


def test_each_fault_is_a_share_of_everybody_judged(admin: TestClient, world: World) -> None:
    states = [State.MASK] * 16 + [State.INCORRECT] * 3 + [State.NO_MASK] + [State.UNKNOWN] * 5
    people(world, "entrance", states, MONDAY)
    found = admin.get(f"/api/v1/people/faults?{PERIOD}").json()
    shares = {(each["state"], each["fault"]): each for each in found}
    assert list(shares) == [
        *(("incorrect", each) for each in ("nose_out", "under_chin", "chin_out", "other")),
        ("no_mask", None),
    ]
    nose, bare = shares["incorrect", "nose_out"], shares["no_mask", None]
    assert (nose["people"], nose["share"], bare["share"]) == (3, 0.15, 0.05)
    assert (nose["low"], nose["high"]) == wilson_interval(3, 20)
    lines = admin.get(f"/api/v1/people/faults.csv?{PERIOD}").text.splitlines()
    assert lines[0] == "state,fault,people,share_percent,low_percent,high_percent"
    assert lines[1].startswith("incorrect,nose_out,3,15.0,")
    assert lines[5].startswith("no_mask,,1,5.0,")


def add_bucket(world: World, at: datetime = MONDAY, **counts: int) -> None:
    """People of an hour before the entrance, of whom no count below 5 is told."""
    bucket = PeopleBucket("entrance", None, at, 3600, PeopleCount(**counts))
    world.store.people.add_bucket(bucket, 5)


FEW = {"mask": 40, "incorrect": 4, "no_mask": 3, "nose_out": 4}


def test_what_is_hidden_is_not_told_as_0_nor_the_rate_as_100_percent(
    admin: TestClient, world: World
) -> None:
    add_bucket(world, **FEW)
    rate = admin.get(f"/api/v1/people/rate?{PERIOD}").json()
    assert rate["states"] == {"mask": 40, "incorrect": None, "no_mask": None, "unknown": 0}
    assert (rate["faults"]["nose_out"], rate["faults"]["other"]) == (None, 0)
    assert (rate["share"], rate["low"], rate["high"], rate["hidden"]) == (None, None, None, 3)
    assert admin.get(f"/api/v1/people/comparison?{PERIOD}").json()["change"]["points"] is None
    lines = admin.get(f"/api/v1/people/groups.csv?{PERIOD}").text.splitlines()
    assert lines[1] == "2026-03-02,40,40,,,0,,0,0,0,,,,3"
    shares = admin.get(f"/api/v1/people/faults.csv?{PERIOD}").text.splitlines()
    assert (shares[1], shares[5]) == ("incorrect,nose_out,,,,", "no_mask,,,,,")


def test_the_report_says_what_is_hidden(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    add_bucket(world, **FEW)
    add_bucket(world, MONDAY + timedelta(days=1), mask=80, incorrect=12, no_mask=8)
    add_bucket(world, MONDAY + timedelta(days=2), mask=60, no_mask=15, unknown=6)
    add_bucket(world, MONDAY + timedelta(days=2, hours=1), **FEW)
    vera = world.principal("vera")
    since = datetime(2026, 3, 1, tzinfo=UTC)
    lines: list[str] = []
    bars: dict[str, tuple[float | None, str]] = {}
    monkeypatch.setattr(Paper, "line", lambda _, text, *_style: lines.append(text))
    monkeypatch.setattr(
        Paper, "bar", lambda _, name, share, said, **_style: bars.update({name: (share, said)})
    )
    draw_report(make_report(world.web, vera, Period(since, since + timedelta(days=7))))
    assert {"86.3 %*", "People counted: ≥ 261"} <= set(lines)
    assert "Mask: ≥ 220   Incorrect: ≥ 12   No mask: ≥ 23   Unknown: ≥ 6" in lines
    assert bars["Nose out"] == (0, "hidden")
    assert bars["2026-03-02"] == (None, "hidden  (≥ 40)")
    assert bars["2026-03-03"] == (0.8, "80.0 %  (100)")
    assert any(each.startswith("Counts that are too small to be shown") for each in lines)


def test_a_zone_is_chosen_everywhere_alike(admin: TestClient, world: World) -> None:
    people(world, "ward", [State.MASK] * 3, MONDAY, "corridor")
    people(world, "ward", [State.MASK, State.INCORRECT], MONDAY, "rooms")
    people(world, "door", [State.NO_MASK], MONDAY)
    for zone, judged in (("corridor", 3), ("rooms", 2), ("", 1)):
        query = f"{PERIOD}&zone={zone}"
        assert admin.get(f"/api/v1/people/rate?{query}").json()["judged"] == judged
        assert admin.get(f"/api/v1/people/comparison?{query}").json()["after"]["judged"] == judged
        groups = admin.get(f"/api/v1/people/groups?{query}&by=camera").json()
        assert [each["rate"]["judged"] for each in groups] == [judged]
        assert len(admin.get(f"/api/v1/people/groups.csv?{query}").text.splitlines()) == 2
    [nose, *_] = admin.get(f"/api/v1/people/faults?{PERIOD}&zone=rooms").json()
    assert nose["share"] == 0.5
    groups = admin.get(f"/api/v1/people/groups?{PERIOD}&by=zone").json()
    assert [each["key"] for each in groups] == ["", "corridor", "rooms"]


def test_the_report_is_of_the_zones_chosen(admin: TestClient, world: World) -> None:
    people(world, "ward", [State.MASK] * 30, MONDAY, "corridor")
    people(world, "ward", [State.NO_MASK] * 30, MONDAY, "rooms")

    def colours(zone: str) -> set[object]:
        png = admin.get(f"/api/v1/people/report.png?{PERIOD}&zone={zone}").content
        found = Image.open(io.BytesIO(png)).convert("RGB").getcolors(1 << 20)
        assert found is not None
        return {colour for _, colour in found}

    good, worse = (0, 125, 100), (205, 25, 25)
    assert good in colours("corridor") - colours("rooms")
    assert worse in colours("rooms") - colours("corridor")
