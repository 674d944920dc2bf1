"""A helper process must not outlive the process that it works for, however that one ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent is gone, even by SIGKILL.

    Linux only; elsewhere the end of the pipe to the parent has to do. Linux counts the *thread*
    that started the process as its parent, so a source must be opened in a thread that lives
    as long as the source.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it was gone before the call
        os._exit(1)
