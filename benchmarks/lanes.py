"""What each camera more costs the service.

Cameras are decoder processes and lanes as in the service, fed over RTSP from a clip that a server
of the tests plays in a loop; web and database are left out, because they do not grow with cameras.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from benchmarks.process import processor_s
from maskwatch.build.service import load_models
from maskwatch.config.cameras import CameraConfig
from maskwatch.config.inference import InferenceConfig
from maskwatch.config.privacy import PrivacyConfig
from maskwatch.runtime.allocator import give_pictures_back
from maskwatch.runtime.monitoring.camera.lane import CameraLane, LaneSetting
from maskwatch.runtime.monitoring.live_hub import LiveHub
from maskwatch.runtime.monitoring.records.chronicle import Entry


@dataclass(frozen=True)
class Cost:
    """Of so many cameras."""

    cameras: int
    looked_at: float
    """Pictures a second over all cameras."""
    offered: float
    """Pictures a second that came."""
    processors: float
    """Seconds of processor per second, all processes of the service together."""
    resident_mb: float
    """Sum over the processes; what they share is counted in each."""
    proportional_mb: float
    """The same, what is shared split between those who share it."""


class _Silent:
    """A ``Chronicle`` that keeps nothing."""

    def write(self, entries: Sequence[Entry]) -> None:
        """Forgets them."""


def cost_of(cameras: int, url: str, fps: float, seconds: float) -> Cost:
    """Runs so many cameras for a while, after they have settled."""
    give_pictures_back()  # as `serve` does
    models = load_models(InferenceConfig(threads=2))
    models.inference.start()
    setting = LaneSetting(
        models.inference, _Silent(), LiveHub(), PrivacyConfig(), UTC, models.score
    )
    config = CameraConfig.model_validate({"url": url, "max_fps": fps})
    lanes = [CameraLane(f"camera {i}", config, setting) for i in range(cameras)]
    for lane in lanes:
        lane.start()
    time.sleep(seconds / 2)
    begin, before, looks = time.monotonic(), _processor_s(), _looks(lanes)
    time.sleep(seconds)
    span = time.monotonic() - begin
    found = Cost(
        cameras,
        (_looks(lanes) - looks) / span,
        sum(lane.offered_fps for lane in lanes),
        (_processor_s() - before) / span,
        *_memory_mb(),
    )
    for lane in lanes:
        lane.request_stop()
    for lane in lanes:
        lane.join(10)
    models.inference.stop()
    return found


def _looks(lanes: Sequence[CameraLane]) -> int:
    return sum(lane.status().frames for lane in lanes)


def _family(process: str = str(os.getpid())) -> list[Path]:
    """A process and those it started, and so on, but for the server of the clip."""
    found = [Path(f"/proc/{process}")]
    for task in (found[0] / "task").iterdir():
        for child in (task / "children").read_text().split():
            if b"rtsp_server" not in Path(f"/proc/{child}/cmdline").read_bytes():
                found += _family(child)
    return found


def _processor_s() -> float:
    return sum(processor_s(int(folder.name)) for folder in _family())


def _memory_mb() -> tuple[float, float]:
    resident = proportional = 0
    for folder in _family():
        lines = (folder / "smaps_rollup").read_text().splitlines()[1:]
        sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
        resident += sizes["Rss"]
        proportional += sizes["Pss"]
    return resident / 1024, proportional / 1024
