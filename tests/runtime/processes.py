"""Looking at processes, and cameras that need no network."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from maskwatch.frames.camera import LiveInput
from maskwatch.frames.orientation import Turn
from maskwatch.frames.sampling import Sampler
from maskwatch.runtime.live.child import DecoderProcess
from maskwatch.runtime.live.messages import DecoderOrder

TEST_CAMERA = LiveInput("test camera", "testsrc=rate=25:size=64x48,realtime", "lavfi")
"""A moving picture that FFmpeg makes itself, at the speed of a camera."""

PATIENCE_S = 30.0
"""How long a test waits for something that normally takes a moment."""


def order(
    source: LiveInput = TEST_CAMERA,
    *,
    sampler: Sampler | None = None,
    open_timeout_s: float = 20.0,
    read_timeout_s: float = 20.0,
    turn: Turn = 0,
) -> DecoderOrder:
    return DecoderOrder(source, sampler, open_timeout_s, read_timeout_s, turn)


def run_program(
    program: str, checkout: Path, *, timeout_s: float = PATIENCE_S, new_session: bool = False
) -> subprocess.CompletedProcess[str]:
    """Runs lines of Python in a process of its own, which can import the tests."""
    return subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        cwd=checkout,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        start_new_session=new_session,
    )


def read_on(decoder: DecoderProcess) -> None:
    """Until it fails; a frame may still be on its way."""
    for _ in range(3):
        decoder.next()


def is_running(pid: int) -> bool:
    """Whether a process exists and is more than an entry that nobody has collected yet."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X")


def shared_memory_of(pid: int) -> list[Path]:
    """The files of the shared memory that a process has in use; other programs have theirs."""
    used = Path(f"/proc/{pid}/maps").read_text()
    return [Path(each) for each in set(re.findall(r"/dev/shm/psm_\w+", used))]  # noqa: S108


def wait_until(condition: Callable[[], bool]) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def slowness() -> float:
    """How much longer than alone a computation takes on this machine right now, at least 1."""
    began, worked = time.monotonic(), time.process_time()
    sum(i * i for i in range(2_000_000))
    return max(1.0, (time.monotonic() - began) / (time.process_time() - worked))
