"""A small disk that can really be full: a file system in memory, which only root may mount."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mounts a file system of that size; skips the test where that is not possible."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    may_try = sys.platform == "linux" and os.geteuid() == 0
    if not may_try or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill_up(file: Path, *, leaving: int = 0) -> None:
    """Lets somebody else's file take the room that is left, but for so many bytes."""
    with file.open("ab", buffering=0) as other, suppress(OSError):
        while True:
            other.write(bytes(4096))
    os.truncate(file, max(0, file.stat().st_size - leaving))
