"""A camera that speaks RTSP. Without pytest: what a benchmark measures loads it, too."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

RTSP_SERVER = Path(__file__).with_name("rtsp_server.py")
SYSTEM_PYTHON = "/usr/bin/python3"


@dataclass(frozen=True)
class RtspCamera:
    """At rtsp://127.0.0.1:PORT/cam, with somebody to see at /person, and its clip at /clip."""

    process: subprocess.Popen[str]
    port: int


@contextmanager
def rtsp_camera(
    port: int = 0, user: str | None = None, clip: Path | None = None
) -> Iterator[RtspCamera]:
    """A camera of its own process, with a login as USER:PASSWORD if there is to be one."""
    command = [SYSTEM_PYTHON, str(RTSP_SERVER), "--port", str(port)]
    command += ["--user", user] if user else []
    command += ["--clip", str(clip)] if clip else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready, bound = process.stdout.readline().split()
            assert ready == "ready"
            yield RtspCamera(process, int(bound))
        finally:
            process.kill()
