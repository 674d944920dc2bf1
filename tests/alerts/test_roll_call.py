"""What counts as one trouble of a camera, however often its state changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from maskwatch.alerts.roll_call import RollCall
from maskwatch.store.ids import new_id
from maskwatch.store.records import HealthRecord

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def change(
    state: str, after_s: float, kind: str = "connection", camera: str = "Door"
) -> HealthRecord:
    return HealthRecord(new_id(), NOON + timedelta(seconds=after_s), camera, kind, state)


def test_a_trouble_begins_with_the_first_loss_and_again_after_a_minute_without_one() -> None:
    call = RollCall()
    story = [
        ("connected", 0, False),
        ("lost", 10, True),
        ("connected", 20, False),
        ("lost", 79, False),
        ("connected", 80, False),
        ("lost", 140, True),
    ]
    for state, after_s, begins in story:
        assert call.note(change(state, after_s)) is begins, after_s
    assert call.has("Door")


def test_a_loss_after_the_clock_was_set_back_is_told() -> None:
    call, ahead = RollCall(), 6 * 3600
    call.note(change("lost", ahead))
    call.note(change("connected", ahead + 300))
    assert call.note(change("lost", 600))


def test_the_same_change_told_twice_begins_the_same_trouble() -> None:
    call, lost = RollCall(), change("lost", 0)
    assert call.note(lost)
    assert call.note(lost)


def test_a_second_loss_without_a_return_between_is_the_same_trouble() -> None:
    call = RollCall()
    call.note(change("lost", 0))
    assert not call.note(change("lost", 3600))


def test_kinds_of_trouble_and_cameras_are_apart() -> None:
    call = RollCall()
    assert call.note(change("lost", 0))
    assert call.note(change("frozen", 1, "frozen"))
    assert call.note(change("lost", 2, camera="Gate"))


def test_a_camera_that_was_removed_begins_anew() -> None:
    call = RollCall()
    call.note(change("lost", 0))
    call.keep(["Gate"])
    assert call.trouble("Door", "connection") is None
    assert call.note(change("lost", 5))
