"""Cameras that need no process and no network: pictures of painted people, as fast as wanted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from maskwatch.config.cameras import CameraConfig
from maskwatch.runtime.live.child import DecoderFailed, Taken
from maskwatch.runtime.live.messages import DecoderOrder, Ended, Lost, Still, StreamOpened
from maskwatch.runtime.monitoring.records.chronicle import Entry
from maskwatch.types import Image
from tests.painted import Person, scene

EPOCH = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday."""
LIVE = StreamOpened(is_live=True, fps=8.0, frame_count=None)


class ScriptedCamera:
    """One camera whose connections all show the same film.

    Args:
        film: the picture at a time in seconds; None when the connection breaks there.
        fps: pictures per second of the camera's own time.
        end_s: after this time no more pictures come, and nobody minds.
        speed: how much faster than the clock its time runs; None for as fast as they are taken.
    """

    def __init__(
        self,
        film: Callable[[float], Image | None],
        *,
        fps: float = 8.0,
        end_s: float = float("inf"),
        speed: float | None = None,
        on_taken: Callable[[float], None] = lambda _: None,
    ) -> None:
        self.film = film
        self.fps = fps
        self.end_s = end_s
        self.speed = speed
        self.on_taken = on_taken
        self.count = 0
        """Pictures so far; the time goes on over connections."""
        self.connections: list[ScriptedConnection] = []
        self.orders: list[DecoderOrder] = []
        self.finished = threading.Event()
        self.refuse = ""
        """Why connections fail; empty while they do not."""
        self.opened: StreamOpened | Still = LIVE
        """What connections find."""
        self.clock_set = timedelta()
        """By how much the clock of the machine was set meanwhile."""

    def wall(self) -> float:
        """The machine's time of day in seconds."""
        return time.monotonic() + self.clock_set.total_seconds()

    def connect(self, order: DecoderOrder) -> ScriptedConnection:
        self.orders.append(order)
        self.connections.append(ScriptedConnection(self))
        return self.connections[-1]


class ScriptedConnection:
    """A connection to a `ScriptedCamera`."""

    def __init__(self, camera: ScriptedCamera) -> None:
        self._camera = camera
        self._aborted = threading.Event()
        self._index = 0
        self.closed = False

    def open(self) -> StreamOpened | Still:
        if self._camera.refuse:
            raise DecoderFailed(self._camera.refuse)
        return self._camera.opened

    def next(self) -> Taken | Ended:
        camera = self._camera
        t = camera.count / camera.fps
        if t >= camera.end_s:
            camera.finished.set()
            self._aborted.wait()
        elif camera.speed is not None:
            self._aborted.wait(1 / camera.fps / camera.speed)
        if self._aborted.is_set():
            raise DecoderFailed("the decoder process died (signal 9)")
        camera.count += 1
        image = camera.film(t)
        if image is None:
            raise DecoderFailed("no data for 10 s")
        camera.on_taken(t)
        index, self._index = self._index, self._index + 1
        return Taken(
            index, 1000 + t, EPOCH + camera.clock_set + timedelta(seconds=t), image, Lost()
        )

    def abort(self) -> None:
        self._aborted.set()

    def close(self) -> None:
        self.closed = True
        self._aborted.set()


class Notebook:
    """A chronicle in memory."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def write(self, entries: Sequence[Entry]) -> None:
        self.entries.extend(entries)

    def of(self, kind: type) -> list[Entry]:
        return [entry for entry in self.entries if isinstance(entry, kind)]


def flicker(image: Image, t: float) -> Image:
    """The picture with a corner that is never twice the same, as a sensor's noise makes it."""
    image = image.copy()
    image[:40, :40] = int(t * 64) % 97
    return image


def people_at(story: Callable[[float], Sequence[Person]]) -> Callable[[float], Image]:
    """A film of painted people."""
    return lambda t: flicker(scene(story(t)), t)


def camera_config(**changes: object) -> CameraConfig:
    return CameraConfig.model_validate({"url": "rtsp://viewer:s3cret@camera.test/1", **changes})
