"""The service as a whole, with scripted cameras and painted people: no streams, no models."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import Mock, patch

import pytest
import sqlalchemy as sa

from maskwatch.alerts.base import CameraFacts
from maskwatch.alerts.service import AlertService, AlertSettings
from maskwatch.config.root import Config, load_config
from maskwatch.errors import DashboardError, SourceError, StoreError, StoreTaken, UsageError
from maskwatch.runtime.live.messages import DecoderOrder, Still, StreamOpened
from maskwatch.runtime.monitoring import service as service_module
from maskwatch.runtime.monitoring import store_guard
from maskwatch.runtime.monitoring.camera.lane import CameraLane
from maskwatch.runtime.monitoring.configuration import reloading
from maskwatch.runtime.monitoring.control import CameraPhase, LeftOut, ServiceControl
from maskwatch.runtime.monitoring.inference import SharedInference
from maskwatch.runtime.monitoring.records.housekeeping import Housekeeping
from maskwatch.runtime.monitoring.service import (
    Parts,
    Service,
    ServiceModels,
)
from maskwatch.store.database import Database
from maskwatch.store.lock import Hold
from maskwatch.store.records import HealthRecord, StoredCamera
from maskwatch.store.schema import people_buckets
from maskwatch.store.store import Store
from maskwatch.types import Face, Frame, State
from tests.painted import SquareClassifier, SquareDetector
from tests.runtime.processes import wait_until
from tests.runtime.simulated import ScriptedCamera, ScriptedConnection, people_at
from tests.store.values import people_of

CONFIG = """
storage: {{folder: {folder}}}
privacy: {{photos: clear}}
cameras:
  door: {{url: "rtsp://door.test/1", rule: {{hold_s: 0.5}}}}
  gate: {{url: "rtsp://gate.test/1"}}
"""

HOOK = """
alerts:
  channels:
    hook:
      {kind: webhook, url: "https://h/", secret: 0123456789abcdef, headers:
        {Authorization: "Bearer TOKEN"}}
"""


@dataclass
class Site:
    """A service in a thread, its cameras by address, and its configuration file."""

    service: Service
    store: Store
    file: Path
    cameras: dict[str, ScriptedCamera] = field(default_factory=dict)

    def phase(self, camera: str) -> CameraPhase | None:
        states = {each.camera: each.phase for each in self.service.camera_states()}
        return states.get(camera)

    def states(self, camera: str) -> list[State]:
        view = self.service.hub.latest(camera)
        return [] if view is None else [person.state for person in view.people]

    def edit(self, change: Callable[[str], str]) -> None:
        self.file.write_text(change(self.file.read_text()))

    @property
    def is_ready(self) -> bool:
        return self.service.status().ready and self.phase("door") is CameraPhase.WATCHING


@dataclass
class FixedDashboard:
    """A dashboard that serves as long as it is said to be alive."""

    is_alive: bool = True
    error: DashboardError | None = None
    """Raised at the start."""

    def start(self) -> None:
        if self.error is not None:
            raise self.error

    def stop(self, timeout_s: float) -> bool:
        return timeout_s > 0


def connector(cameras: dict[str, ScriptedCamera]) -> Callable[[DecoderOrder], ScriptedConnection]:
    def connect(order: DecoderOrder) -> ScriptedConnection:
        state = State.NO_MASK if "door" in order.source.url else State.MASK
        film = people_at(lambda _: [(state, 160, 120)])
        camera = cameras.setdefault(order.source.url, ScriptedCamera(film, speed=2))
        return camera.connect(order)

    return connect


def site_in(
    folder: Path,
    text: str = CONFIG,
    housekeeping: Housekeeping | None = None,
    web: FixedDashboard | None = None,
) -> Site:
    """A service that is not started."""
    file = folder / "maskwatch.yaml"
    file.write_text(text.format(folder=folder))
    config = load_config(file)
    store = Store.open(
        config.storage.database_url, config.storage.snapshots, config.privacy.stored_photos
    )
    cameras: dict[str, ScriptedCamera] = {}
    inference = SharedInference(SquareDetector(), SquareClassifier(), batch=2)
    parts = Parts(
        store=store,
        models=ServiceModels(inference, 0.5, "painted 1", "cpu"),
        load=lambda: load_config(file),
        alerts=AlertService(store, AlertSettings.of(config), lambda _: {}),
        web=None if web is None else lambda _: web,
        housekeeping=housekeeping,
        config_file=file,
        version="0.0",
        connect=connector(cameras),
    )
    return Site(Service(config, parts), store, file, cameras)


@contextmanager
def running(
    folder: Path, text: str = CONFIG, housekeeping: Housekeeping | None = None
) -> Iterator[Site]:
    site = site_in(folder, text, housekeeping)
    thread = threading.Thread(target=site.service.run)
    thread.start()
    try:
        assert wait_until(lambda: site.is_ready)
        yield site
    finally:
        site.service.stop()
        thread.join(60)
        assert not thread.is_alive()
        site.store.close()


def test_the_service_is_what_the_dashboard_may_ask() -> None:
    control: type[ServiceControl] = Service
    assert control is Service


@pytest.mark.parametrize(
    "dashboard",
    [FixedDashboard(error=DashboardError("no room")), FixedDashboard(is_alive=False)],
    ids=["does not start", "ends"],
)
def test_without_its_dashboard_the_service_ends_with_the_reason(
    tmp_path: Path, dashboard: FixedDashboard
) -> None:
    site = site_in(tmp_path, web=dashboard)
    with pytest.raises(DashboardError):
        site.service.run()
    assert not site.service.status().ready
    phases = {each.phase for each in site.service.camera_states()}
    assert phases == {CameraPhase.STOPPED}
    site.store.close()


def test_without_a_port_for_its_dashboard_the_service_does_nothing(tmp_path: Path) -> None:
    site = site_in(tmp_path)
    taken = Mock(side_effect=UsageError("web: cannot listen"))
    site.service._parts = replace(site.service._parts, web=taken)
    with pytest.raises(UsageError):
        site.service.run()
    assert site.service.camera_states() == []
    assert site.cameras == {}


def test_a_service_whose_models_hang_is_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find, works = SquareDetector.__call__, threading.Event()
    works.set()

    def hanging(self: SquareDetector, frame: Frame) -> list[Face]:
        works.wait()
        return find(self, frame)

    monkeypatch.setattr(SquareDetector, "__call__", hanging)
    with running(tmp_path) as site:
        monkeypatch.setattr(service_module, "_MODELS_STUCK_S", 2.0)
        works.clear()
        try:
            assert wait_until(lambda: not site.service.status().ready)
        finally:
            works.set()
        assert wait_until(lambda: site.service.status().ready)


def test_violations_of_a_camera_are_in_the_store_while_it_runs(tmp_path: Path) -> None:
    with running(tmp_path) as site:
        assert wait_until(lambda: len(site.store.episodes.ongoing()) == 1)
        (episode,) = site.store.episodes.ongoing()
        assert (episode.camera, episode.state) == ("door", State.NO_MASK)
        assert episode.model_version == "painted 1"
        assert wait_until(lambda: site.service.hub.latest("gate") is not None)
        status = site.service.inference_state()
        assert (status.model, status.device) == ("painted 1", "cpu")
        assert status.fps > 0
    with Store.open(f"sqlite:///{tmp_path / 'maskwatch.db'}", tmp_path / "snapshots") as store:
        closed = store.episodes.get(episode.id)
        assert closed.ended_at is not None
        assert closed.snapshot_id is not None
        people = people_of(store)
    assert {(person.camera, person.state) for person in people} == {
        ("door", State.NO_MASK),
        ("gate", State.MASK),
    }


def test_a_changed_file_is_taken_and_untouched_cameras_go_on(tmp_path: Path) -> None:
    with running(tmp_path) as site:
        assert wait_until(lambda: site.phase("gate") is CameraPhase.WATCHING)
        site.edit(lambda text: text.replace("hold_s: 0.5", "hold_s: 0.7") + "\n  yard: {url: 7}\n")
        assert wait_until(lambda: site.phase("yard") is CameraPhase.WATCHING)
        assert wait_until(lambda: site.phase("door") is CameraPhase.WATCHING)
        assert len(site.cameras["rtsp://door.test/1"].connections) == 2
        assert len(site.cameras["rtsp://gate.test/1"].connections) == 1
        site.edit(lambda text: text.replace("\n  yard: {url: 7}\n", ""))
        assert wait_until(lambda: site.phase("yard") is None)
        assert site.service.status().config_error == ""


def test_a_file_that_was_changed_while_the_service_started_is_taken(tmp_path: Path) -> None:
    site = site_in(tmp_path)
    site.edit(lambda text: text + "\n  yard: {url: 7}\n")
    late = Service(site.service.config, site.service._parts)
    thread = threading.Thread(target=late.run)
    thread.start()
    try:
        assert wait_until(lambda: "yard" in [each.camera for each in late.camera_states()])
    finally:
        late.stop()
        thread.join(60)
        site.store.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda text: text + "\n  x: {url: 'rtsp://v:s3cret@h/1', max_fps: 900}\n",
            "max_fps = 900",
        ),
        (lambda text: text + "\n  : : [", "not YAML"),
        (lambda text: text + "\nsite:\n  name: {{ site_name }}\n", "nobody filled in"),
        (
            lambda text: text + HOOK.replace("TOKEN", "s3cret-\u00fc"),
            "alerts.channels.hook.headers.Authorization = ***: must be",
        ),
        (lambda text: text + "\nweb: {port: 9999}\n", "web: a change needs a restart"),
        (lambda text: text + "\ninference: {threads: 1}\n", "inference: a change needs a restart"),
        (lambda text: text.replace("folder: ", "folder: other"), "storage.url and storage.folder"),
    ],
    ids=["wrong value", "not YAML", "template", "header", "web", "inference", "folder"],
)
def test_a_wrong_configuration_is_refused_and_the_old_one_stays(
    tmp_path: Path, change: Callable[[str], str], said: str
) -> None:
    with running(tmp_path) as site:
        site.edit(change)
        outcome = site.service.reload()
        assert not outcome.accepted
        assert said in " ".join(outcome.problems)
        assert "s3cret" not in " ".join(outcome.problems)
        assert said in site.service.status().config_error
        assert site.phase("door") is CameraPhase.WATCHING
        assert len(site.cameras["rtsp://door.test/1"].connections) == 1
        site.file.write_text(CONFIG.format(folder=tmp_path))
        assert site.service.reload().accepted
        assert site.service.status().config_error == ""


def test_a_mistake_that_nobody_foresaw_ends_no_service_and_is_told_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with running(tmp_path) as site:
        with monkeypatch.context() as broken:
            broken.setattr(AlertSettings, "of", lambda _: {}["nothing"])
            site.edit(lambda text: text + "\nsite: {name: x}\n")
            assert wait_until(lambda: "KeyError" in site.service.status().config_error)
        assert site.phase("door") is CameraPhase.WATCHING
        assert site.service.config.site.name == ""
        assert site.service.reload().accepted
        assert site.service.config.site.name == "x"
    (told,) = [record for record in caplog.records if record.exc_info]
    assert told.getMessage() == "the configuration cannot be taken, or not all of it"


def test_a_camera_of_the_dashboard_is_watched_after_a_reload(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with running(tmp_path) as site:
        settings = {"url": "rtsp://added.test/1", "max_fps": 4}
        wrong = {**settings, "max_fps": 0, "colour": "red"}
        site.store.cameras.add(StoredCamera("1", "added", settings, now, now))
        site.store.cameras.add(StoredCamera("2", "gate", settings, now, now))
        site.store.cameras.add(StoredCamera("3", "broken", wrong, now, now))
        outcome = site.service.reload()
        assert outcome.accepted
        assert outcome.changes == ("camera added: added",)
        assert site.service.left_out() == (
            LeftOut(
                "broken",
                ("max_fps: input should be greater than 0", "colour: there is no such key"),
            ),
            LeftOut("gate"),
        )
        assert outcome.problems == (
            "broken: max_fps: input should be greater than 0; colour: there is no such key",
            "gate: the configuration file has one of that name",
        )
        assert wait_until(lambda: site.phase("added") is CameraPhase.WATCHING)
        flags = {each.camera: each.from_dashboard for each in site.service.camera_states()}
        assert flags == {"door": False, "gate": False, "added": True}
        site.store.cameras.delete("1")
        assert site.service.reload().changes == ("camera added: removed",)


def test_cameras_of_the_dashboard_come_change_and_go_while_the_file_is_refused(
    tmp_path: Path,
) -> None:
    now = datetime.now(UTC)
    with running(tmp_path) as site:
        site.edit(lambda text: text.replace("hold_s: 0.5", "hold_s: 9") + "\nweb: {language: de}\n")
        assert not site.service.reload().accepted
        site.store.cameras.add(StoredCamera("1", "back", {"url": "rtsp://back.test/1"}, now, now))
        assert site.service.watch_stored_cameras().changes == ("camera back: added",)
        assert wait_until(lambda: site.phase("back") is CameraPhase.WATCHING)
        site.store.cameras.update("1", "back", {"url": "rtsp://back.test/2"}, now)
        assert site.service.watch_stored_cameras().changes == ("camera back: restarted",)
        assert wait_until(lambda: site.phase("back") is CameraPhase.WATCHING)
        site.store.cameras.delete("1")
        outcome = site.service.watch_stored_cameras()
        assert (outcome.accepted, outcome.changes) == (True, ("camera back: removed",))
        assert site.phase("back") is None
        for url in ("rtsp://back.test/1", "rtsp://back.test/2"):
            assert all(connection.closed for connection in site.cameras[url].connections)
        # Of the refused file nothing is in force, and it is still said why.
        assert site.service.config.cameras["door"].rule.hold_s == 0.5
        assert "web: a change needs a restart" in site.service.status().config_error


def test_while_the_store_is_away_cameras_stay_as_they_are_and_come_once_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)

    def away(*_: object, **__: object) -> None:
        raise StoreError("the server is away")

    def change(text: str) -> str:
        return text.replace("hold_s: 0.5", "hold_s: 0.7") + "\nsite: {name: x}\n"

    with running(tmp_path) as site:
        site.store.cameras.add(StoredCamera("1", "yard", {"url": "rtsp://yard.test/1"}, now, now))
        with monkeypatch.context() as broken:
            broken.setattr(site.store.episodes, "page", away)
            with pytest.raises(StoreError, match="the server is away"):
                site.service.watch_stored_cameras()
            site.edit(change)
            outcome = site.service.reload()
            assert (outcome.accepted, outcome.problems) == (
                False,
                ("the server is away; it is tried again",),
            )
            assert {each.camera for each in site.service.camera_states()} == {"door", "gate"}
            assert site.service.config.site.name == ""
        assert site.phase("door") is CameraPhase.WATCHING
        assert set(site.service.reload().changes) >= {
            "camera door: restarted",
            "camera yard: added",
        }
        assert wait_until(lambda: site.phase("yard") is CameraPhase.WATCHING)


def test_a_change_that_met_a_database_which_was_away_is_taken_once_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise StoreError("the server is away")

    monkeypatch.setattr(reloading, "_AGAIN_S", 0.5)
    with running(tmp_path) as site:
        with monkeypatch.context() as broken:
            broken.setattr(site.store.episodes, "page", away)
            site.edit(lambda text: text + "\nsite: {name: x}\n")
            assert wait_until(lambda: "is away" in site.service.status().config_error)
        assert wait_until(lambda: site.service.config.site.name == "x")
        assert site.service.status().config_error == ""


def test_a_camera_that_was_added_when_the_database_went_away_is_watched_once_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)

    def away(*_: object, **__: object) -> None:
        raise StoreError("the server is away")

    monkeypatch.setattr(reloading, "_AGAIN_S", 0.5)
    with running(tmp_path) as site:
        assert site.service.reload().accepted  # so that the file is no reason for another one
        site.store.cameras.add(StoredCamera("1", "yard", {"url": "rtsp://yard.test/1"}, now, now))
        with monkeypatch.context() as broken:
            broken.setattr(site.store.episodes, "page", away)
            with pytest.raises(StoreError, match="the server is away"):
                site.service.watch_stored_cameras()
        assert wait_until(lambda: site.phase("yard") is CameraPhase.WATCHING)


def test_a_camera_can_be_switched_off_and_on(tmp_path: Path) -> None:
    with running(tmp_path) as site:
        site.service.stop_camera("door")
        assert site.phase("door") is CameraPhase.STOPPED
        assert site.service.reload().changes == ()
        assert site.phase("door") is CameraPhase.STOPPED
        site.service.start_camera("door")
        assert wait_until(lambda: site.phase("door") is CameraPhase.WATCHING)
        with pytest.raises(UsageError, match="no camera 'cellar'"):
            site.service.stop_camera("cellar")


def test_alerts_are_told_which_cameras_are_switched_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, bool]] = []

    def show(_: AlertService, cameras: Sequence[CameraFacts]) -> None:
        told.append({facts.camera: facts.switched_on for facts in cameras})

    monkeypatch.setattr(AlertService, "show", show)
    with running(tmp_path) as site:
        assert wait_until(lambda: bool(told) and told[-1]["door"])
        site.service.stop_camera("door")
        assert wait_until(lambda: not told[-1]["door"])


def test_a_camera_that_its_settings_switch_off_says_so_and_cannot_be_started(
    tmp_path: Path,
) -> None:
    with running(tmp_path) as site:
        site.edit(lambda text: text.replace('gate.test/1"', 'gate.test/1", enabled: false'))
        assert site.service.reload().accepted
        site.service.stop_camera("door")
        reasons = {
            each.camera: (each.enabled, each.reason) for each in site.service.camera_states()
        }
        assert reasons == {
            "door": (True, "switched off"),
            "gate": (False, "switched off by its settings (enabled: false)"),
        }
        with pytest.raises(UsageError, match="gate is switched off by its settings"):
            site.service.start_camera("gate")
        assert site.phase("gate") is CameraPhase.STOPPED


def test_a_camera_is_tested_by_one_picture_with_no_face_to_be_seen(tmp_path: Path) -> None:
    with running(tmp_path) as site:
        site.service.test_camera("rtsp://added.test/1", 30)
        camera = site.cameras["rtsp://added.test/1"]
        still = camera.film(0.0)
        camera.film = lambda _: still
        probe = site.service.test_camera("rtsp://added.test/1", 30)
        assert probe.jpeg is not None
        assert probe.jpeg.startswith(b"\xff\xd8\xff")
        with patch.object(SquareDetector, "sweep", Mock(return_value=[]), create=True):
            # Whoever is far away is looked for as well.
            assert site.service.test_camera("rtsp://added.test/1", 30).jpeg == probe.jpeg
        assert all(connection.closed for connection in camera.connections)
        camera.refuse = "connection refused"
        with pytest.raises(SourceError, match="connection refused"):
            site.service.test_camera("rtsp://added.test/1", 30)
        with pytest.raises(UsageError, match="must be a webcam's number"):
            site.service.test_camera("file:///etc/passwd")
        camera.refuse = ""
        for no_camera in (StreamOpened(is_live=False, fps=8.0, frame_count=80), Still(b"")):
            camera.opened = no_camera
            with pytest.raises(SourceError, match="a recording or a picture, not a live stream"):
                site.service.test_camera("rtsp://added.test/1", 30)


def test_going_statistics_only_stops_photos_and_episodes_at_once(tmp_path: Path) -> None:
    with running(tmp_path) as site:
        assert wait_until(lambda: len(site.store.episodes.ongoing()) == 1)
        site.edit(lambda text: text.replace("photos: clear", "statistics_only: true"))
        assert site.service.reload().accepted
        assert wait_until(lambda: site.phase("door") is CameraPhase.WATCHING)
        before = len(list((tmp_path / "snapshots").rglob("*.jpg")))
        seen = site.service.camera_states()[0].frames
        assert wait_until(lambda: site.service.camera_states()[0].frames > seen + 30)
        assert len(site.store.episodes.page().items) == 1
        assert people_of(site.store) == []  # of those either who were there
        assert len(list((tmp_path / "snapshots").rglob("*.jpg"))) == before
        view = site.service.hub.latest("door")
        assert view is None or view.jpeg is None
        # Without a picture an address can still be tested, else no camera could be added.
        probe = site.service.test_camera("rtsp://added.test/1")
        assert (probe.width, probe.height, probe.jpeg) == (320, 240, None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("photos: clear", "photos: blurred"),
        ("photos: clear", "statistics_only: true"),
        ("rtsp://door.test/1", "rtsp://door.test/2"),
    ],
    ids=["blurred", "statistics only", "address"],
)
def test_what_a_lost_camera_showed_under_other_settings_is_shown_no_more(
    tmp_path: Path, old: str, new: str
) -> None:
    with running(tmp_path) as site:
        assert wait_until(lambda: State.NO_MASK in site.states("door"))
        camera = site.cameras["rtsp://door.test/1"]
        camera.film, camera.refuse = (lambda _: None), "connection refused"
        assert wait_until(lambda: site.phase("door") is CameraPhase.LOST)
        site.cameras["rtsp://door.test/2"] = camera
        site.edit(lambda text: text.replace(old, new))
        assert site.service.reload().accepted
        assert site.service.hub.peek("door") is None
        assert wait_until(lambda: site.phase("door") is CameraPhase.LOST)
        assert site.service.hub.peek("door") is None


def test_leaving_statistics_only_counts_those_who_were_there(tmp_path: Path) -> None:
    counting = CONFIG.replace("photos: clear", "statistics_only: true, statistics_min_count: 1")
    since, until = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    with running(tmp_path, counting) as site:
        # Somebody who leaves before the vote is unknown, and not among those counted here. Nothing
        # is said of anybody in this mode, so what tells is how often they were looked at.
        assert wait_until(
            lambda: all(
                each.people == 1 and each.frames > 40 for each in site.service.camera_states()
            )
        )
        site.edit(lambda text: text.replace("statistics_only: true", "statistics_only: false"))
        assert site.service.reload().accepted
        assert wait_until(lambda: len(site.store.people.counts(since, until)) == 1)
        (group,) = site.store.people.counts(since, until)
        assert (group.counts.mask, group.counts.no_mask) == (1, 1)
        assert people_of(site.store) == []


def test_a_change_that_failed_in_the_middle_loses_no_counts_and_is_taken_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: CameraLane) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(reloading, "_AGAIN_S", 0.5)
    counting = CONFIG.replace("photos: clear", "statistics_only: true, statistics_min_count: 1")
    since, until = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    with running(tmp_path, counting) as site:
        states = site.service.camera_states
        assert wait_until(lambda: [each.people for each in states()] == [1, 1])
        with monkeypatch.context() as full:
            full.setattr(CameraLane, "start", fail)
            site.edit(lambda text: text.replace("statistics_only: true", "statistics_only: false"))
            assert wait_until(lambda: "unforeseen" in site.service.status().config_error)
            assert wait_until(lambda: len(site.store.people.counts(since, until)) == 1)
            assert {each.phase for each in states()} == {CameraPhase.STOPPED}
        assert wait_until(lambda: {each.phase for each in states()} == {CameraPhase.WATCHING})
        assert site.service.status().config_error == ""


@pytest.mark.parametrize("is_left", [True, False], ids=["mode is left", "stopped"])
def test_on_a_box_that_is_too_slow_everybody_is_counted_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_left: bool
) -> None:
    """Cameras wait for their turn at the models, which does not come in the time there is."""
    find, is_slow = SquareDetector.__call__, threading.Event()

    def slowly(self: SquareDetector, frame: Frame) -> list[Face]:
        if is_slow.is_set():
            time.sleep(0.4)
        return find(self, frame)

    monkeypatch.setattr(SquareDetector, "__call__", slowly)
    counting = CONFIG.replace("photos: clear", "statistics_only: true, statistics_min_count: 1")
    more = "".join(f'\n  yard{n}: {{{{url: "rtsp://yard{n}.test/1"}}}}' for n in range(8))
    with running(tmp_path, counting.rstrip() + more) as site:
        states = site.service.camera_states
        assert wait_until(lambda: [each.people for each in states()] == [1] * 10)
        is_slow.set()
        time.sleep(1)
        if is_left:
            site.edit(lambda text: text.replace("statistics_only: true", "statistics_only: false"))
            assert site.service.reload().accepted
            is_slow.clear()
    with (
        Store.open(f"sqlite:///{tmp_path / 'maskwatch.db'}", tmp_path / "snapshots") as store,
        store.database.read() as connection,
    ):
        counted = connection.execute(sa.select(people_buckets.c.camera)).scalars().all()
    assert len(set(counted)) == 10


def test_what_a_crash_left_open_is_ended_at_the_next_start(tmp_path: Path) -> None:
    with running(tmp_path) as site:
        assert wait_until(lambda: len(site.store.episodes.ongoing()) == 1)
        (episode,) = site.store.episodes.ongoing()
    with Store.open(f"sqlite:///{tmp_path / 'maskwatch.db'}", tmp_path / "snapshots") as store:
        store.episodes.add(replace(episode, id="left", ended_at=None))
    quiet = CONFIG.replace("hold_s: 0.5", "coverage_below: 0")
    with running(tmp_path, quiet) as site:
        assert site.store.episodes.ongoing() == []
        assert site.store.episodes.get("left").ended_at is not None


def test_a_trouble_that_a_crash_left_is_over_at_the_next_start(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'maskwatch.db'}", tmp_path / "snapshots") as store:
        now = datetime.now(UTC)
        store.health.add(HealthRecord("1", now, "door", "frozen", "frozen", "not changed for 60 s"))
    with running(tmp_path) as site:
        last = site.store.health.last("door", "frozen")
        assert last is not None
        assert (last.state, last.reason) == ("ok", "the service was started anew")


def test_a_second_service_is_refused_and_touches_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as site:
        assert wait_until(lambda: len(site.store.episodes.ongoing()) == 1)
        second = site_in(tmp_path)
        with pytest.raises(StoreError, match="already running with this storage folder"):
            second.service.run()
        assert second.cameras == {}
        assert len(site.store.episodes.ongoing()) == 1
        assert site.phase("door") is CameraPhase.WATCHING
    with running(tmp_path):
        pass  # the next one may


def test_a_service_that_loses_its_store_to_another_ends_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site = site_in(tmp_path)
    answers: list[StoreError | None] = [StoreError("the server is away"), None]

    class Held(Hold):
        def renew(self) -> None:
            answer = answers.pop(0) if answers else StoreTaken("another one is running")
            if answer is not None:
                raise answer

    @contextmanager
    def held(_database: Database, _photos: Path) -> Iterator[Hold]:
        yield Held(None)

    monkeypatch.setattr(service_module, "only_service", held)
    monkeypatch.setattr(store_guard, "_EVERY_S", 0.05)
    with pytest.raises(StoreTaken, match="another one is running"):
        site.service.run()
    assert "the server is away" in caplog.text
    assert "another one is running; this one ends" in caplog.text
    assert answers == []


def test_housekeeping_goes_on_after_a_mistake_and_tells_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("maskwatch.runtime.monitoring.records.housekeeping._EVERY_S", 0.05)
    rounds = []

    def housekeeping(config: Config) -> None:
        rounds.append(config)
        if len(rounds) == 1:
            raise OverflowError("date value out of range")

    with running(tmp_path, housekeeping=housekeeping):
        assert wait_until(lambda: len(rounds) >= 3)
    (told,) = [record for record in caplog.records if record.exc_info]
    assert told.getMessage() == "housekeeping failed"
    assert "OverflowError: date value out of range" in caplog.text


SIGNALLED = """
import os, signal, sys, threading, time
from pathlib import Path
from maskwatch.runtime.monitoring import service as service_module
from tests.runtime.monitoring.test_service import site_in

service_module._TICK_S = 0.0  # so that a signal finds it in the middle of something

def send(service):
    while not service.camera_states():
        time.sleep(0.01)
    time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)

for number in range(5):
    folder = Path(sys.argv[1]) / str(number)
    folder.mkdir()
    text = "{{storage: {{folder: {folder}}}, cameras: {{door: {{url: '0', enabled: false}}}}}}"
    service = site_in(folder, text).service
    threading.Thread(target=send, args=(service,), daemon=True).start()
    service.run()
print("stopped")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nobody sends signals there")
def test_a_signal_ends_the_service_whatever_it_interrupts(tmp_path: Path) -> None:
    assert_program_stops(SIGNALLED, tmp_path)


def assert_program_stops(program: str, folder: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.stdout, ended.returncode) == ("stopped\n", 0), ended.stderr


STOPPED_EARLY = """
import os, signal, sys
from pathlib import Path
from tests.runtime.monitoring.test_service import FixedDashboard, site_in

class Dashboard(FixedDashboard):
    def start(self):
        print("the dashboard is started")

text = "{{storage: {{folder: {folder}}}}}"
service = site_in(Path(sys.argv[1]), text, web=Dashboard()).service
service._parts.alerts.start = lambda: os.kill(os.getpid(), signal.SIGTERM)
service.run()
print("stopped")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nobody sends signals there")
def test_after_a_signal_during_the_start_nothing_more_is_started(tmp_path: Path) -> None:
    assert_program_stops(STOPPED_EARLY, tmp_path)


def test_people_are_numbered_on_after_a_restart(tmp_path: Path) -> None:
    tracks = []
    for _ in range(2):
        with running(tmp_path) as site:
            assert wait_until(lambda: len(site.store.episodes.ongoing()) == 1)
            tracks.append(site.store.episodes.ongoing()[0].track)
    assert tracks == [1, 2]


def test_the_configuration_has_defaults_for_everything() -> None:
    assert Config().cameras == {}
