"""How the C library hands out memory, in processes that take many pictures and run for months."""

from __future__ import annotations

import ctypes
import sys

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # malloc.h of glibc
_LARGE = 2**20
_ARENAS = 2


def give_pictures_back() -> None:
    """Has the memory of a picture go back to the system when the picture is gone.

    Otherwise glibc soon takes pictures for small things and keeps their memory, in a heap of its
    own for each thread, of which every camera has two: with five cameras 55 MB that nobody uses.
    Other C libraries are left as they are.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
        mallopt(_M_ARENA_MAX, _ARENAS)
