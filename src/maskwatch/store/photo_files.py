"""The folder of the photos, which knows nothing of their rows.

A file is called as in its row: by its path within the folder, such as ``2026/03/12/ID.jpg``.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
from pathlib import Path

from maskwatch.errors import SnapshotDamaged, StoreError, StoreFull
from maskwatch.reasons import system_reason
from maskwatch.store.files import PART, remove, write_durably

_FULL = {errno.ENOSPC, errno.EDQUOT}


class PhotoFiles:
    """The photos as files.

    Args:
        folder: need not be there yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, file: str, content: bytes) -> None:
        """Stores a new file.

        Raises:
            StoreFull: there is no room for it.
            StoreError: it cannot be written.
        """
        try:
            write_durably(self.folder / file, content)
        except OSError as error:
            kind = StoreFull if error.errno in _FULL else StoreError
            raise kind(f"{file}: {system_reason(error)}") from error

    def read(self, file: str, sha256: str) -> bytes:
        """The content of a file.

        Raises:
            SnapshotDamaged: it is gone, or its checksum is another one.
        """
        try:
            content = (self.folder / file).read_bytes()
        except OSError as error:
            raise SnapshotDamaged(f"{file}: {system_reason(error)}") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise SnapshotDamaged(f"{file}: it is not the photo that was stored")
        return content

    def remove(self, file: str) -> bool:
        """Deletes a file for good; False when it was not there.

        Raises:
            OSError: it cannot be deleted.
        """
        return remove(self.folder / file)

    def discard(self, file: str) -> None:
        """Deletes a file that has no row, if it can; else it is a stray."""
        with contextlib.suppress(OSError):
            self.remove(file)

    def is_in_reach(self, file: str) -> bool:
        """Whether the disk of a file is there: it would take the folder of the day along."""
        try:
            return (self.folder / file).parent.is_dir()
        except OSError:  # such as of a share whose server is away, or a folder of another user
            return False

    def is_gone(self, file: str) -> bool:
        """Whether a file is lost for certain, and not merely out of reach."""
        try:
            (self.folder / file).lstat()
        except FileNotFoundError:
            return self.is_in_reach(file)
        except OSError:  # as above
            return False
        return False

    def found(self) -> dict[str, Path]:
        """The files that are there, half written ones included, by their names.

        Raises:
            StoreError: the folder cannot be read.
        """
        try:
            found = list(self.folder.glob("*/*/*/*"))
        except OSError as error:
            raise StoreError(f"{self.folder}: {system_reason(error)}") from error
        return {
            path.relative_to(self.folder).as_posix(): path
            for path in found
            if path.suffix in (".jpg", PART)
        }
