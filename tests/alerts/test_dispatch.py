from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from maskwatch.alerts.base import Alert, AlertChannel, CameraFacts, StateChannel
from maskwatch.alerts.due import held
from maskwatch.alerts.service import AlertService, AlertSettings
from maskwatch.config.alerts import AlertsConfig
from maskwatch.config.privacy import Photos, PrivacyConfig
from maskwatch.config.site import SiteConfig
from maskwatch.errors import ChannelError, StoreError, UsageError
from maskwatch.store.ids import new_id
from maskwatch.store.records import (
    Delivery,
    DeliveryKind,
    DeliveryState,
    EpisodeRecord,
    HealthRecord,
    SnapshotFace,
    SnapshotKind,
)
from maskwatch.store.schema import deliveries, episodes
from maskwatch.store.store import Store
from maskwatch.testing import RecordingChannel
from maskwatch.types import Box, State
from tests.alerts import samples
from tests.runtime.processes import wait_until

MAIL = {"kind": "email", "host": "mail", "sender": "m@x.org", "to": ["a@x.org"]}
DOOR = {"kind": "command", "command": ["true"]}
SOON = {"first_delay_s": 0.05, "max_delay_s": 0.1}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/maskwatch.db", tmp_path / "photos") as opened:
        yield opened


def settings(**alerts: Any) -> AlertSettings:
    given = {"channels": {"door": DOOR}, "retry": SOON, **alerts}
    if "pacing" in given:  # else a digest would go out whenever the clock strikes during a test
        half_a_day_later = now().astimezone(samples.BERLIN) + timedelta(hours=12)
        given["pacing"] = {"digest_at": [f"{half_a_day_later:%H:%M}"], **given["pacing"]}
    return AlertSettings(
        AlertsConfig.model_validate(given),
        PrivacyConfig(),
        SiteConfig(time_zone="Europe/Berlin"),
        "https://m.example.org",
    )


@contextmanager
def running(
    store: Store, given: AlertSettings, channels: Mapping[str, AlertChannel], start: bool = True
) -> Iterator[AlertService]:
    service = AlertService(store, given, lambda _: channels)
    if start:
        service.start()
    try:
        yield service
    finally:
        assert service.stop()


def happen(service: AlertService, store: Store, *about: EpisodeRecord) -> list[Delivery]:
    """Episodes as the recorder writes them: each with its deliveries, in one transaction."""
    rows = []
    for each in about:
        with store.transaction():
            store.episodes.add(each)
            planned = service.plan(each, now())
            store.deliveries.add(planned)
        rows += planned
    service.wake()
    return rows


def settled(store: Store, rows: Sequence[Delivery]) -> list[Delivery]:
    """The rows once nothing is left to do about them."""

    def found() -> list[Delivery]:
        return [store.deliveries.get(row.id) for row in rows]

    busy = {DeliveryState.PENDING, DeliveryState.CLAIMED}
    assert wait_until(lambda: not any(row.state in busy for row in found())), found()
    return found()


def now() -> datetime:
    return datetime.now(UTC)


def episode(**values: Any) -> EpisodeRecord:
    return replace(samples.episode(), started_at=now(), **values)


def test_an_episode_is_told_once_and_the_outcome_is_written_down(store: Store) -> None:
    door, about = RecordingChannel(), episode()
    with running(store, settings(), {"door": door}) as service:
        (row,) = settled(store, happen(service, store, about))
        service.wake()
    assert [alert.id for alert in door.alerts] == [row.id]
    assert door.alerts[0].episodes[0].id == about.id
    assert (row.state, row.attempts, row.last_error) == (DeliveryState.SENT, 1, None)
    assert row.sent_at is not None
    assert door.closed == 1


def test_what_was_queued_before_the_start_is_sent_after_it(store: Store) -> None:
    door = RecordingChannel()
    with running(store, settings(), {"door": door}, start=False) as service:
        rows = happen(service, store, episode())
    assert door.alerts == []
    with running(store, settings(), {"door": door}):
        settled(store, rows)
    assert len(door.alerts) == 1


def test_in_statistics_only_mode_nobody_is_told_of_an_episode_from_before(store: Store) -> None:
    door = RecordingChannel()
    with running(store, settings(), {"door": door}, start=False) as service:
        rows = happen(service, store, episode())
    given = replace(settings(), privacy=PrivacyConfig(statistics_only=True))
    with running(store, given, {"door": door}) as service:
        (row,) = settled(store, rows)
        assert service.plan(episode(), now()) == []
        (test,) = settled(store, service.send_test("door"))
    assert (row.state, test.state) == (DeliveryState.CANCELLED, DeliveryState.SENT)
    assert "statistics-only" in (row.last_error or "")
    assert [alert.id for alert in door.alerts] == [test.id]


def test_a_failure_is_tried_again_with_the_same_id_until_it_works(store: Store) -> None:
    failures = [ChannelError("busy"), ChannelError("busy"), None]
    door = RecordingChannel(lambda _: failures.pop(0))
    with running(store, settings(), {"door": door}) as service:
        (row,) = settled(store, happen(service, store, episode()))
    assert (row.state, row.attempts) == (DeliveryState.SENT, 3)
    assert len({alert.id for alert in door.alerts}) == 1


def test_a_permanent_failure_is_dead_at_once_and_says_why(store: Store) -> None:
    door = RecordingChannel(lambda _: ChannelError("who is that?", permanent=True))
    with running(store, settings(), {"door": door}) as service:
        (row,) = settled(store, happen(service, store, episode()))
    assert (row.state, row.permanent, row.attempts) == (DeliveryState.DEAD, True, 1)
    assert row.last_error == "who is that?"


def test_a_failure_that_does_not_heal_is_dead_in_the_end_and_can_be_sent_again(
    store: Store,
) -> None:
    answers: list[ChannelError | None] = [ChannelError("busy")]
    door = RecordingChannel(lambda _: answers[0])
    given = settings(retry={**SOON, "give_up_after_s": 0.12})
    with running(store, given, {"door": door}) as service:
        (row,) = settled(store, happen(service, store, episode()))
        assert (row.state, row.permanent, row.last_error) == (DeliveryState.DEAD, False, "busy")
        assert row.attempts > 1
        answers[0] = None
        assert store.deliveries.requeue(row.id, now())
        service.wake()
        (row,) = settled(store, [row])
    assert row.state is DeliveryState.SENT


def test_a_channel_with_a_bug_loses_nothing_and_holds_nobody_up(store: Store) -> None:
    failures: list[Exception | None] = [ZeroDivisionError("a bug"), None]
    door, mail = RecordingChannel(lambda _: failures.pop(0)), RecordingChannel()
    given = settings(channels={"door": DOOR, "mail": MAIL})
    with running(store, given, {"door": door, "mail": mail}) as service:
        rows = settled(store, happen(service, store, episode()))
    assert {row.state for row in rows} == {DeliveryState.SENT}


def test_a_display_is_not_shown_what_could_not_be_written_down_for_an_hour(store: Store) -> None:
    door, about = RecordingChannel(), episode()
    with running(store, settings(), {"door": door}) as service:
        with store.transaction():
            store.episodes.add(about)
            rows = service.plan(about, now() - timedelta(hours=1))
            store.deliveries.add(rows)
        service.wake()
        (row,) = settled(store, rows)
    assert row.state is DeliveryState.CANCELLED
    assert door.alerts == []


def test_a_slow_channel_does_not_keep_another_waiting(store: Store) -> None:
    free = threading.Event()

    def slow(alert: Alert) -> None:
        assert free.wait(20)

    mail, door = RecordingChannel(slow), RecordingChannel()
    given = settings(channels={"mail": MAIL, "door": DOOR})
    with running(store, given, {"mail": mail, "door": door}) as service:
        happen(service, store, episode())
        assert wait_until(lambda: len(door.alerts) == 1)
        assert mail.alerts == []
        free.set()


def test_when_the_store_fails_after_sending_the_message_is_not_sent_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, original = RecordingChannel(), store.deliveries.sent
    broken = [True]

    def sent(claimed: Delivery, at: datetime) -> bool:
        if broken[0]:
            raise StoreError("the disk is full")
        return original(claimed, at)

    monkeypatch.setattr(store.deliveries, "sent", sent)
    with running(store, settings(), {"door": door}) as service:
        rows = happen(service, store, episode())
        assert wait_until(lambda: len(door.alerts) == 1)
        assert store.deliveries.get(rows[0].id).state is DeliveryState.CLAIMED
        broken[0] = False
        (row,) = settled(store, rows)
    assert row.state is DeliveryState.SENT
    assert len(door.alerts) == 1


@pytest.mark.parametrize("recovers", [True, False])
def test_what_was_sent_and_not_noted_yet_is_noted_at_the_end_or_told(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, recovers: bool
) -> None:
    original, tries = store.deliveries.sent, threading.Event()

    def sent(claimed: Delivery, at: datetime) -> bool:
        if recovers and tries.is_set():
            return original(claimed, at)
        tries.set()
        raise StoreError("the disk is full")

    monkeypatch.setattr(store.deliveries, "sent", sent)
    monkeypatch.setattr("maskwatch.alerts.dispatch._STORE_PAUSE_S", 60)
    with running(store, settings(), {"door": RecordingChannel()}) as service:
        (row,) = happen(service, store, episode())
        assert tries.wait(20)
    state = store.deliveries.get(row.id).state
    assert state is (DeliveryState.SENT if recovers else DeliveryState.CLAIMED)
    assert ("will be sent again" in caplog.text) is not recovers


def test_a_step_that_is_not_wanted_any_more_is_cancelled_and_says_why(store: Store) -> None:
    ladder = [
        {"channels": ["door"]},
        {"channels": ["mail"], "after_s": 0.1, "only_while": "unacknowledged"},
    ]
    door, mail = RecordingChannel(), RecordingChannel()
    given = settings(channels={"door": DOOR, "mail": MAIL}, ladder=ladder)
    seen, ignored = episode(track=1), episode(track=2, camera="Gate")
    with running(store, given, {"door": door, "mail": mail}, start=False) as service:
        rows = happen(service, store, seen, ignored)
    store.episodes.acknowledge(seen.id, "ann", now())
    with running(store, given, {"door": door, "mail": mail}):
        rows = settled(store, rows)
    assert [(row.channel, row.state) for row in rows] == [
        ("door", DeliveryState.SENT),
        ("mail", DeliveryState.CANCELLED),
        ("door", DeliveryState.SENT),
        ("mail", DeliveryState.SENT),
    ]
    assert rows[1].last_error == "acknowledged"
    assert [alert.episodes[0].id for alert in mail.alerts] == [ignored.id]


def test_what_is_settled_while_those_before_it_are_sent_is_not_told_any_more(store: Store) -> None:
    first, seen, gone = (episode(track=number, camera=f"Door {number}") for number in range(3))

    def meanwhile(alert: Alert) -> None:
        if [facts.id for facts in alert.episodes] == [first.id]:
            store.episodes.acknowledge(seen.id, "ann", now())
            delete_episode(store, gone.id)

    mail = RecordingChannel(meanwhile)
    ladder = [{"channels": ["mail"], "only_while": "unacknowledged"}]
    given = settings(channels={"mail": MAIL}, ladder=ladder)
    with running(store, given, {"mail": mail}, start=False) as service:
        rows = happen(service, store, first, seen, gone)
        service.start()
        settled(store, rows[:2])
        settled(store, service.send_test("mail"))  # comes after them in the queue
    told = [[facts.id for facts in alert.episodes] for alert in mail.alerts]
    assert told == [[first.id], []]
    assert mail.alerts[1].kind is DeliveryKind.TEST
    assert store.deliveries.get(rows[1].id).last_error == "acknowledged"


def test_what_is_given_up_because_it_is_old_still_says_why_it_failed(store: Store) -> None:
    door = RecordingChannel(lambda _: ChannelError("exit code 3: no display"))
    given = settings(channels={"door": {**DOOR, "stale_after_s": 60}})
    with running(store, given, {"door": door}) as service:
        rows = happen(service, store, episode())
        assert wait_until(lambda: bool(door.alerts))
        with store.database.write() as connection:
            an_hour_ago = now() - timedelta(hours=1)
            connection.execute(sa.update(deliveries).values(created_at=an_hour_ago))
        (row,) = settled(store, rows)
    assert row.state is DeliveryState.CANCELLED
    assert row.last_error is not None
    assert row.last_error.endswith("wants none after 60 s; before that: exit code 3: no display")


def test_what_the_rate_limit_holds_back_does_not_come_in_quiet_hours(store: Store) -> None:
    soon = now() + timedelta(minutes=5)
    pacing = {
        "cooldown_camera_s": 0,
        "rate_limit": {"messages": 1, "per_s": 600},
        "quiet_hours": [{"start": f"{soon:%H:%M}", "end": f"{soon + timedelta(minutes=90):%H:%M}"}],
    }
    mail = RecordingChannel()
    given = replace(
        settings(channels={"mail": MAIL}, pacing=pacing),
        site=SiteConfig(time_zone="UTC"),  # where every hour has sixty minutes
    )
    with running(store, given, {"mail": mail}) as service:
        settled(store, happen(service, store, episode(track=1)))
        (waiting,) = in_digest(store, happen(service, store, episode(track=2)))
    assert waiting.not_before is not None
    assert waiting.not_before > now() + timedelta(minutes=60)


def test_never_hundreds_of_mails(store: Store) -> None:
    mail = RecordingChannel()
    pacing = {"cooldown_camera_s": 0, "rate_limit": {"messages": 3, "per_s": 2}}
    given = settings(channels={"mail": MAIL}, pacing=pacing)
    about = [episode(track=number, camera=f"Door {number}") for number in range(60)]
    began = time.monotonic()
    with running(store, given, {"mail": mail}) as service:
        rows = settled(store, happen(service, store, *about))
    windows = 1 + (time.monotonic() - began) / 2  # the last one has only begun
    told = [facts.id for alert in mail.alerts for facts in alert.episodes]
    omitted = sum(alert.omitted for alert in mail.alerts)
    assert len(mail.alerts) <= 3 * windows
    assert len(told) == len(set(told))
    assert len(told) + omitted == 60
    assert {row.state for row in rows} == {DeliveryState.SENT}


def test_what_cools_down_comes_in_one_digest(store: Store) -> None:
    mail = RecordingChannel()
    given = settings(channels={"mail": MAIL}, pacing={"digest_only": True})
    with running(store, given, {"mail": mail}, start=False) as service:
        rows = happen(service, store, *(episode(track=number) for number in range(3)))
        service.start()
        waiting = in_digest(store, rows)
    assert all(row.not_before and row.not_before > now() for row in waiting)
    the_hour_has_come(store)
    with running(store, given, {"mail": mail}):
        settled(store, rows)
    assert [alert.title for alert in mail.alerts] == ["3 violations: Door 1"]


def in_digest(store: Store, rows: Sequence[Delivery]) -> list[Delivery]:
    """The rows once all of them wait for a digest."""

    def found() -> list[Delivery]:
        return [store.deliveries.get(row.id) for row in rows]

    def waits(row: Delivery) -> bool:
        return (row.kind, row.state) == (DeliveryKind.DIGEST, DeliveryState.PENDING)

    assert wait_until(lambda: all(map(waits, found()))), found()
    return found()


def the_hour_has_come(store: Store) -> None:
    """Makes everything that waits due, as if it had been held back until now."""
    for row in store.deliveries.claim(now() + timedelta(days=30), limit=1000):
        store.deliveries.release(held(row, now()), now())


def over(store: Store, about: EpisodeRecord) -> None:
    """The person put the mask on."""
    store.episodes.update(
        about.id, state=about.state, fault=about.fault, coverage=9.0, ended_at=now()
    )


ONGOING_LATER = {"channels": ["mail"], "after_s": 0.3, "only_while": "ongoing"}


def test_a_message_that_never_went_out_holds_no_other_back(store: Store) -> None:
    mail = RecordingChannel()
    pacing = {"cooldown_camera_s": 120}
    given = settings(channels={"mail": MAIL}, ladder=[ONGOING_LATER], pacing=pacing)
    corrected, lasting = episode(track=1), episode(track=2)
    with running(store, given, {"mail": mail}, start=False) as service:
        rows = happen(service, store, corrected, lasting)
        over(store, corrected)
        service.start()
        states = [row.state for row in settled(store, rows)]
    assert states == [DeliveryState.CANCELLED, DeliveryState.SENT]
    assert [alert.episodes[0].id for alert in mail.alerts] == [lasting.id]


def test_of_several_at_one_camera_the_first_is_told_at_once_and_the_others_together(
    store: Store,
) -> None:
    mail = RecordingChannel()
    given = settings(channels={"mail": MAIL}, pacing={"cooldown_camera_s": 120})
    about = [episode(track=number) for number in range(4)]
    with running(store, given, {"mail": mail}) as service:
        rows = happen(service, store, *about)
        sent, *others = rows
        settled(store, [sent])
        in_digest(store, others)
        the_hour_has_come(store)
        service.wake()
        settled(store, rows)
    assert [len(alert.episodes) for alert in mail.alerts] == [1, 3]


@pytest.mark.parametrize("channel", [MAIL, {**DOOR, "stale_after_s": 60}], ids=["mail", "command"])
def test_what_was_held_back_and_is_over_by_then_is_still_told(
    store: Store, channel: dict[str, Any]
) -> None:
    told = RecordingChannel()
    ladder = [{"channels": ["any"], "only_while": "ongoing"}]
    all_day = {"quiet_hours": [{"start": "00:00", "end": "00:00"}]}
    given = settings(channels={"any": {**channel, "pacing": all_day}}, ladder=ladder)
    about = episode()
    with running(store, given, {"any": told}) as service:
        rows = happen(service, store, about)
        in_digest(store, rows)
        over(store, about)
        the_hour_has_come(store)
        service.wake()
        (row,) = settled(store, rows)
    assert (row.state, row.last_error) == (DeliveryState.SENT, None)
    assert [alert.episodes[0].id for alert in told.alerts] == [about.id]


def test_what_the_rate_limit_put_back_is_told_although_it_is_over(store: Store) -> None:
    mail = RecordingChannel()
    pacing = {"cooldown_camera_s": 0, "cooldown_person_s": 0, "rate_limit": {"messages": 1}}
    ladder = [{"channels": ["mail"], "only_while": "ongoing"}]
    given = settings(channels={"mail": MAIL}, ladder=ladder, pacing=pacing)
    first, second = episode(track=1), episode(track=2)
    with running(store, given, {"mail": mail}) as service:
        settled(store, happen(service, store, first))
        rows = happen(service, store, second)
        in_digest(store, rows)
        over(store, second)
    the_hour_has_come(store)
    roomy = settings(channels={"mail": MAIL}, ladder=ladder)
    with running(store, roomy, {"mail": mail}):
        (row,) = settled(store, rows)
    assert row.state is DeliveryState.SENT
    assert [alert.episodes[0].id for alert in mail.alerts] == [first.id, second.id]


def test_a_digest_that_fails_comes_again_whole_and_under_the_same_id(store: Store) -> None:
    failures = [ChannelError("busy"), ChannelError("busy"), None]
    mail = RecordingChannel(lambda _: failures.pop(0))
    given = settings(channels={"mail": MAIL}, pacing={"digest_only": True})
    with running(store, given, {"mail": mail}) as service:
        rows = happen(service, store, *(episode(track=number) for number in range(12)))
        in_digest(store, rows)
        the_hour_has_come(store)
        service.wake()
        found = settled(store, rows)
    assert {row.state for row in found} == {DeliveryState.SENT}
    assert [len(alert.episodes) for alert in mail.alerts] == [12, 12, 12]
    assert len({alert.id for alert in mail.alerts}) == 1


def test_what_has_just_come_into_a_digest_is_not_given_up_with_what_was_tried_for_long(
    store: Store,
) -> None:
    failures = [ChannelError("busy"), None]
    mail = RecordingChannel(lambda _: failures.pop(0))
    given = settings(channels={"mail": MAIL}, retry={**SOON, "give_up_after_s": 1})
    about = [episode(track=number) for number in range(2)]
    with running(store, given, {"mail": mail}, start=False) as service:
        planned = [row for each in about for row in service.plan(each, now())]
        tried, new = (replace(row, kind=DeliveryKind.DIGEST) for row in planned)
        for each in about:
            store.episodes.add(each)
        store.deliveries.add([replace(tried, attempts=50), new])
        service.start()
        found = settled(store, [tried, new])
    assert {row.state for row in found} == {DeliveryState.SENT}
    assert [len(alert.episodes) for alert in mail.alerts] == [2, 2]


def test_what_is_left_of_a_digest_that_failed_keeps_its_id(store: Store) -> None:
    about = [episode(track=number) for number in range(3)]
    failures = [ChannelError("answered too late"), None]

    def acknowledged_meanwhile(_: Alert) -> ChannelError | None:
        store.episodes.acknowledge(about[0].id, "ann", now())
        return failures.pop(0)

    mail = RecordingChannel(acknowledged_meanwhile)
    ladder = [{"channels": ["mail"], "only_while": "unacknowledged"}]
    given = settings(channels={"mail": MAIL}, ladder=ladder, pacing={"digest_only": True})
    with running(store, given, {"mail": mail}) as service:
        rows = happen(service, store, *about)
        in_digest(store, rows)
        the_hour_has_come(store)
        service.wake()
        settled(store, rows)
    first, second = mail.alerts
    assert first.id == second.id
    assert {facts.id for facts in second.episodes} == {each.id for each in about[1:]}


def with_photo(store: Store, about: EpisodeRecord, blurred: bool = True) -> EpisodeRecord:
    face = SnapshotFace(Box(1, 1, 9, 9), State.NO_MASK, is_subject=True, blurred=blurred)
    photo = store.snapshots.save(
        samples.jpeg(),
        kind=SnapshotKind.EPISODE,
        camera=about.camera,
        taken_at=now(),
        width=320,
        height=180,
        faces=[face],
    )
    return replace(about, snapshot_id=photo.id)


def test_the_photo_of_the_episode_is_sent(store: Store) -> None:
    door = RecordingChannel()
    given = settings(channels={"door": {**DOOR, "photo": True}})
    with running(store, given, {"door": door}) as service:
        settled(store, happen(service, store, with_photo(store, episode())))
    assert [alert.photo for alert in door.alerts] == [samples.jpeg()]


@pytest.mark.parametrize("photo", [True, False])
def test_a_stored_photo_is_not_sent_where_policy_or_channel_forbid_it(
    store: Store, photo: bool
) -> None:
    door = RecordingChannel()
    given = settings(channels={"door": {**DOOR, "photo": photo}})
    about = with_photo(store, episode())
    store.snapshots.photos = Photos.NONE if photo else Photos.BLURRED
    with running(store, given, {"door": door}) as service:
        settled(store, happen(service, store, about))
    assert [alert.photo for alert in door.alerts] == [None]


def test_a_photo_stored_under_a_laxer_policy_is_not_sent(tmp_path: Path) -> None:
    door = RecordingChannel()
    given = settings(channels={"door": {**DOOR, "photo": True}})
    with Store.open(f"sqlite:///{tmp_path}/m.db", tmp_path / "p", Photos.CLEAR) as store:
        about = with_photo(store, episode(), blurred=False)
        store.snapshots.photos = Photos.BLURRED
        with running(store, given, {"door": door}) as service:
            settled(store, happen(service, store, about))
    assert [alert.photo for alert in door.alerts] == [None]


def test_a_photo_whose_disk_hangs_keeps_no_message(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a network share whose server is away: it neither answers nor fails."""
    answers, door = threading.Event(), RecordingChannel()
    given = settings(channels={"door": {**DOOR, "photo": True}})

    def hanging(_: str) -> bytes:
        assert answers.wait(60)
        return samples.jpeg()

    monkeypatch.setattr("maskwatch.alerts.library.PHOTO_LIMIT_S", 0.2)
    monkeypatch.setattr(store.snapshots, "read", hanging)
    with running(store, given, {"door": door}) as service:
        about = [episode(track=number, snapshot_id="photo") for number in range(3)]
        settled(store, happen(service, store, *about))
        answers.set()
    assert [alert.photo for alert in door.alerts] == [None] * 3


def test_an_episode_that_was_deleted_is_not_told(store: Store) -> None:
    door, about = RecordingChannel(), episode()
    with running(store, settings(), {"door": door}, start=False) as service:
        (row,) = happen(service, store, about)
        delete_episode(store, about.id)
        service.start()
        others = settled(store, service.send_test("door"))  # comes after it in the queue
    assert row.id not in {each.id for each in store.deliveries.page().items}
    assert [alert.id for alert in door.alerts] == [each.id for each in others]


def delete_episode(store: Store, episode_id: str) -> None:
    with store.database.write() as connection:
        connection.execute(sa.delete(episodes).where(episodes.c.id == episode_id))


def test_what_waits_for_a_channel_that_is_gone_is_given_up_and_says_so(store: Store) -> None:
    both = settings(channels={"door": DOOR, "old": DOOR})
    with running(store, both, {}, start=False) as service:
        rows = happen(service, store, episode())
    with running(store, settings(), {"door": RecordingChannel()}):
        found = {row.channel: row for row in settled(store, rows)}
    assert found["door"].state is DeliveryState.SENT
    assert found["old"].state is DeliveryState.DEAD
    assert found["old"].last_error == "no channel is called old"


def test_a_camera_that_stays_lost_is_told_and_one_that_came_back_is_not(store: Store) -> None:
    given = settings(camera_trouble={"channels": ["door"], "after_s": 0.1})
    door = RecordingChannel()
    rows = []
    with running(store, given, {"door": door}, start=False) as service:
        for camera in ("Door", "Gate"):
            rows += say(service, store, camera, "lost", minutes_ago=3)
        assert say(service, store, "Gate", "connected", minutes_ago=2) == []
        service.start()
        states = {row.camera: row.state for row in settled(store, rows)}
    assert states == {"Door": DeliveryState.SENT, "Gate": DeliveryState.CANCELLED}
    assert [alert.title for alert in door.alerts] == ["Door: timed out"]


def test_a_camera_that_is_back_but_for_a_moment_is_neither_told_nor_forgotten(store: Store) -> None:
    given = settings(camera_trouble={"channels": ["door"], "after_s": 0.1})
    door = RecordingChannel()
    with running(store, given, {"door": door}, start=False) as service:
        (row,) = say(service, store, "Door", "lost", minutes_ago=3)
        say(service, store, "Door", "connected", minutes_ago=0.5)
        service.start()
        assert wait_until(lambda: store.deliveries.get(row.id).not_before > now())
    assert store.deliveries.get(row.id).state is DeliveryState.PENDING
    assert door.alerts == []


def say(
    service: AlertService, store: Store, camera: str, state: str, *, minutes_ago: float
) -> list[Delivery]:
    """A change of a camera's connection, as the recorder writes it."""
    at = now() - timedelta(minutes=minutes_ago)
    reason = "timed out" if state == "lost" else ""
    change = HealthRecord(new_id(), at, camera, "connection", state, reason)
    store.health.add(change)
    rows = service.plan_health(change)
    store.deliveries.add(rows)
    return rows


def trouble(service: AlertService, store: Store, camera: str) -> list[Delivery]:
    """A camera that was lost, as the recorder writes it."""
    return say(service, store, camera, "lost", minutes_ago=0)


GONE = "the camera was removed or switched off, or the service was started anew"


def switched(on: bool) -> list[CameraFacts]:
    return [CameraFacts("Door", online=False, violation=False, people=0, switched_on=on)]


def test_a_camera_that_is_switched_off_is_not_missed_and_its_next_loss_is_told(
    store: Store,
) -> None:
    given = settings(camera_trouble={"channels": ["door"], "after_s": 0.1})
    door = RecordingChannel()
    with running(store, given, {"door": door}, start=False) as service:
        before = trouble(service, store, "Door")
        service.show(switched(on=False))
        service.start()
        (row,) = settled(store, before)
        assert (row.state, row.last_error) == (DeliveryState.CANCELLED, GONE)
        service.show(switched(on=True))
        (row,) = settled(store, trouble(service, store, "Door"))
    assert row.state is DeliveryState.SENT
    assert len(door.alerts) == 1


def test_what_is_planned_again_after_a_restart_is_not_queued_twice(store: Store) -> None:
    about, planned = episode(), []
    for _ in range(2):
        with running(store, settings(), {}, start=False) as service:
            planned.append([row.id for row in service.plan(about, now())])
    first, again = planned
    assert first == again


def test_after_a_restart_only_what_is_down_again_is_told(store: Store) -> None:
    given = settings(camera_trouble={"channels": ["door"], "after_s": 0.1})
    door = RecordingChannel()
    with running(store, given, {"door": door}, start=False) as service:
        before = [*trouble(service, store, "Door"), *trouble(service, store, "Gate")]
    with running(store, given, {"door": door}) as service:
        assert {row.state for row in settled(store, before)} == {DeliveryState.CANCELLED}
        (row,) = settled(store, trouble(service, store, "Door"))
    assert row.state is DeliveryState.SENT
    assert [alert.id for alert in door.alerts] == [row.id]


def test_a_new_configuration_forgets_no_trouble(store: Store) -> None:
    given = settings(camera_trouble={"channels": ["door"], "after_s": 0.1})
    door = RecordingChannel()
    service = AlertService(store, given, lambda _: {"door": door})
    rows = trouble(service, store, "Door")
    service.reload(replace(given, language="de"))
    service.start()
    assert [row.state for row in settled(store, rows)] == [DeliveryState.SENT]
    assert service.stop()


def test_a_test_message_goes_to_everybody_whom_a_channel_reaches(store: Store) -> None:
    mail = RecordingChannel()
    given = settings(channels={"mail": {**MAIL, "to": ["a@x.org", "b@x.org"]}})
    with running(store, given, {"mail": mail}) as service:
        settled(store, service.send_test("mail"))
        with pytest.raises(UsageError, match=r"no channel 'post'; there are: mail"):
            service.send_test("post")
    assert [(a.kind, a.recipient) for a in mail.alerts] == [
        (DeliveryKind.TEST, "a@x.org"),
        (DeliveryKind.TEST, "b@x.org"),
    ]


def test_a_message_in_hand_is_finished_before_the_end_and_others_wait(store: Store) -> None:
    begun = threading.Event()
    door = RecordingChannel(lambda _: begun.set())
    with running(store, settings(), {"door": door}) as service:
        rows = happen(service, store, *(episode(track=n) for n in range(40)))
        assert begun.wait(20)
    states = [store.deliveries.get(row.id).state for row in rows]
    assert set(states) <= {DeliveryState.SENT, DeliveryState.PENDING}
    assert states.count(DeliveryState.SENT) == len(door.alerts)


def test_a_channel_that_hangs_does_not_keep_the_service_from_ending(store: Store) -> None:
    free, begun = threading.Event(), threading.Event()

    def hang(alert: Alert) -> None:
        begun.set()
        free.wait(20)

    service = AlertService(store, settings(), lambda _: {"door": RecordingChannel(hang)})
    service.start()
    happen(service, store, episode())
    assert begun.wait(20)
    assert not service.stop(timeout_s=0.1)
    free.set()
    assert service.stop()


def test_another_configuration_is_taken_over_and_a_bad_one_changes_nothing(store: Store) -> None:
    made: list[RecordingChannel] = []

    def make(given: AlertSettings) -> dict[str, AlertChannel]:
        if "bad" in given.alerts.channels:
            raise UsageError("no usable certificates")
        made.append(RecordingChannel())
        return dict.fromkeys(given.alerts.channels, made[-1])

    service = AlertService(store, settings(), make)
    service.start()
    with pytest.raises(UsageError):
        service.reload(settings(channels={"bad": DOOR}))
    settled(store, happen(service, store, episode(track=1)))
    service.reload(settings())  # nothing new: nothing happens
    service.reload(settings(channels={"horn": DOOR}))
    rows = settled(store, happen(service, store, episode(track=2)))
    assert service.stop()
    assert [row.channel for row in rows] == ["horn"]
    assert [len(channel.alerts) for channel in made] == [1, 1]
    assert [channel.closed for channel in made] == [1, 1]


def broken(*_: object) -> Any:
    raise StoreError("the database server is away")


def test_a_store_that_is_away_during_a_reload_costs_no_message(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = RecordingChannel()
    with running(store, settings(), {"door": door}) as service:
        with monkeypatch.context() as away:
            away.setattr(store.deliveries, "waiting_channels", broken)
            service.reload(replace(settings(), language="de"))
        (row,) = settled(store, happen(service, store, episode()))
    assert row.state is DeliveryState.SENT
    assert [alert.language for alert in door.alerts] == ["de"]


def test_where_a_reload_fails_for_want_of_the_store_the_old_configuration_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = RecordingChannel()
    german = replace(settings(), language="de")
    with running(store, settings(), {"door": door}) as service:
        with monkeypatch.context() as away:
            away.setattr(store.settings, "secret", broken)
            with pytest.raises(StoreError):
                service.reload(german)
        settled(store, happen(service, store, episode(track=1)))
        service.reload(german)
        settled(store, happen(service, store, episode(track=2)))
    assert [alert.language for alert in door.alerts] == ["en", "de"]


def test_a_mistake_that_nobody_foresaw_does_not_end_a_channel_for_good(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    door, original = RecordingChannel(), store.deliveries.claim
    failures = [ZeroDivisionError("a bug")]

    def claim(*arguments: Any, **named: Any) -> list[Delivery]:
        if failures:
            raise failures.pop()
        return original(*arguments, **named)

    monkeypatch.setattr(store.deliveries, "claim", claim)
    with running(store, settings(), {"door": door}) as service:
        assert wait_until(lambda: not failures)
        (row,) = settled(store, happen(service, store, episode()))
    assert row.state is DeliveryState.SENT
    assert "channel door" in caplog.text
    assert "a bug" in caplog.text


def test_a_store_that_stays_away_is_told_once_and_so_is_its_return(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    original, words = store.deliveries.claim, ["it is locked", *5 * ["the server is away"]]

    def claim(*arguments: Any, **named: Any) -> list[Delivery]:
        if words:
            raise StoreError(words.pop())
        return original(*arguments, **named)

    monkeypatch.setattr("maskwatch.alerts.dispatch._STORE_PAUSE_S", 0.01)
    monkeypatch.setattr(store.deliveries, "claim", claim)
    with running(store, settings(), {"door": RecordingChannel()}) as service:
        settled(store, happen(service, store, episode()))
    assert [each for each in caplog.messages if "the store" in each] == [
        "channel door: the store cannot be used: the server is away",
        "channel door: the store cannot be used: it is locked",
        "channel door: the store can be used again",
    ]


def test_while_channels_are_exchanged_the_old_ones_are_shown_nothing(store: Store) -> None:
    begun, free = threading.Event(), threading.Event()

    def slow(_: Alert) -> None:
        begun.set()
        assert free.wait(20)

    screens: list[_Screen] = []

    def make(_: AlertSettings) -> dict[str, AlertChannel]:
        screens.append(_Screen())
        return {"screen": screens[-1], "slow": RecordingChannel(slow)}

    given = settings(channels={"screen": DOOR, "slow": DOOR})
    service = AlertService(store, given, make)
    service.start()
    happen(service, store, episode())
    assert begun.wait(20)
    other = replace(given, language="de")
    reload = threading.Thread(target=service.reload, args=(other,))
    reload.start()
    assert wait_until(lambda: bool(screens[0].closed))  # "slow" keeps the reload waiting
    facts = [CameraFacts("Door", online=True, violation=False, people=1)]
    service.show(facts)
    free.set()
    reload.join(20)
    service.show(facts)
    assert service.stop()
    assert [screen.shown for screen in screens] == [[], [facts]]


def test_after_the_end_a_reload_that_was_under_way_sends_nothing(store: Store) -> None:
    made, free = threading.Event(), threading.Event()
    door = RecordingChannel()

    def make(_: AlertSettings) -> dict[str, AlertChannel]:
        if made.is_set():
            assert free.wait(20)
        made.set()
        return {"door": door}

    service = AlertService(store, settings(), make)
    service.start()
    reload = threading.Thread(target=service.reload, args=(replace(settings(), language="de"),))
    reload.start()
    stopped = threading.Thread(target=service.stop, args=(20,))
    stopped.start()
    assert wait_until(lambda: not service._is_running)
    free.set()
    for thread in (reload, stopped):
        thread.join(20)
    happen(service, store, episode())
    assert door.alerts == []
    assert door.closed == 2


class _Screen(RecordingChannel):
    def __init__(self) -> None:
        super().__init__()
        self.shown: list[Sequence[CameraFacts]] = []

    def show(self, cameras: Sequence[CameraFacts]) -> None:
        self.shown.append(cameras)


def test_states_go_to_the_channels_that_show_them(store: Store) -> None:
    screen: StateChannel = (kept := _Screen())
    facts = [CameraFacts("Door", online=True, violation=False, people=1)]
    given = settings(channels={"screen": DOOR, "door": DOOR})
    with running(store, given, {"screen": screen, "door": RecordingChannel()}) as service:
        service.show(facts)
    assert kept.shown == [facts]
