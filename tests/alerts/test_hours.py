from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from maskwatch.alerts.hours import next_digest, quiet_until
from maskwatch.config.alerts import Pacing
from maskwatch.config.cameras import HoursConfig

BERLIN = ZoneInfo("Europe/Berlin")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def hours(*spans: dict[str, object]) -> list[HoursConfig]:
    return [HoursConfig.model_validate(span) for span in spans]


NIGHT = {"start": "22:00", "end": "06:00"}
FRIDAY_NIGHT = {"start": "22:00", "end": "06:00", "days": ["fri"]}  # 2026-03-06 is a Friday


@pytest.mark.parametrize(
    ("spans", "at", "end"),
    [
        ([NIGHT], "2026-03-02 21:59", None),
        ([NIGHT], "2026-03-02 22:00", "2026-03-03 06:00"),
        ([NIGHT], "2026-03-03 05:59", "2026-03-03 06:00"),
        ([NIGHT], "2026-03-03 06:00", None),
        ([FRIDAY_NIGHT], "2026-03-07 05:00", "2026-03-07 06:00"),  # began on Friday
        ([FRIDAY_NIGHT], "2026-03-06 05:00", None),  # that would have begun on Thursday
        ([NIGHT, {"start": "06:00", "end": "07:00"}], "2026-03-02 23:00", "2026-03-03 07:00"),
        ([NIGHT], "2026-03-28 23:00", "2026-03-29 06:00"),  # the night of the summer time
        ([], "2026-03-02 23:00", None),
    ],
)
def test_quiet_hours_end_when_they_say(
    spans: list[dict[str, object]], at: str, end: str | None
) -> None:
    found = quiet_until(hours(*spans), local(at), BERLIN)
    assert found == (None if end is None else local(end))


def test_quiet_hours_without_an_end_silence_nothing_for_more_than_two_weeks() -> None:
    now = local("2026-03-02 12:00")
    end = quiet_until(hours({"start": "00:00", "end": "00:00"}), now, BERLIN)
    assert end is not None
    assert end - now <= timedelta(days=15)


@pytest.mark.parametrize(
    ("pacing", "after", "digest"),
    [
        ({"digest_every_s": 3600}, "2026-03-02 12:00", "2026-03-02 13:00"),
        ({"digest_every_s": 3600}, "2026-03-02 23:59", "2026-03-03 00:00"),
        ({"digest_every_s": 86400}, "2026-03-02 00:00", "2026-03-03 00:00"),
        ({"digest_every_s": 7 * 3600}, "2026-03-02 22:00", "2026-03-03 00:00"),
        # The day on which summer time ends has 25 hours, that on which it begins 23.
        ({"digest_every_s": 3600}, "2026-10-25 22:30", "2026-10-25 23:00"),
        ({"digest_every_s": 3600}, "2026-10-25 23:30", "2026-10-26 00:00"),
        ({"digest_every_s": 3600}, "2026-03-29 23:30", "2026-03-30 00:00"),
        ({"digest_at": ["07:00", "19:00"]}, "2026-03-02 12:00", "2026-03-02 19:00"),
        ({"digest_at": ["07:00"]}, "2026-03-02 07:00", "2026-03-03 07:00"),
        ({"digest_at": ["07:00"]}, "2026-03-28 12:00", "2026-03-29 07:00"),
    ],
)
def test_digests_come_at_their_local_times(
    pacing: dict[str, object], after: str, digest: str
) -> None:
    found = next_digest(Pacing.model_validate(pacing), local(after), BERLIN)
    assert found == local(digest)
    assert found.tzinfo is UTC
