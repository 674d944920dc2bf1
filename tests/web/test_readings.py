"""Readings per minute over REST: how busy cameras were, and how well they could tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from fastapi.testclient import TestClient

from maskwatch.config.privacy import PrivacyConfig
from maskwatch.store.records import MinuteReadings
from maskwatch.web.actions.readings import LastHour
from tests.web.world import NOW, World

MINUTE = MinuteReadings("entrance", None, NOW.replace(second=0, microsecond=0), 480, 40, 3, 2, 5)


def _period(minutes: float) -> dict[str, str]:
    until = MINUTE.minute + timedelta(minutes=minutes)
    return {"since": MINUTE.minute.isoformat(), "until": until.isoformat()}


def test_readings_are_added_up_for_each_camera_also_for_one_that_is_gone(
    admin: TestClient, world: World
) -> None:
    later = MINUTE.minute + timedelta(minutes=5)
    world.store.readings.add(
        [MINUTE, replace(MINUTE, zone="door", frames=0), replace(MINUTE, minute=later)]
    )
    world.store.readings.add([replace(MINUTE, camera="gone", frames=1, unknown=0)])
    found = admin.get("/api/v1/readings", params=_period(5)).json()
    entrance = {"frames": 480, "mask": 80, "incorrect": 6, "no_mask": 4, "unknown": 10}
    gone = {"frames": 1, "mask": 40, "incorrect": 3, "no_mask": 2, "unknown": 0}
    assert found == [{"camera": "entrance", **entrance}, {"camera": "gone", **gone}]


def test_readings_of_a_camera_are_given_minute_by_minute(admin: TestClient, world: World) -> None:
    later = MINUTE.minute + timedelta(minutes=1)
    mine = [MINUTE, replace(MINUTE, minute=later, zone="door")]
    world.store.readings.add([*mine, replace(MINUTE, camera="canteen")])
    found = admin.get("/api/v1/readings/entrance", params=_period(2)).json()
    assert [(each["zone"], each["frames"], each["unknown"]) for each in found] == [
        (None, 480, 5),
        ("door", 480, 5),
    ]
    assert [each["minute"] for each in found] == [
        at.isoformat().replace("+00:00", "Z") for at in (MINUTE.minute, later)
    ]


def test_minutes_of_more_than_a_day_are_refused(admin: TestClient) -> None:
    day = 24 * 60
    assert admin.get("/api/v1/readings/entrance", params=_period(day)).json() == []
    answer = admin.get("/api/v1/readings/entrance", params=_period(day + 1))
    assert answer.status_code == 422
    assert "one day at most" in answer.json()["detail"]
    assert admin.get("/api/v1/readings", params=_period(day + 1)).json() == []


def test_an_open_page_asks_for_the_last_hour_twice_a_minute(world: World) -> None:
    vera = world.principal("vera")
    now_s = [0.0]
    last_hour = LastHour(lambda: now_s[0])

    def faces() -> int | None:
        found = last_hour.of(world.web, vera)
        return None if found is None else sum(each.faces for each in found.values())

    assert faces() == 0
    world.store.readings.add([replace(MINUTE, minute=MINUTE.minute - timedelta(minutes=1))])
    for at_s, known in ((29.0, 0), (30.0, 50), (58.0, 50)):
        now_s[0] = at_s
        assert faces() == known
    # Nothing is kept in statistics-only mode; what was known before is not shown after it, either.
    world.set_privacy(PrivacyConfig(statistics_only=True))
    assert faces() is None
    world.store.readings.add([replace(MINUTE, minute=MINUTE.minute - timedelta(minutes=2))])
    world.set_privacy(PrivacyConfig())
    assert faces() == 100
