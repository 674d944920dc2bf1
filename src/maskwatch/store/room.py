"""Room on the disk: what gives way when it is full, so that detection and alerts go on.

First the oldest photos go. When they are not enough, a file that was put by for this moment gives
its place to the database, which is small: enough for days of episodes and messages.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from maskwatch.errors import StoreError
from maskwatch.reasons import system_reason
from maskwatch.store.files import remove
from maskwatch.store.photo_files import PhotoFiles
from maskwatch.store.records import DeletionReason, SnapshotRecord
from maskwatch.store.snapshots import Freed, Snapshots

_log = logging.getLogger(__name__)

RESERVE_BYTES = 8 << 20
_STEP_BYTES = 4 << 20
"""Freed at once when the database finds the disk full."""
_RESERVE = "reserve"
_BATCH = 200


class Room:
    """The disk that the photos lie on.

    Args:
        snapshots: whose photos give way.
        files: theirs.
        database: SQLite's file; None for a server, whose disk may be another one.
    """

    def __init__(self, snapshots: Snapshots, files: PhotoFiles, database: Path | None) -> None:
        self._snapshots = snapshots
        self._files = files
        self._database = database

    @property
    def reserve(self) -> Path:
        """The file that is put by, in the folder of the photos."""
        return self._files.folder / _RESERVE

    def total_bytes(self) -> int:
        """How large the disk is.

        Raises:
            StoreError: it does not say, such as a share whose server is away.
        """
        with self._failures_in_our_words():
            return shutil.disk_usage(self._place()).total

    def free_bytes(self) -> int:
        """How much is left on the disk; raises as `total_bytes`."""
        with self._failures_in_our_words():
            return shutil.disk_usage(self._place()).free

    def _place(self) -> Path:
        """The folder of the photos, or the one that it will be made in."""
        folder = self._files.folder
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        return folder

    def relieve(self) -> int:
        """Makes some room for the database at once; returns how many bytes.

        Nothing goes while the database is on another disk and this one has room: all photos
        would go, one after the other, and help nothing.
        """
        if not self._holds_the_database() and self._is_ample():
            return 0
        oldest = as_many(self._giving_way(), _STEP_BYTES)
        freed = self._let_go(oldest)
        given = 0
        if freed is None or freed.size < _STEP_BYTES:
            given = give_up_reserve(self._files.folder)
        if freed is None and given:  # now it can be written down that they went
            self._let_go(oldest)
        total = given + (freed.size if freed else 0)
        _log.warning("the disk was full; %d bytes were freed", total)
        return total

    def _is_ample(self) -> bool:
        """Whether it has so much room that it is not the one that is full."""
        return self.free_bytes() >= 4 * RESERVE_BYTES

    def _holds_the_database(self) -> bool:
        if self._database is None:
            return False
        with self._failures_in_our_words():
            return self._database.stat().st_dev == self._place().stat().st_dev

    @contextlib.contextmanager
    def _failures_in_our_words(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(f"{self._files.folder}: {system_reason(error)}") from error

    def _let_go(self, photos: Sequence[SnapshotRecord]) -> Freed | None:
        """Deletes photos; None when that could not be written down."""
        try:
            return self._snapshots.delete(photos, reason=DeletionReason.DISK_FULL)
        except StoreError as error:
            _log.error("the disk is full, and photos cannot make room: %s", error)
            return None

    def keep_free(self, wanted: int) -> Freed:
        """Deletes the oldest photos until ``wanted`` bytes are free."""
        missing = wanted - self.free_bytes()
        return self.make_room(missing) if missing > 0 else Freed()

    def make_room(self, size: int) -> Freed:
        """Deletes the oldest photos until files of ``size`` bytes are gone.

        Their files go first, so that there is room to write down that they went.
        """
        freed, photos = Freed(), self._giving_way()
        while oldest := as_many(photos, size - freed.size):
            freed += self._snapshots.delete(oldest, reason=DeletionReason.DISK_FULL)
        return freed

    def _giving_way(self) -> Iterator[SnapshotRecord]:
        """The photos that make room when they go, oldest first: none of a disk that is away."""
        photos = self._snapshots.oldest_first()
        return (photo for photo in photos if self._files.is_in_reach(photo.file))

    def put_by(self) -> None:
        """Makes the reserve unless it is there, or does nothing where there is no room for it."""
        if self.reserve.exists() or not self._is_ample():
            return
        with contextlib.suppress(OSError):
            self.reserve.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Random bytes: a file system that compresses would give zeros no room at all.
            self.reserve.write_bytes(os.urandom(RESERVE_BYTES))


def as_many(photos: Iterator[SnapshotRecord], size: int) -> list[SnapshotRecord]:
    """The next photos that have ``size`` bytes together, 200 at most."""
    found: list[SnapshotRecord] = []
    while size > 0 and len(found) < _BATCH and (photo := next(photos, None)) is not None:
        found.append(photo)
        size -= photo.size
    return found


def give_up_reserve(photos: Path) -> int:
    """Deletes what was put by in the folder of the photos; returns how many bytes."""
    reserve = photos / _RESERVE
    try:
        size = reserve.stat().st_size
        return size if remove(reserve) else 0
    except OSError:
        return 0
