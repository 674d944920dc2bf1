"""A helper process must not outlive the process that it works for, however that one ends."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent is gone, even by SIGKILL.

    Linux only; elsewhere the end of the pipe to the parent has to do. Linux counts the *thread*
    that started the process as its parent; see `maskwatch.runtime.live.forking`.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    creator = multiprocessing.parent_process()
    if creator is not None and not creator.is_alive():  # it was gone before the call
        os._exit(1)
