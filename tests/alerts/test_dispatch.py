from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

import pytest

from maskwatch.alerts.base import Alert
from maskwatch.alerts.service import AlertService
from maskwatch.errors import ChannelError, StoreError
from maskwatch.store.records import Delivery, DeliveryState
from maskwatch.store.store import Store
from maskwatch.testing import RecordingChannel
from tests.alerts.sending import DOOR, MAIL, SOON, episode, happen, now, running, settings, settled
from tests.runtime.processes import wait_until


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
