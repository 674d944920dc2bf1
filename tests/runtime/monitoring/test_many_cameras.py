"""Eight cameras on a box that is too slow for them: what is dropped is dropped evenly, and said."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from maskwatch.alerts.service import AlertService, AlertSettings
from maskwatch.config.root import parse_config
from maskwatch.runtime.monitoring import load
from maskwatch.runtime.monitoring.inference import SharedInference
from maskwatch.runtime.monitoring.service import Parts, Service, ServiceModels
from maskwatch.store.store import Store
from maskwatch.types import Face, Frame, State
from tests.painted import SquareClassifier, SquareDetector
from tests.runtime.processes import wait_until
from tests.runtime.simulated import ScriptedCamera, people_at

CAMERAS = 8
LOOK_S = 0.03
"""What one look takes, whatever machine this is."""
ENOUGH_LOOKS = 20
"""Of each camera."""


class SlowDetector(SquareDetector):
    def __call__(self, frame: Frame) -> list[Face]:
        time.sleep(LOOK_S)
        return super().__call__(frame)


@pytest.mark.parametrize("batch", [1, 4])
def test_a_slow_box_drops_evenly_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(load, "_AFTER_S", 1.0)
    names = [f"camera {number}" for number in range(CAMERAS)]
    listed = "".join(f"  {name}: {{url: 'rtsp://{name[-1]}.test/1'}}\n" for name in names)
    config = parse_config(f"storage: {{folder: {tmp_path}}}\ncameras:\n{listed}", "eight")
    film = people_at(lambda _: [(State.MASK, 160, 120)])
    # Half of them deliver twice as fast as the others: that must not get them more looks.
    cameras = {
        name: ScriptedCamera(film, fps=10 if number % 2 else 20, speed=1)
        for number, name in enumerate(names)
    }
    models = ServiceModels(
        SharedInference(SlowDetector(), SquareClassifier(), batch=batch), 0.5, "painted 1", "cpu"
    )
    with Store.open(config.storage.database_url, config.storage.snapshots) as store:
        service = Service(
            config,
            Parts(
                store=store,
                models=models,
                load=lambda: config,
                alerts=AlertService(store, AlertSettings.of(config), lambda _: {}),
                connect=lambda order: cameras[order.source.name].connect(order),
            ),
        )
        running = threading.Thread(target=service.run)
        running.start()
        try:
            assert wait_until(lambda: fewest_looks(service) >= 5)
            before = service.camera_states()
            assert wait_until(lambda: fewest_looks(service) >= ENOUGH_LOOKS + 5)
            after = service.camera_states()
            assert wait_until(lambda: overloads(store) != [])
            assert service.inference_state().overloaded
            words = overloads(store)
        finally:
            service.stop()
            running.join(60)
    looks = [new.frames - old.frames for new, old in zip(after, before, strict=True)]
    assert max(looks) <= 1.25 * min(looks) + 2, looks
    assert all(new.dropped > old.dropped for new, old in zip(after, before, strict=True))
    assert len(words) == 1
    assert "the same share for each of 8 cameras" in words[0]


def fewest_looks(service: Service) -> int:
    return min((each.frames for each in service.camera_states()), default=0)


def overloads(store: Store) -> list[str]:
    """What is written down of a box that is too slow."""
    told = store.health.page(limit=50).items
    return [each.reason for each in told if (each.kind, each.state) == ("load", "overloaded")]
