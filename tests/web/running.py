"""A dashboard with made-up content, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATHS = (
    *("/", "/overview", "/events", "/review", "/cameras", "/cameras/entrance"),
    *("/cameras/entrance/walk", "/system"),
)
"""Every page."""


@contextmanager
def dashboard(folder: Path, *options: str) -> Iterator[tuple[str, str]]:
    """A running dashboard: its address and its set-up link."""
    program = [sys.executable, "-m", "tests.web.dashboard_server", str(folder), *options]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    with subprocess.Popen(
        program,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            url, link = process.stdout.readline().split()
            yield url, link
        finally:
            process.stdin.close()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
