"""What becomes of the memory of pictures, seen in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, threading
import numpy as np
if {tuned}:
    from maskwatch.runtime.allocator import give_pictures_back
    give_pictures_back()

def anonymous_mb():
    with open("/proc/self/smaps_rollup") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("Anonymous:")) / 1024

before, gate = anonymous_mb(), threading.Barrier(9)

def camera():
    for _ in range(4):  # the first that is freed teaches glibc that pictures are small
        pictures = [np.ones((720, 1280, 3), np.uint8) for _ in range(3)]
        kept = np.ones(1000, np.uint8)  # holds the heap below which the pictures were
        del pictures
    gate.wait()
    gate.wait()

threads = [threading.Thread(target=camera, daemon=True) for _ in range(8)]
for thread in threads:
    thread.start()
gate.wait()
print(anonymous_mb() - before)
gate.wait()
"""


def left_mb(*, tuned: bool) -> float:
    """What eight threads hold that have let go of all their pictures."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(tuned=tuned)],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="about glibc")
def test_pictures_that_are_gone_take_no_memory() -> None:
    assert left_mb(tuned=True) < 5 < 10 < left_mb(tuned=False)
