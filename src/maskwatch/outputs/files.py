"""Writing that leaves no broken file behind: whole lines, whole files, plain reasons."""

from __future__ import annotations

import errno
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from maskwatch.errors import OutputError
from maskwatch.reasons import system_reason

STDOUT = "-"
"""The name that stands for standard output instead of a file."""

STDOUT_NAME = "standard output"
"""What errors call it."""


@contextmanager
def output_errors(path: Path | str) -> Iterator[None]:
    """Turns the system's errors into OutputError for ``path``."""
    try:
        yield
    except OSError as error:
        raise OutputError(str(path), system_reason(error)) from error


def make_folder(folder: Path) -> None:
    """Makes a folder and those above it; raises OutputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise OutputError(str(folder), "there is a file of that name") from error
    except OSError as error:
        raise OutputError(str(folder), system_reason(error)) from error


def file_identity(path: Path) -> tuple[int, int] | None:
    """What tells files apart, by whatever path they are reached; None where there is none.

    Paths do not: folders are mounted twice, files have several names, and on some disks the case
    of letters makes no difference.
    """
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def is_one_way(path: Path) -> bool:
    """Whether there is something that is no file, such as a pipe: what it got it cannot give back.

    Raises:
        OSError: nobody can tell.
    """
    return path.exists() and not path.is_file()


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file that is either complete or not there; an earlier one stays until then.

    A link is followed. What is there and no file, such as a pipe or a device, is written to, and so
    is a file that nothing may take the place of.

    Raises:
        OutputError: it cannot be written; nothing is left behind.
    """
    with output_errors(path):
        if is_one_way(path):
            path.write_bytes(data)
            return
    try:
        with put_in_place(path) as part:
            part.write_bytes(data)
    except OutputError as error:
        if not (_is_kept_in_place(error.__cause__) and path.is_file()):
            raise
        with output_errors(path):
            path.write_bytes(data)


def _is_kept_in_place(error: BaseException | None) -> bool:
    """Whether a folder takes no other files, or a file was mounted into it by itself."""
    reasons = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY)
    return isinstance(error, OSError) and error.errno in reasons


@contextmanager
def put_in_place(path: Path) -> Iterator[Path]:
    """Yields where to write a file; once it is complete there, it takes the place of ``path``.

    A link is followed. Processes that write the same file at once do not disturb each other. Whom
    an earlier file belongs to and who may read it stays as it is.

    Raises:
        OutputError: it cannot be written; nothing is left behind, and an earlier file stays.
    """
    with output_errors(path):
        # Where a link leads; one that leads to itself stays, and `stat` refuses it below.
        target = Path(os.path.realpath(path))
        # As short as it can be: a name may have 255 bytes, and so may that of the file.
        part = target.with_name(f".{zlib.crc32(os.fsencode(target.name)):08x}.{os.getpid()}.part")
        try:
            earlier = target.stat() if os.path.lexists(target) else None
            if earlier is not None:
                part.touch(mode=0o600)  # what comes next may be for no more people than before
            yield part
            if earlier is not None:
                _hand_over(part, earlier)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


def _hand_over(part: Path, earlier: os.stat_result) -> None:
    """Makes a file that of whom the earlier one belonged to, as far as the system lets us.

    Few may give a file away, and there are disks that know neither owners nor permissions.
    """
    if hasattr(os, "chown"):  # Windows has none
        with suppress(OSError):
            os.chown(part, earlier.st_uid, earlier.st_gid)
    with suppress(OSError):
        part.chmod(stat.S_IMODE(earlier.st_mode))


def write_text(target: str, text: str) -> None:
    """Writes text as UTF-8 to a file (see `write_whole`) or, for ``-``, to standard output."""
    if target == STDOUT:
        with output_errors(STDOUT_NAME):
            stdout = _stdout()
            stdout.write(_encoded(text))
            stdout.flush()
    else:
        make_folder(Path(target).parent)
        write_whole(Path(target), _encoded(text))


def _encoded(text: str) -> bytes:
    r"""UTF-8; bytes of a file name that are not become ``\udcXX``, which JSON reads back."""
    return text.encode("utf-8", errors="backslashreplace")


def _stdout() -> BinaryIO:
    """Standard output as bytes; raises OSError where the program was started without one."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, "it is closed")
    return sys.stdout.buffer


def _unbuffered(path: Path) -> BinaryIO:
    """An empty file; a buffer would be torn at an arbitrary byte when the disk is full."""
    return path.open("wb", buffering=0)


class LineFile:
    """A text file that holds whole lines at any moment, whatever happens to this process.

    Every call of `write` is on its way to the disk when it returns. If it fails half-way, the
    torn line is cut off again.

    Args:
        target: a path, or ``-`` for standard output.

    Raises:
        OutputError: the file cannot be made.
    """

    def __init__(self, target: str) -> None:
        self._name = STDOUT_NAME if target == STDOUT else target
        self._owned = target != STDOUT
        self._length = 0
        if self._owned:
            make_folder(Path(target).parent)
        with output_errors(self._name):
            self._file = _unbuffered(Path(target)) if self._owned else _stdout()

    def write(self, lines: str) -> None:
        """Appends text that ends with a line break; raises OutputError."""
        data = _encoded(lines)
        with output_errors(self._name):
            try:
                self._write_all(data)
            except OSError:
                if self._owned:
                    # The reason for the torn line matters more than a device that cannot cut it.
                    with suppress(OSError):
                        self._file.truncate(self._length)
                raise
        self._length += len(data)

    def close(self) -> None:
        """Closes the file; standard output stays open."""
        if self._owned:
            with output_errors(self._name):
                self._file.close()

    def _write_all(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            # A raw file may take only a part, as the last bytes of a full disk do.
            rest = rest[self._file.write(rest) :]
        self._file.flush()
