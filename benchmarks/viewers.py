"""What each browser that watches costs the service: ``python -m benchmarks.viewers``.

One camera of 1280x720 with eight faces, eight pictures a second. The server is a process of its
own with the web application as `maskwatch serve` runs it; the picture is finished and compressed
anew each time, as for a camera. What is counted is the processor time of that process.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import uvicorn
from tests.web.world import make_world

from benchmarks.process import processor_s
from benchmarks.scenes import face_crops, scene
from maskwatch.draw import Mark, draw_marks, pixelate
from maskwatch.outputs.jpeg import encode_jpeg, scaled_down
from maskwatch.runtime.monitoring.finish import LIVE_PX, LIVE_QUALITY
from maskwatch.runtime.monitoring.live_hub import LiveHub, LivePerson
from maskwatch.store.records import Role
from maskwatch.types import Box, State
from maskwatch.web.actions.users import add_token
from maskwatch.web.app import create_app
from maskwatch.web.identity import Principal
from maskwatch.web.security.scopes import Scope, scopes_of

_CAMERA = "entrance"
_FPS = 8.0
_PAUSE_S = 0.08
"""Of the dashboard's page between two pictures; see static/dashboard.js."""


@dataclass(frozen=True)
class Cost:
    """Of so many viewers."""

    way: str
    """How they watch: ``page`` asks for one picture after the other, ``mjpeg`` reads on."""
    viewers: int
    made_a_second: float
    """Pictures that the camera gave."""
    sent_a_second: float
    """To all viewers together."""
    processors: float
    """Seconds of the server's processor per second."""
    picture_bytes: float


def main() -> None:
    """Measures and prints; with ``--serve`` it is the server."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.viewers", description=__doc__)
    parser.add_argument("--viewers", type=int, nargs="+", default=[0, 1, 4, 8, 16, 30])
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    parser.add_argument("--serve", metavar="FOLDER", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.serve:
        _serve(Path(wanted.serve))
        return
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.viewers", "--serve", folder]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, text=True, **pipes) as server:  # type: ignore[call-overload]
            assert server.stdout is not None
            port, token = server.stdout.readline().split()
            for way, watch in (("mjpeg", _watch_mjpeg), ("page", _watch_page)):
                for viewers in wanted.viewers:
                    found = _cost(server.pid, way, watch, viewers, wanted.seconds, port, token)
                    print(json.dumps(asdict(found)), flush=True)
            server.stdin.close()


class _Tally:
    """What the viewers got; each counts for itself, so there is nothing to lock."""

    def __init__(self, viewers: int) -> None:
        self.pictures = [0] * viewers
        self.bytes = [0] * viewers
        self.is_over = False


class _Seat:
    """One viewer's place in the tally."""

    def __init__(self, tally: _Tally, index: int) -> None:
        self._tally, self._index = tally, index

    @property
    def is_over(self) -> bool:
        return self._tally.is_over

    def got(self, count: int) -> None:
        self._tally.pictures[self._index] += 1
        self._tally.bytes[self._index] += count


def _cost(
    pid: int,
    way: str,
    watch: Callable[[http.client.HTTPConnection, dict[str, str], _Seat], None],
    viewers: int,
    seconds: float,
    port: str,
    token: str,
) -> Cost:
    tally = _Tally(viewers)
    headers = {"Authorization": f"Bearer {token}"}

    def one(index: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
        watch(connection, headers, _Seat(tally, index))
        connection.close()

    threads = [threading.Thread(target=one, args=[i], daemon=True) for i in range(viewers)]
    for thread in threads:
        thread.start()
    time.sleep(seconds / 4)
    begin, before = time.monotonic(), processor_s(pid)
    made, sent, size = _sequence(port, headers), sum(tally.pictures), sum(tally.bytes)
    time.sleep(seconds)
    span, used = time.monotonic() - begin, processor_s(pid) - before
    pictures = sum(tally.pictures) - sent
    found = Cost(
        way,
        viewers,
        (_sequence(port, headers) - made) / span,
        pictures / span,
        used / span,
        (sum(tally.bytes) - size) / max(1, pictures),
    )
    tally.is_over = True
    for thread in threads:
        thread.join(10)
    return found


def _watch_page(
    connection: http.client.HTTPConnection, headers: dict[str, str], seat: _Seat
) -> None:
    after = "0"
    while not seat.is_over:
        address = f"/api/v1/cameras/{_CAMERA}/frame.jpg?after={after}&wait_s=1"
        connection.request("GET", address, headers=headers)
        answer = connection.getresponse()
        picture = answer.read()
        if answer.status == 200:
            after = answer.headers["X-Sequence"]
            seat.got(len(picture))
        time.sleep(_PAUSE_S)


def _watch_mjpeg(
    connection: http.client.HTTPConnection, headers: dict[str, str], seat: _Seat
) -> None:
    connection.request("GET", f"/api/v1/cameras/{_CAMERA}/stream.mjpg", headers=headers)
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"the stream was refused: {answer.status}")
    while not seat.is_over:
        length = 0
        while (line := answer.readline()) != b"\r\n":
            name, _, value = line.partition(b":")
            if name == b"Content-Length":
                length = int(value)
        answer.read(length + 2)
        seat.got(length)


def _sequence(port: str, headers: dict[str, str]) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
    connection.request("GET", f"/api/v1/cameras/{_CAMERA}/people", headers=headers)
    found = json.loads(connection.getresponse().read())["sequence"]
    connection.close()
    return int(found)


# --- the server


def _serve(folder: Path) -> None:
    """Serves until its standard input ends."""
    world = make_world(folder, now=None)
    anna = world.add_user("anna", Role.ADMIN)
    owner = Principal(anna, anna.name, scopes_of(anna.role), session_hash="benchmark")
    token = add_token(world.web, owner, "viewer", [Scope.LIVE], None).token
    threading.Thread(target=_film, args=[world.hub], daemon=True).start()
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], token, flush=True)
    app = create_app(world.web, dashboard=False)
    config = uvicorn.Config(app, log_level="warning", proxy_headers=False, access_log=False)
    server = uvicorn.Server(config)

    def end_with_input() -> None:
        sys.stdin.read()
        world.hub.close()
        server.should_exit = True

    threading.Thread(target=end_with_input, daemon=True).start()
    server.run([listener])


def _film(hub: LiveHub) -> None:
    """Publishes pictures as a camera's lane does: faces hidden, smaller, boxes, JPEG."""
    made = scene(face_crops(Path("samples"), 5), 5, 1280, 720)
    boxes = [Box(x - 60, y - 60, x + 60, y + 60) for x in (200, 460, 720, 980) for y in (180, 540)]
    people = tuple(LivePerson(i, State.MASK, None, 97.0, None, datetime.now(UTC)) for i in range(8))
    turn, next_at = 0, time.monotonic()
    while not hub.is_closed:
        turn += 1
        frame = np.ascontiguousarray(np.roll(made.picture, turn % 16, axis=1))
        image, factor = scaled_down(pixelate(frame, boxes), LIVE_PX)
        marks = [Mark(box.scaled(factor), State.MASK, None, 97.0, i) for i, box in enumerate(boxes)]
        hub.publish(
            _CAMERA, encode_jpeg(draw_marks(image, marks), LIVE_QUALITY), people, datetime.now(UTC)
        )
        next_at = max(next_at + 1 / _FPS, time.monotonic())
        time.sleep(max(0.0, next_at - time.monotonic()))


if __name__ == "__main__":
    main()
