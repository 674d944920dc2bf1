"""Which cameras are watched, over scripted connections."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC

import pytest

from maskwatch.config.privacy import PrivacyConfig
from maskwatch.runtime.monitoring.camera.lane import CameraLane, LaneSetting
from maskwatch.runtime.monitoring.configuration.fleet import Fleet, PlannedCamera
from maskwatch.runtime.monitoring.control import CameraPhase, CameraStatus
from maskwatch.runtime.monitoring.inference import SharedInference
from maskwatch.runtime.monitoring.live_hub import LiveHub
from maskwatch.types import State
from tests.painted import SquareClassifier, SquareDetector
from tests.runtime.processes import wait_until
from tests.runtime.simulated import Notebook, ScriptedCamera, camera_config, people_at

OFF = PlannedCamera(camera_config(enabled=False))


@pytest.fixture
def camera() -> ScriptedCamera:
    return ScriptedCamera(people_at(lambda _: [(State.MASK, 160, 120)]), speed=4)


@pytest.fixture
def setting(camera: ScriptedCamera) -> Iterator[LaneSetting]:
    inference = SharedInference(SquareDetector(), SquareClassifier())
    inference.start()
    yield LaneSetting(
        inference, Notebook(), LiveHub(), PrivacyConfig(), UTC, 0.5, connect=camera.connect
    )
    inference.stop()


def test_people_are_numbered_on_from_what_is_known_and_what_was_given(
    setting: LaneSetting,
) -> None:
    fleet = Fleet()
    planned = PlannedCamera(camera_config(), first_person=7)
    fleet.apply({"door": planned}, setting)
    (lane,) = fleet.lanes()
    assert lane.next_person == 7
    assert wait_until(lambda: lane.next_person == 8)
    fleet.stop("door")
    fleet.start("door")  # what was planned said 7
    assert fleet.lanes()[0].next_person >= 8
    assert fleet.stop_all(10)


def test_after_the_end_nothing_is_watched_any_more(
    setting: LaneSetting, camera: ScriptedCamera
) -> None:
    """As when somebody adds a camera in the dashboard while the service stops."""
    fleet = Fleet()
    door = PlannedCamera(camera_config())
    fleet.apply({"door": door}, setting)
    assert fleet.stop_all(10)
    known = len(camera.connections)
    fleet.apply({"door": door, "gate": door}, setting)
    fleet.start("door")
    assert fleet.lanes() == []
    assert {each.phase for each in fleet.states()} == {CameraPhase.STOPPED}
    assert len(camera.connections) == known


def test_a_camera_that_is_added_again_is_off_since_then(setting: LaneSetting) -> None:
    fleet = Fleet()
    fleet.apply({"door": OFF}, setting)
    (before,) = fleet.states()
    fleet.apply({}, setting)
    assert fleet.states() == []
    fleet.apply({"door": OFF}, setting)
    (again,) = fleet.states()
    assert again.since > before.since
    fleet.apply({"door": OFF}, setting)
    assert fleet.states() == [again]


def test_a_camera_may_be_removed_while_somebody_asks_how_all_of_them_are(
    setting: LaneSetting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service itself asks every second, and would end by an error."""
    fleet, door = Fleet(), PlannedCamera(camera_config())
    fleet.apply({"door": door, "gate": OFF}, setting)
    status = CameraLane.status

    def status_meanwhile(lane: CameraLane) -> CameraStatus:
        fleet.apply({"door": door}, setting)
        return status(lane)

    monkeypatch.setattr(CameraLane, "status", status_meanwhile)
    assert [each.camera for each in fleet.states()] == ["door", "gate"]
    assert [each.camera for each in fleet.states()] == ["door"]
    assert fleet.stop_all(10)


def test_what_an_error_in_the_middle_left_is_done_by_the_next_call(
    setting: LaneSetting, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet, door = Fleet(), PlannedCamera(camera_config())
    cameras = {"door": door, "gate": door, "yard": door}
    start = threading.Thread.start

    def start_most(thread: threading.Thread) -> None:
        if thread.name == "watch gate":
            raise RuntimeError("can't start new thread")
        start(thread)

    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", start_most)
        with pytest.raises(RuntimeError, match="new thread"):
            fleet.apply(cameras, setting)
        with pytest.raises(RuntimeError, match="new thread"):
            fleet.start("gate")
    assert [lane.name for lane in fleet.lanes()] == ["door"]
    assert [each.camera for each in fleet.states()] == ["door", "gate", "yard"]
    assert "capture gate" not in {thread.name for thread in threading.enumerate()}
    fleet.apply(cameras, setting)
    assert [lane.name for lane in fleet.lanes()] == ["door", "gate", "yard"]
    assert fleet.stop_all(10)
