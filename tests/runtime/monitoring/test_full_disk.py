"""The disk of a running service fills up: evidence gives way, watching and telling go on."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from maskwatch.alerts.service import AlertService, AlertSettings
from maskwatch.build.channels import build_channels
from maskwatch.config.root import parse_config
from maskwatch.runtime.monitoring.control import CameraPhase
from maskwatch.runtime.monitoring.inference import SharedInference
from maskwatch.runtime.monitoring.records.housekeeping import Housekeeper
from maskwatch.runtime.monitoring.service import Parts, Service, ServiceModels
from maskwatch.store.store import Store
from maskwatch.types import Image, State
from tests.painted import SquareClassifier, SquareDetector, scene
from tests.runtime.processes import wait_until
from tests.runtime.simulated import ScriptedCamera, flicker
from tests.servers.disk import fill_up, small_disk
from tests.servers.hooks import HookServer, hook_server
from tests.store.values import proofs_of

VISIT_S = 6.0


def film(t: float) -> Image:
    """Somebody without a mask comes, goes, and another one comes."""
    visit, at = divmod(t, VISIT_S)
    people = [(State.NO_MASK, 60 + int(visit) % 5 * 40, 120)] if at < VISIT_S - 3 else []
    return flicker(scene(people), t)


def config_text(disk: Path, hook: HookServer) -> str:
    return f"""
storage:
  folder: {disk}
  min_free_gb: 0.002
  retention: {{photos_days: 9999, episodes_days: 9999}}
privacy: {{photos: clear}}
alerts:
  channels:
    hook: {{kind: webhook, url: "http://127.0.0.1:{hook.port}/", secret: {"s" * 16}, photo: false}}
cameras:
  door: {{url: "rtsp://door.test/1", rule: {{hold_s: 0.5, reentry_s: 0}}}}
"""


def test_on_a_full_disk_old_photos_go_and_watching_and_telling_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maskwatch.runtime.monitoring.records.housekeeping._EVERY_S", 0.2)
    with small_disk(tmp_path / "disk", 64) as disk, hook_server() as hook:
        config = parse_config(config_text(disk, hook), "full")
        camera = ScriptedCamera(film, speed=6)
        inference = SharedInference(SquareDetector(), SquareClassifier())
        with Store.open(
            config.storage.database_url, config.storage.snapshots, config.privacy.stored_photos
        ) as store:
            service = Service(
                config,
                Parts(
                    store=store,
                    models=ServiceModels(inference, 0.5, "painted 1", "cpu"),
                    load=lambda: config,
                    alerts=AlertService(store, AlertSettings.of(config), build_channels),
                    housekeeping=Housekeeper(store),
                    connect=camera.connect,
                ),
            )
            running = threading.Thread(target=service.run)
            running.start()
            try:
                hook.wait_for(3, timeout_s=180)
                assert wait_until(lambda: len(store.snapshots.where()) >= 3)
                first = store.snapshots.where()[0]
                fill_up(disk / "other")
                told = len(hook.requests)
                hook.wait_for(told + 5, timeout_s=180)
                fill_up(disk / "other", leaving=1_000_000)  # what gave way is taken, too
                assert wait_until(lambda: disk_is_called_full(store))
                told = len(hook.requests)
                hook.wait_for(told + 5, timeout_s=180)
                assert service.camera_states()[0].phase is CameraPhase.WATCHING
                assert wait_until(lambda: service.status().unwritten == 0)
                gone = proofs_of(store, first.id)
                assert [each.reason for each in gone] == ["disk_full"]
                assert store.episodes.count() >= len(hook.requests)
            finally:
                service.stop()
                running.join(60)
                ended = not running.is_alive()
        assert ended


def disk_is_called_full(store: Store) -> bool:
    last = store.health.last(None, "disk")
    return last is not None and last.state == "full"
