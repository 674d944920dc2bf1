"""What processes cost: running ones, and whole runs of the program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


def processor_s(pid: int) -> float:
    """Seconds of processor that a running process has used so far, without those it started."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Run:
    """Of one program, medians over several runs."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def run_program(arguments: Sequence[str], rounds: int) -> Run:
    """Runs ``maskwatch ARGUMENTS``, once to warm the file cache and then ``rounds`` times.

    From a small process, because Linux counts the memory of whoever starts one to its peak.
    """
    done = subprocess.run(
        [sys.executable, __file__, str(rounds), *arguments], check=True, stdout=subprocess.PIPE
    )
    runs = json.loads(done.stdout)
    return Run(*(median(each[i] for each in runs) for i in range(3)))


def _one(arguments: Sequence[str]) -> tuple[float, float, float]:
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "maskwatch", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"maskwatch {' '.join(arguments)} ended with {process.returncode}")
    wall = time.perf_counter() - start
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


if __name__ == "__main__":
    print(json.dumps([_one(sys.argv[2:]) for _ in range(int(sys.argv[1]) + 1)][1:]))
