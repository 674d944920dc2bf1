"""A day at the door, accelerated: memory, threads and queues stay as they are.

``MASKWATCH_SOAK_HOURS`` sets how many hours are simulated; 24 take some minutes.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from maskwatch.alerts.service import AlertService, AlertSettings
from maskwatch.config.root import parse_config
from maskwatch.runtime.allocator import give_pictures_back
from maskwatch.runtime.monitoring.inference import SharedInference
from maskwatch.runtime.monitoring.service import Parts, Service, ServiceModels
from maskwatch.store.store import Store
from maskwatch.types import Face, Frame, Image, State
from tests.painted import Person, SquareClassifier, SquareDetector, scene
from tests.runtime.processes import wait_until
from tests.runtime.simulated import ScriptedCamera, flicker

HOURS = float(os.environ.get("MASKWATCH_SOAK_HOURS", "1"))
FPS = 2.0
VISIT_S = 24.0
"""Every so often somebody comes."""

ALLOWED_BYTES = 8 << 20
"""Growth over the second half: keeping one picture of each visitor would be some 30 MB an hour."""

MOST_PATIENT_S = 0.02
"""How long a camera waits for its last picture to be looked at: frozen ones never are."""


def story(t: float) -> Sequence[Person]:
    """One visitor after the other: with mask, without, taking it off, and two at a time."""
    visit, at = divmod(t, VISIT_S)
    if at > VISIT_S - 6:
        return []
    x = 60 + int(10 * (visit % 7)) + int(at * 6)
    kind = int(visit) % 4
    first = State.MASK if kind == 0 or (kind == 2 and at < 8) else State.NO_MASK
    second: list[Person] = [(State.INCORRECT, 40, 180)] if kind == 3 else []
    return [(first, x, 80), *second]


def film(t: float) -> Image | None:
    if t % 1800 == 900:
        return None  # the camera is lost twice an hour
    frozen = 300 <= t % 3600 < 420
    shown = 300.0 + 3600 * (t // 3600) if frozen else t
    return flicker(scene(story(shown)), shown)


class Pacing(SquareDetector):
    """Lets each camera go on when its picture has been looked at, so that few are left out."""

    def __init__(self, cameras: Sequence[str]) -> None:
        super().__init__()
        self._looked = {name: threading.Semaphore(1) for name in cameras}

    def __call__(self, frame: Frame) -> list[Face]:
        faces = super().__call__(frame)
        self._looked[frame.source].release()
        return faces

    def wait(self, camera: str) -> None:
        self._looked[camera].acquire(timeout=MOST_PATIENT_S)


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_memory_is_flat_over_a_day(tmp_path: Path) -> None:
    text = f"""
storage: {{folder: {tmp_path}, min_free_gb: 0}}
privacy: {{photos: clear}}
cameras:
  door: {{url: "rtsp://door.test/1", frozen_s: 60}}
  gate: {{url: "rtsp://gate.test/1", frozen_s: 60}}
"""
    config = parse_config(text, "soak")
    store = Store.open(
        config.storage.database_url, config.storage.snapshots, config.privacy.stored_photos
    )
    samples: list[tuple[float, int, int]] = []

    detector = Pacing(list(config.cameras))

    def note(t: float) -> None:
        detector.wait("door")
        if t % 60 == 0:
            samples.append((t, resident_bytes(), threading.active_count()))

    cameras = {
        "door": ScriptedCamera(film, fps=FPS, end_s=HOURS * 3600, on_taken=note),
        "gate": ScriptedCamera(
            film, fps=FPS, end_s=HOURS * 3600, on_taken=lambda _: detector.wait("gate")
        ),
    }
    inference = SharedInference(detector, SquareClassifier(), batch=2)
    service = Service(
        config,
        Parts(
            store=store,
            models=ServiceModels(inference, 0.5, "painted 1", "cpu"),
            load=lambda: config,
            alerts=AlertService(store, AlertSettings.of(config), lambda _: {}),
            connect=lambda order: cameras[order.source.name].connect(order),
        ),
    )
    give_pictures_back()  # as `maskwatch serve` does
    running = threading.Thread(target=service.run)
    running.start()
    try:
        for camera in cameras.values():
            assert camera.finished.wait(HOURS * 3600)
        assert wait_until(lambda: service.status().unwritten == 0)
        episodes, visits = store.episodes.count(), HOURS * 3600 / VISIT_S
        looked = sum(state.frames for state in service.camera_states())
    finally:
        service.stop()
        running.join(60)
        store.close()
    assert looked > 0.2 * HOURS * 3600 * FPS  # or it would have been no test
    assert episodes > 0.2 * visits
    half = HOURS * 1800
    before = [sample for sample in samples if half * 0.8 <= sample[0] < half]
    after = [sample for sample in samples if sample[0] >= half * 1.8]
    growth = np.median([size for _, size, _ in after]) - np.median([size for _, size, _ in before])
    assert growth < ALLOWED_BYTES
    # The fewest of a while are those that stay: others live for one photo or one message.
    assert min(count for _, _, count in after) <= min(count for _, _, count in before)
