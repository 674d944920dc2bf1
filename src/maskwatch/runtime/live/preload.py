"""What the process that decoder processes are copies of loads before it makes any.

Imported nowhere but there: see `maskwatch.runtime.live.forking`.
"""

from __future__ import annotations

import gc
import os
import signal

from maskwatch.runtime.allocator import give_pictures_back
from maskwatch.runtime.live.orphans import die_with_parent

signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the service's to handle
die_with_parent()
give_pictures_back()
# Threads for matrices would be lost in the copies, which have no use for any.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

from maskwatch.runtime.live import worker  # noqa: E402, F401 - after what holds for numpy

gc.collect()
gc.freeze()  # looking for garbage would write to memory that all copies share
