from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from maskwatch.alerts.due import why_unwanted
from maskwatch.alerts.policy import Occasion, longest_cooldown, plan_camera_trouble, plan_episode
from maskwatch.config.alerts import AlertsConfig
from maskwatch.store.ids import new_id
from maskwatch.store.records import (
    Delivery,
    DeliveryKind,
    DeliveryState,
    EpisodeRecord,
    HealthRecord,
)
from maskwatch.types import Fault, State

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=BERLIN).astimezone(UTC)  # a Monday
MAIL = {"kind": "email", "host": "mail", "sender": "m@x.org", "to": ["a@x.org"]}
DOOR = {"kind": "command", "command": ["true"]}


def config(**values: object) -> AlertsConfig:
    return AlertsConfig.model_validate({"channels": {"mail": MAIL}, **values})


def episode(camera: str = "Door", track: int = 1, at: datetime = NOON) -> EpisodeRecord:
    return EpisodeRecord(
        new_id(), camera, None, track, State.INCORRECT, Fault.NOSE_OUT, 12.0, started_at=at
    )


def plan(
    settings: AlertsConfig,
    about: EpisodeRecord | None = None,
    at: datetime = NOON,
    recent: list[Delivery] | None = None,
) -> list[Delivery]:
    return plan_episode(settings, Occasion(about or episode(), at, recent or [], BERLIN))


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
    stale_after_s = settings.channels["door"].stale_after_s
    assert stale_after_s == 60
    for row in (*plan(settings), *plan_camera_trouble(settings, lost)):
        assert row.not_before is not None
        assert why_unwanted(row, episode(), stale_after_s, row.not_before + seconds(1)) is None


def test_each_recipient_of_a_mail_has_a_row_and_nobody_has_two() -> None:
    rows = plan(config(channels={"mail": {**MAIL, "to": ["a@x.org", "b@x.org", "a@x.org"]}}))
    assert [row.recipient for row in rows] == ["a@x.org", "b@x.org"]


def test_planning_an_episode_twice_yields_the_same_ids_which_sort_with_it() -> None:
    settings, about = config(channels={"mail": MAIL, "door": DOOR}), episode()
    first, second = plan(settings, about), plan(settings, about, at=NOON + seconds(90))
    assert [row.id for row in first] == [row.id for row in second]
    assert len({row.id for row in first}) == 2
    assert all(row.id[:12] == about.id[:12] and len(row.id) == 32 for row in first)


def test_a_second_episode_of_a_camera_waits_for_the_digest_while_it_cools_down() -> None:
    settings = config(pacing={"cooldown_camera_s": 60, "digest_every_s": 3600})
    recent = plan(settings)
    (row,) = plan(settings, episode(track=2), NOON + seconds(59), recent)
    assert (row.kind, row.not_before) == (DeliveryKind.DIGEST, NOON + seconds(3600))
    (row,) = plan(settings, episode(track=2), NOON + seconds(60), recent)
    assert (row.kind, row.not_before) == (DeliveryKind.VIOLATION, NOON + seconds(60))


def test_another_camera_does_not_cool_down_with_it() -> None:
    settings = config(pacing={"cooldown_camera_s": 60})
    (row,) = plan(settings, episode("Gate"), NOON + seconds(1), plan(settings))
    assert row.kind is DeliveryKind.VIOLATION


def test_the_same_person_cools_down_longer_than_the_camera() -> None:
    settings = config(pacing={"cooldown_camera_s": 60, "cooldown_person_s": 600})
    recent = plan(settings, episode(track=7))
    (same,) = plan(settings, episode(track=7), NOON + seconds(599), recent)
    (other,) = plan(settings, episode(track=8), NOON + seconds(599), recent)
    assert (same.kind, other.kind) == (DeliveryKind.DIGEST, DeliveryKind.VIOLATION)


def test_only_messages_that_went_out_by_themselves_start_a_cooldown() -> None:
    settings = config(pacing={"cooldown_camera_s": 60})
    (sent,) = plan(settings)
    for row in (
        replace(sent, kind=DeliveryKind.DIGEST),
        replace(sent, state=DeliveryState.CANCELLED),
        replace(sent, stage=1),
        replace(sent, recipient="b@x.org"),
    ):
        (planned,) = plan(settings, episode(track=2), NOON + seconds(1), [row])
        assert planned.kind is DeliveryKind.VIOLATION


def test_a_display_is_not_paced_unless_asked_for() -> None:
    settings = config(channels={"door": DOOR}, pacing={"digest_only": True})
    assert [row.kind for row in plan(settings)] == [DeliveryKind.VIOLATION]
    settings = config(channels={"door": {**DOOR, "pacing": {"digest_only": True}}})
    assert [row.kind for row in plan(settings)] == [DeliveryKind.DIGEST]


def test_in_quiet_hours_messages_wait_for_their_end() -> None:
    quiet = {"quiet_hours": [{"start": "22:00", "end": "06:00"}]}
    night = datetime(2026, 3, 2, 23, 30, tzinfo=BERLIN)
    (row,) = plan(config(pacing=quiet), at=night)
    assert row.kind is DeliveryKind.DIGEST
    assert row.not_before == datetime(2026, 3, 3, 6, 0, tzinfo=BERLIN)


def test_a_late_step_is_quiet_by_its_own_time() -> None:
    quiet = {"quiet_hours": [{"start": "12:05", "end": "13:00"}]}
    ladder = [{"channels": ["mail"]}, {"channels": ["mail"], "after_s": 600}]
    now, late = plan(config(pacing=quiet, ladder=ladder))
    assert (now.kind, late.kind) == (DeliveryKind.VIOLATION, DeliveryKind.DIGEST)
    assert late.not_before == NOON + seconds(3600)


def test_a_digest_that_would_fall_into_quiet_hours_waits_for_their_end() -> None:
    pacing = {
        "digest_only": True,
        "digest_every_s": 3600,
        "quiet_hours": [{"start": "12:30", "end": "14:15"}],
    }
    (row,) = plan(config(pacing=pacing))
    assert row.not_before == datetime(2026, 3, 2, 14, 15, tzinfo=BERLIN)


def test_the_longest_cooldown_of_any_channel_counts() -> None:
    channels = {"mail": MAIL, "boss": {**MAIL, "pacing": {"cooldown_person_s": 9000}}}
    assert longest_cooldown(config(channels=channels)) == seconds(9000)
    assert longest_cooldown(config(channels={"door": DOOR})) == seconds(0)


def test_a_camera_in_trouble_is_told_to_those_who_asked_for_it() -> None:
    settings = config(channels={"mail": MAIL, "door": DOOR}, camera_trouble={"channels": ["mail"]})
    lost = HealthRecord(new_id(), NOON, "Door", "connection", "lost", "no picture for 10 s")
    (row,) = plan_camera_trouble(settings, lost)
    assert (row.kind, row.channel, row.camera) == (DeliveryKind.CAMERA_HEALTH, "mail", "Door")
    assert row.payload == {
        "kind": "connection",
        "state": "lost",
        "reason": "no picture for 10 s",
        "after_s": 120,
    }
    assert row.not_before == NOON + seconds(120)
    assert plan_camera_trouble(config(), lost) == []


@given(st.lists(st.floats(0, 3600), min_size=1, max_size=60))
def test_whatever_comes_every_episode_has_exactly_one_row_per_reader(gaps: list[float]) -> None:
    settings = config(pacing={"cooldown_camera_s": 60, "cooldown_person_s": 600})
    rows: list[Delivery] = []
    at = NOON
    for number, gap in enumerate(gaps):
        at += seconds(gap)
        rows += plan(settings, episode(track=number), at, rows)
    assert len({row.episode_id for row in rows}) == len(rows) == len(gaps)
    told = [row.created_at for row in rows if row.kind is DeliveryKind.VIOLATION]
    apart = [b - a for a, b in pairwise(told) if a and b]
    assert told
    assert all(gap >= seconds(60) for gap in apart)
    assert all(
        row.not_before and row.not_before >= row.created_at for row in rows if row.created_at
    )
