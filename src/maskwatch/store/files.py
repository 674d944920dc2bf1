"""Files that are there in full or not at all, also after a power cut."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import BinaryIO

PART = ".part"

_NO_SUCH_THING = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}
"""What file systems say, those of network shares above all, that cannot sync a folder. PostgreSQL
goes on, too (``fsync_fname_ext`` in its ``fd.c``)."""


def new_file(path: Path) -> BinaryIO:
    """Opens a new file of our own (mode 600), in place of what a crash left under its name.

    Never one that is there: in a folder that others may write to, such as ``/tmp``, it may be
    theirs to read, or a link to another file.

    Raises:
        OSError: it cannot be made.
    """
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def write_durably(path: Path, content: bytes) -> None:
    """Writes a new file of our own (mode 600) under its name only when it is complete on the disk.

    Raises:
        OSError: it cannot be written; nothing is left of it then.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(path.name + PART)
    try:
        with new_file(part) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    _sync_folder(path.parent)


def remove(path: Path) -> bool:
    """Deletes a file for good; False when it was not there.

    Raises:
        OSError: it cannot be deleted.
    """
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    _sync_folder(path.parent)
    return True


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # Windows cannot open a folder
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SUCH_THING:
            raise
    finally:
        os.close(descriptor)
