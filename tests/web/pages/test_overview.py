"""The overview: rates, periods, zones, faults, charts."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from maskwatch.types import Fault

pytest.importorskip("nicegui")
pytest.importorskip("playwright.sync_api")

from playwright.sync_api import Browser, Page, expect

from tests.web.chromium import page_of, until
from tests.web.dashboard_server import SLOW_TEXT, SLOW_YEAR, Held
from tests.web.running import dashboard


def test_overview_shows_the_rate_with_its_interval_and_gives_it_out(
    visit: Callable[..., Page],
) -> None:
    page = visit("vera", "/overview")
    expect(page.get_by_text(re.compile(r"95 % interval: \d"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"^As of \d\d:\d\d$"))).to_be_visible()
    expect(page.locator("canvas")).to_have_count(2)
    link = page.get_by_role("link", name="CSV").get_attribute("href")
    text = page.request.get(str(link)).text()
    assert text.lstrip("\ufeff").startswith("group,people,mask,")
    assert len(text.splitlines()) > 2
    report = page.request.get(str(page.get_by_role("link", name="PDF").get_attribute("href")))
    assert report.body().startswith(b"%PDF")


def test_any_two_periods_are_compared(visit: Callable[..., Page]) -> None:
    page = visit("vera", "/overview")
    page.get_by_label("Compared with", exact=True).click()
    page.get_by_role("option", name="Own dates").click()
    for label, day in (("From", "2020-02-01"), ("To", "2020-02-29")):
        page.get_by_label(f"Compared with: {label}").fill(day)
    expect(page.get_by_text("2020-02-01 – 2020-02-29")).to_be_visible()  # noqa: RUF001
    address = str(page.get_by_role("link", name="PDF").get_attribute("href"))
    assert "before_since=2020-02-01" in address
    assert "before_until=2020-03-01" in address


def test_a_zone_and_the_faults_are_asked_for_and_given_out(visit: Callable[..., Page]) -> None:
    page = visit("vera", "/overview")
    csv = page.get_by_role("link", name="CSV")

    def lines() -> list[str]:
        return page.request.get(str(csv.get_attribute("href"))).text().splitlines()

    page.get_by_label("Grouped by").click()
    page.get_by_role("option", name="By zone").click()
    expect(csv).to_have_attribute("href", re.compile("by=zone"))
    assert [each.split(",")[0] for each in lines()[1:]] == ["", "corridor", "rooms"]
    page.get_by_label("Zone", exact=True).click()
    page.get_by_role("option", name="rooms").click()
    page.keyboard.press("Escape")
    expect(csv).to_have_attribute("href", re.compile("zone=rooms"))
    assert [each.split(",")[0] for each in lines()[1:]] == ["rooms"]
    page.get_by_label("Grouped by").click()
    page.get_by_role("option", name="By fault").click()
    expect(csv).to_have_attribute("href", re.compile("faults.csv.*zone=rooms"))
    assert [each.split(",")[1] for each in lines()[1:]] == [*Fault, ""]
    page.get_by_role("button", name="The same as a table").click()
    table = page.get_by_role("region", name="The same as a table")
    expect(table.get_by_role("row")).to_have_count(6)
    expect(table).to_contain_text("Share of people judged")


def test_the_rate_of_a_camera_that_is_gone_is_asked_for(visit: Callable[..., Page]) -> None:
    page = visit("vera", "/overview")
    csv = page.get_by_role("link", name="CSV")
    expect(csv).to_be_visible()
    page.get_by_label("Camera", exact=True).click()
    page.get_by_role("option", name="old door").click()
    page.keyboard.press("Escape")
    expect(csv).to_have_attribute("href", re.compile("camera=old.door"))
    [line] = page.request.get(str(csv.get_attribute("href"))).text().splitlines()[1:]
    assert line.split(",")[1:3] == ["1", "1"]
    # It can be taken back.
    page.get_by_label("Camera", exact=True).click()
    page.get_by_role("option", name="old door").click()
    expect(csv).not_to_have_attribute("href", re.compile("camera="))


def test_people_are_counted_by_month(visit: Callable[..., Page]) -> None:
    page = visit("vera", "/overview")
    page.get_by_label("Grouped by").click()
    page.get_by_role("option", name="By month").click()
    csv = page.get_by_role("link", name="CSV")
    expect(csv).to_have_attribute("href", re.compile("by=month"))
    months = page.request.get(str(csv.get_attribute("href"))).text().splitlines()[1:]
    assert months
    assert all(re.match(r"\d{4}-\d\d,", each) for each in months)


def test_dates_that_make_no_period_show_no_numbers_and_say_what_is_wanted(
    visit: Callable[..., Page],
) -> None:
    for name, period, own, label, said in (
        ("vera", "Period", "Own dates", "Period: From", "Please give both dates"),
        ("otto", "Zeitraum", "Eigene Tage", "Zeitraum: Von", "Bitte beide Tage angeben"),
    ):
        page = visit(name, "/overview")
        rate = page.locator(".mw-big")
        page.get_by_label(period, exact=True).click()
        page.get_by_role("option", name=own).click()
        for wrong in ("", "2199-01-01"):
            page.get_by_label(label).fill("2026-01-01")
            expect(rate).to_be_visible()
            expect(page.get_by_role("link", name="PDF")).to_be_visible()
            page.get_by_label(label).fill(wrong)
            expect(page.get_by_text(said)).to_be_visible()
            expect(rate).to_have_count(0)
            expect(page.get_by_role("link", name="PDF")).to_have_count(0)


def test_only_the_newest_question_is_answered(chromium: Browser, tmp_path: Path) -> None:
    with dashboard(tmp_path, "slow", "2") as (url, _):
        page = page_of(chromium, url, "vera")
        page.goto("/events")
        found = page.get_by_role("status").first
        expect(found).to_have_text(re.compile(r"^Episodes: [1-9]"))
        everything = found.inner_text()
        page.get_by_label("Search").fill("none such")
        expect(found).to_have_text("Episodes: 0")
        old = Held(tmp_path, SLOW_TEXT)
        page.get_by_label("Search").fill(SLOW_TEXT)
        until(page, lambda: old.is_asked)
        page.get_by_label("Search").fill("")
        expect(found).to_have_text(everything)
        old.let_go()
        page.wait_for_timeout(1000)  # in which the old answer comes
        expect(found).to_have_text(everything)

        page.goto("/overview")
        page.get_by_label("Compared with", exact=True).click()
        page.get_by_role("option", name="Own dates").click()
        pdf = page.get_by_role("link", name="PDF")
        for label, day in (("From", f"{SLOW_YEAR}-02-01"), ("To", f"{SLOW_YEAR}-02-29")):
            page.get_by_label(f"Compared with: {label}").fill(day)
        old = Held(tmp_path, str(SLOW_YEAR))
        until(page, lambda: old.is_asked)
        page.get_by_label("Compared with: From").fill("2019-02-01")
        expect(pdf).to_have_attribute("href", re.compile("before_since=2019-02-01"))
        old.let_go()
        page.wait_for_timeout(1000)
        expect(pdf).to_have_attribute("href", re.compile("before_since=2019-02-01"))
        page.close()


def test_a_thousand_people_are_not_one_in_any_language(visit: Callable[..., Page]) -> None:
    page = visit("otto", "/overview")
    chart = page.get_by_role("img", name="Wie Masken falsch getragen wurden")
    expect(chart.locator("canvas")).to_be_visible()
    said = chart.evaluate(
        "(each) => getElement(Number(each.id.slice(1))).chart.getOption()"
        ".xAxis[0].axisLabel.formatter(1234)"
    )
    assert said == "1\u00a0234"


def test_a_bar_says_how_many_people_it_stands_for(visit: Callable[..., Page]) -> None:
    page = visit("vera", "/overview")
    chart = page.locator("canvas").first
    expect(chart).to_be_visible()
    box = chart.bounding_box()
    assert box is not None

    def hover(x: float) -> None:
        page.mouse.move(box["x"] + x * box["width"], box["y"] + 0.5 * box["height"])

    tip = page.get_by_text(re.compile(r"% \(n = \d+\)"))
    # The chart may still be growing: the mouse moves until it is noticed.
    for turn in range(200):
        hover(0.45 + 0.002 * (turn % 50))
        if tip.is_visible():
            break
        page.wait_for_timeout(100)
    expect(tip).to_contain_text("95 %:")
