"""Small pieces that several pages are made of."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from maskwatch.web.pages.parts import chart_time


def test_a_timeline_is_in_the_boxs_time_wherever_the_browser_is() -> None:
    noon = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
    shown = datetime.fromtimestamp(chart_time(noon, ZoneInfo("Europe/Berlin")) / 1000, UTC)
    assert shown == datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
