from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from maskwatch.alerts.base import Alert, AlertChannel, CameraFacts, StateChannel
from maskwatch.alerts.service import AlertService, AlertSettings
from maskwatch.errors import StoreError, UsageError
from maskwatch.store.records import DeliveryKind, DeliveryState
from maskwatch.store.store import Store
from maskwatch.testing import RecordingChannel
from tests.alerts.sending import DOOR, MAIL, episode, happen, now, running, settings, settled
from tests.runtime.processes import wait_until


def test_what_is_planned_again_after_a_restart_is_not_queued_twice(store: Store) -> None:
    about, planned = episode(), []
    for _ in range(2):
        with running(store, settings(), {}, start=False) as service:
            planned.append([row.id for row in service.plan(about, now())])
    first, again = planned
    assert first == again


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
