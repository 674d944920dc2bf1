from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from maskwatch.alerts.base import Alert
from maskwatch.alerts.due import held
from maskwatch.config.site import SiteConfig
from maskwatch.errors import ChannelError
from maskwatch.store.records import Delivery, DeliveryKind, DeliveryState, EpisodeRecord
from maskwatch.store.store import Store
from maskwatch.testing import RecordingChannel
from tests.alerts.sending import DOOR, MAIL, SOON, episode, happen, now, running, settings, settled
from tests.runtime.processes import wait_until


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
