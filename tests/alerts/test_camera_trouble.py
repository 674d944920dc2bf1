from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from maskwatch.alerts.base import CameraFacts
from maskwatch.alerts.service import AlertService
from maskwatch.store.ids import new_id
from maskwatch.store.records import Delivery, DeliveryState, HealthRecord
from maskwatch.store.store import Store
from maskwatch.testing import RecordingChannel
from tests.alerts.sending import now, running, settings, settled
from tests.runtime.processes import wait_until


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
