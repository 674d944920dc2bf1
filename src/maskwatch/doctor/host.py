"""The machine that the service runs on: clock, disk, shared memory, port."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from maskwatch.config.root import Config
from maskwatch.doctor.finding import Finding, Grade
from maskwatch.errors import UsageError
from maskwatch.reasons import system_reason
from maskwatch.web.listening import listen

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - measured, not written to
MORE_SHARED_MEMORY = "give /dev/shm more room (docker run --shm-size 256m)"

_NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
"""A clock that shows an earlier time was never set."""

_TIME_ERROR = 5  # "clock not synchronized", see adjtimex(2)


def check_clock(now: datetime) -> Finding:
    """Whether the clock shows a plausible time and is kept right by a time server."""
    advice = "set the clock and switch on time synchronisation (timedatectl set-ntp true)"
    shown = f"{now:%Y-%m-%d %H:%M} UTC"
    if now < _NOT_BEFORE:
        return Finding("clock", Grade.FAILED, f"it shows {shown}", advice)
    if _is_synchronised() is False:
        return Finding("clock", Grade.WARNING, f"{shown}, not synchronised", advice)
    return Finding("clock", Grade.OK, shown)


def check_disk(config: Config) -> Finding:
    """Whether photos can be written, and how much room there is."""
    folder = config.storage.folder
    try:
        with tempfile.NamedTemporaryFile(dir=nearest_existing(folder)) as file:
            file.write(b"0" * 4096)
            file.flush()
            os.fsync(file.fileno())
            free_gb = shutil.disk_usage(file.name).free / 1e9
    except OSError as error:
        reason = system_reason(error)
        advice = "set storage.folder to a folder that this user may write to"
        return Finding("disk", Grade.FAILED, f"{folder}: {reason}", advice)
    said = f"{free_gb:.1f} GB free in {folder}"
    if free_gb < config.storage.min_free_gb:
        return Finding(
            "disk",
            Grade.WARNING,
            f"{said}, less than storage.min_free_gb = {config.storage.min_free_gb:g}",
            "make room: the oldest photos are deleted until there is",
        )
    return Finding("disk", Grade.OK, said)


def check_shared_memory(needed_bytes: int) -> Finding:
    """Whether there is room for one frame of each camera, as they pass between processes.

    Counted is all the room there is, as the service may be running and have its part already.
    """
    system = os.statvfs(SHARED_MEMORY)
    room_bytes = system.f_blocks * system.f_frsize
    said = f"{room_bytes / 1e6:.0f} MB in {SHARED_MEMORY}"
    if room_bytes < needed_bytes:
        return Finding(
            "shared memory",
            Grade.FAILED,
            f"{said}, and the cameras need {needed_bytes / 1e6:.0f}",
            MORE_SHARED_MEMORY,
        )
    return Finding("shared memory", Grade.OK, said)


def check_port(config: Config) -> Finding:
    """Whether the dashboard's port is free, or taken by what seems to be the service itself."""
    web = config.web
    try:
        listen(web).socket.close()
    except UsageError as error:
        return Finding(
            "dashboard",
            Grade.WARNING,
            str(error),
            "fine if the service is running; otherwise choose another web.port",
        )
    return Finding("dashboard", Grade.OK, f"{web.host}:{web.port} is free")


def nearest_existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that need not be made."""
    path = folder.absolute()
    return next(each for each in (path, *path.parents) if os.path.lexists(each))


def _is_synchronised() -> bool | None:
    """What the kernel says of its clock; None where that is not known."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    # The call only reads when the first field, ``modes``, is 0; struct timex has 208 bytes at most.
    state: int = libc.adjtimex(ctypes.create_string_buffer(512))
    return None if state < 0 else state != _TIME_ERROR
