"""How many processor cores this process may use, which can be fewer than there are."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

MAX_THREADS = 256
"""More than helps on any machine; tens of thousands would bring it to a stop."""
_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")
"""Of control groups version 2: microseconds of processor time in each period, and the period."""


def cores() -> int:
    """Cores that the process is kept to, or fewer where it is given less time than they have."""
    kept_to = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(kept_to, quota() or kept_to)


def quota() -> int | None:
    """Cores' worth of time that a container may use (``docker run --cpus``), rounded up.

    More threads than that are stopped together, in the middle of their work, until the next period.
    None without such a limit.
    """
    try:
        limit, period = _CPU_MAX.read_text(encoding="ascii").split()
    except OSError:  # not in a container, or of another system
        return None
    return None if limit == "max" else math.ceil(int(limit) / int(period))
