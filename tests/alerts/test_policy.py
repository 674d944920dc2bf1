from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from maskwatch.alerts.due import Known, why_unwanted
from maskwatch.alerts.policy import plan_camera_trouble, plan_episode
from maskwatch.alerts.roll_call import Trouble
from maskwatch.config.alerts import AlertsConfig
from maskwatch.store.ids import new_id
from maskwatch.store.records import Delivery, DeliveryKind, EpisodeRecord, HealthRecord
from maskwatch.types import Fault, State

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=BERLIN).astimezone(UTC)  # a Monday
MAIL = {"kind": "email", "host": "mail", "sender": "m@x.org", "to": ["a@x.org"]}
DOOR = {"kind": "command", "command": ["true"]}
SECRET = bytes(32)


def config(**values: object) -> AlertsConfig:
    return AlertsConfig.model_validate({"channels": {"mail": MAIL}, **values})


def episode(camera: str = "Door", track: int = 1, at: datetime = NOON) -> EpisodeRecord:
    return EpisodeRecord(
        new_id(), camera, None, track, State.INCORRECT, Fault.NOSE_OUT, 12.0, started_at=at
    )


def plan(
    settings: AlertsConfig, about: EpisodeRecord | None = None, at: datetime = NOON
) -> list[Delivery]:
    return plan_episode(settings, about or episode(), at, SECRET)


def seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


def test_without_a_ladder_every_channel_is_told_at_once() -> None:
    rows = plan(config(channels={"mail": MAIL, "door": DOOR}))
    assert [(row.channel, row.kind, row.not_before) for row in rows] == [
        ("mail", DeliveryKind.VIOLATION, NOON),
        ("door", DeliveryKind.VIOLATION, NOON),
    ]


def test_without_channels_nobody_is_told() -> None:
    assert plan(AlertsConfig()) == []


def test_the_ladder_gives_each_step_its_time_and_its_condition() -> None:
    ladder = [
        {"channels": ["door"]},
        {"channels": ["mail"], "after_s": 20, "only_while": "ongoing"},
        {"channels": ["boss"], "after_s": 600, "only_while": "unacknowledged"},
    ]
    boss = {**MAIL, "to": ["boss@x.org"]}
    rows = plan(config(channels={"mail": MAIL, "door": DOOR, "boss": boss}, ladder=ladder))
    told = [(r.channel, r.recipient, r.stage, r.payload["only_while"], r.not_before) for r in rows]
    assert told == [
        ("door", None, 0, "always", NOON),
        ("mail", "a@x.org", 1, "ongoing", NOON + seconds(20)),
        ("boss", "boss@x.org", 2, "unacknowledged", NOON + seconds(600)),
    ]


def test_a_late_step_of_the_ladder_reaches_a_display_that_wants_nothing_old() -> None:
    settings = config(
        channels={"door": DOOR},
        ladder=[{"channels": ["door"], "after_s": 120}],
        camera_trouble={"channels": ["door"], "after_s": 300},
    )
    lost = HealthRecord(new_id(), NOON, "Door", "connection", "lost", "no picture for 10 s")
    door = settings.channels["door"]
    assert door.stale_after_s == 60
    known = Known(episode(), is_present=True, trouble=Trouble(lost.at))
    for row in (*plan(settings), *plan_camera_trouble(settings, lost, SECRET)):
        assert row.not_before is not None
        now = row.not_before + seconds(1)
        assert why_unwanted(row, known, door, statistics_only=False, now=now) is None


def test_each_recipient_of_a_mail_has_a_row_and_nobody_has_two() -> None:
    rows = plan(config(channels={"mail": {**MAIL, "to": ["a@x.org", "b@x.org", "a@x.org"]}}))
    assert [row.recipient for row in rows] == ["a@x.org", "b@x.org"]


def test_planning_an_episode_twice_yields_the_same_ids_which_sort_with_it() -> None:
    settings, about = config(channels={"mail": MAIL, "door": DOOR}), episode()
    first, second = plan(settings, about), plan(settings, about, at=NOON + seconds(90))
    assert [row.id for row in first] == [row.id for row in second]
    assert len({row.id for row in first}) == 2
    assert all(row.id[:12] == about.id[:12] and len(row.id) == 32 for row in first)


def test_ids_differ_between_installations_so_that_nobody_can_try_addresses_until_one_fits() -> None:
    settings, about = config(camera_trouble={"channels": ["mail"]}), episode()
    lost = HealthRecord(new_id(), NOON, "Door", "connection", "lost", "no picture for 10 s")
    ids = set()
    for secret in (SECRET, bytes([1] * 32)):
        rows = [
            *plan_episode(settings, about, NOON, secret),
            *plan_camera_trouble(settings, lost, secret),
        ]
        ids |= {row.id for row in rows}
    assert len(ids) == 4


def test_a_camera_in_trouble_is_told_to_those_who_asked_for_it() -> None:
    settings = config(channels={"mail": MAIL, "door": DOOR}, camera_trouble={"channels": ["mail"]})
    lost = HealthRecord(new_id(), NOON, "Door", "connection", "lost", "no picture for 10 s")
    (row,) = plan_camera_trouble(settings, lost, SECRET)
    assert (row.kind, row.channel, row.camera) == (DeliveryKind.CAMERA_HEALTH, "mail", "Door")
    assert row.payload == {
        "kind": "connection",
        "state": "lost",
        "reason": "no picture for 10 s",
        "after_s": 120,
    }
    assert row.not_before == NOON + seconds(120)
    assert plan_camera_trouble(config(), lost, SECRET) == []
