"""Room on the disk: what gives way when it is full, so that detection and alerts go on.

First the oldest photos go. When they are not enough, a file that was put by for this moment gives
its place to the database, which is small: enough for days of episodes and messages.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from pathlib import Path

from maskwatch.errors import StoreError
from maskwatch.store.files import remove
from maskwatch.store.snapshots import Snapshots

_log = logging.getLogger(__name__)

RESERVE_BYTES = 8 << 20
_STEP_BYTES = 4 << 20
"""Freed at once when the database finds the disk full."""


class Room:
    """The disk that the photos lie on.

    Args:
        snapshots: whose photos give way.
    """

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots

    @property
    def reserve(self) -> Path:
        """The file that is put by, in the folder of the photos."""
        return self._snapshots.folder / "reserve"

    def free_bytes(self) -> int:
        """How much is left on the disk."""
        folder = self._snapshots.folder
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        return shutil.disk_usage(folder).free

    def relieve(self) -> int:
        """Makes some room at once; returns how many bytes."""
        freed = self._let_photos_go()
        if (freed or 0) < _STEP_BYTES and self.reserve.exists():
            given = 0
            with contextlib.suppress(OSError):
                size = self.reserve.stat().st_size
                given = size if remove(self.reserve) else 0
            if freed is None:  # now it can be written down that they went
                freed = self._let_photos_go()
            freed = (freed or 0) + given
        _log.warning("the disk was full; %d bytes were freed", freed or 0)
        return freed or 0

    def _let_photos_go(self) -> int | None:
        """The bytes that the oldest photos gave; None when that could not be written down."""
        try:
            return self._snapshots.make_room(_STEP_BYTES)
        except StoreError as error:
            _log.error("the disk is full, and photos cannot make room: %s", error)
            return None

    def keep_free(self, wanted: int) -> int:
        """Deletes the oldest photos until ``wanted`` bytes are free; returns how many went."""
        missing = wanted - self.free_bytes()
        return self._snapshots.make_room(missing) if missing > 0 else 0

    def put_by(self) -> None:
        """Makes the reserve unless it is there, or does nothing where there is no room for it."""
        if self.reserve.exists() or self.free_bytes() < 4 * RESERVE_BYTES:
            return
        with contextlib.suppress(OSError):
            self.reserve.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Random bytes: a file system that compresses would give zeros no room at all.
            self.reserve.write_bytes(os.urandom(RESERVE_BYTES))
