"""Photos: rows and the files they stand for. What the privacy policy forbids is refused here.

A file is written before its row and deleted before its row, so a row never promises a photo that
was not there, and proof of deletion is never written ahead of the deletion. Of two of which one
takes the other's place, that other is deleted after the row. What a crash leaves in between goes
later (`Snapshots.forget_lost`, `Snapshots.remove_strays`).
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from maskwatch.config.privacy import Photos
from maskwatch.errors import SnapshotRefused, StoreError, StoreFull
from maskwatch.reasons import system_reason
from maskwatch.store import rows
from maskwatch.store.columns import shows_a_face
from maskwatch.store.database import Database
from maskwatch.store.deletions import Deletions
from maskwatch.store.ids import new_id
from maskwatch.store.photo_files import PhotoFiles
from maskwatch.store.records import DeletionReason, SnapshotFace, SnapshotKind, SnapshotRecord
from maskwatch.store.schema import episodes, snapshots

_log = logging.getLogger(__name__)

_COLUMNS = rows.columns_of(snapshots, SnapshotRecord)
_SPARE_FACTOR = 4
"""When a photo does not fit, room for this many of its size is made: the next ones come soon."""

_STRAY_AFTER_S = 3600
"""A younger file without a row may be one that is being stored right now."""
_BATCH = 200
_PARAMETERS = 500
"""Databases limit how many a statement may have."""


@dataclass(frozen=True, slots=True)
class Freed:
    """What became of deleting photos."""

    photos: int = 0
    """Whose rows are gone and whose deletion is proven."""
    size: int = 0
    """Bytes of the files that are gone."""
    stuck: Mapping[str, str] = field(default_factory=dict)
    """Why a file cannot be deleted, by its name. The rows stay, so that they are tried again."""

    def __add__(self, more: Freed) -> Freed:
        """Both together."""
        stuck = {**self.stuck, **more.stuck}
        return Freed(self.photos + more.photos, self.size + more.size, stuck)


class Snapshots:
    """The part of the store that holds photos.

    Args:
        database: for their rows.
        files: the photos themselves.
        deletions: where their deletion is proven.
        photos: what may be stored. May be changed while running (the configuration was reloaded).
    """

    def __init__(
        self, database: Database, files: PhotoFiles, deletions: Deletions, photos: Photos
    ) -> None:
        self._db = database
        self._files = files
        self._deletions = deletions
        self.folder = files.folder
        self.photos = photos
        self.on_full: Callable[[int], object] = lambda _: None
        """Called with the bytes to free on the disk when there is no room for a photo."""

    def save(
        self,
        jpeg: bytes,
        *,
        kind: SnapshotKind,
        camera: str,
        taken_at: datetime,
        width: int,
        height: int,
        faces: Sequence[SnapshotFace] = (),
        episode_id: str | None = None,
    ) -> SnapshotRecord:
        """Stores a photo whose faces the caller has hidden as the policy says.

        When the disk is full, the oldest photos make room for it.

        Args:
            jpeg: the file's content.
            kind: what for.
            camera: which took it.
            taken_at: when.
            width: in pixels.
            height: in pixels.
            faces: every face in it, and which of them are hidden.
            episode_id: which it belongs to.

        Raises:
            SnapshotRefused: the policy allows no photos, or a face may not be seen as it is.
            StoreFull: there is no room, not even after deleting every other photo.
            StoreError: it cannot be written.
        """
        self._check(jpeg, faces)
        key = new_id()
        file = f"{taken_at:%Y/%m/%d}/{key}.jpg"
        record = SnapshotRecord(
            id=key,
            kind=kind,
            camera=camera,
            episode_id=episode_id,
            taken_at=taken_at,
            file=file,
            sha256=hashlib.sha256(jpeg).hexdigest(),
            size=len(jpeg),
            width=width,
            height=height,
            faces=tuple(faces),
        )
        self._write(file, jpeg)
        try:
            self._insert(record)
        except StoreError:
            self._files.discard(file)
            raise
        return record

    def _insert(self, record: SnapshotRecord) -> None:
        try:
            rows.insert(self._db, snapshots, [record])
        except StoreFull:  # which made older photos go
            rows.insert(self._db, snapshots, [record])

    def get(self, snapshot_id: str) -> SnapshotRecord:
        """What is known of a photo.

        Raises:
            RecordNotFound: there is none of that id (any more).
        """
        return rows.get(self._db, snapshots, SnapshotRecord, snapshot_id)

    def read(self, snapshot_id: str) -> bytes:
        """The file's content, for whoever may see what the policy allows now.

        Raises:
            RecordNotFound: there is none of that id (any more).
            SnapshotDamaged: the file is gone, or is not the one that was stored.
            SnapshotRefused: it is of a time when the policy allowed more.
        """
        record = self.get(snapshot_id)
        self._check_faces(record.faces)
        return self.read_file(record)

    def read_file(self, record: SnapshotRecord) -> bytes:
        """The file's content, whatever the policy is now.

        Raises:
            SnapshotDamaged: the file is gone, or is not the one that was stored.
        """
        return self._files.read(record.file, record.sha256)

    def of_episode(self, episode_id: str) -> list[SnapshotRecord]:
        """All photos of an episode, oldest first."""
        return self.where(snapshots.c.episode_id == episode_id)

    def oldest_first(self) -> Iterator[SnapshotRecord]:
        """All photos of any kind, read a few at a time; they may be deleted meanwhile."""
        taken_at, key = snapshots.c.taken_at, snapshots.c.id
        later: tuple[sa.ColumnElement[bool], ...] = ()
        while some := self.where(*later, limit=_BATCH):
            yield from some
            last = some[-1]
            is_next = sa.and_(taken_at == last.taken_at, key > last.id)
            later = (taken_at >= last.taken_at, sa.or_(taken_at > last.taken_at, is_next))

    def where(
        self, *conditions: sa.ColumnElement[bool], limit: int | None = None
    ) -> list[SnapshotRecord]:
        """Photos that meet conditions on their table, oldest first."""
        query = sa.select(*_COLUMNS).where(*conditions)
        query = query.order_by(snapshots.c.taken_at, snapshots.c.id).limit(limit)
        return rows.fetch(self._db, query, SnapshotRecord)

    def usage(self) -> dict[SnapshotKind, tuple[int, int]]:
        """Number and bytes of the photos of each kind; every kind has an entry."""
        query = sa.select(
            snapshots.c.kind, sa.func.count(), sa.func.coalesce(sa.func.sum(snapshots.c.size), 0)
        ).group_by(snapshots.c.kind)
        with self._db.read() as connection:
            found = {kind: (int(n), int(size)) for kind, n, size in connection.execute(query)}
        return {kind: found.get(kind, (0, 0)) for kind in SnapshotKind}

    def delete(
        self, records: Sequence[SnapshotRecord], *, reason: DeletionReason, actor: str = "system"
    ) -> Freed:
        """Deletes files, then rows, and proves it. What cannot be deleted keeps no other one.

        What somebody else has deleted meanwhile is neither counted nor proven again.
        """
        gone, size, stuck = [], 0, {}
        for record in records:
            try:
                size += record.size if self._files.remove(record.file) else 0
                gone.append(record)
            except OSError as error:
                stuck[record.file] = system_reason(error)
        return Freed(self._forget(gone, reason, actor), size, stuck)

    def may_be_seen(self, record: SnapshotRecord) -> bool:
        """Whether the policy (by now) allows what a photo shows; else `read` refuses it."""
        return self.photos is not Photos.NONE and all(map(self._is_allowed, record.faces))

    def too_clear(self) -> list[SnapshotRecord]:
        """Photos that show a face which the policy wants hidden (by now), newest first."""
        return [
            record
            for record in reversed(self.where(shows_a_face(snapshots.c.faces)))
            if not self.may_be_seen(record)
        ]

    def replace(self, record: SnapshotRecord, jpeg: bytes, faces: Sequence[SnapshotFace]) -> Freed:
        """Puts a photo in which more is hidden in place of one, which goes with proof.

        Args:
            record: of the photo to replace.
            jpeg: the new file's content, of the same size in pixels.
            faces: as in the new file.

        Returns:
            What became of the old one: nothing where somebody has deleted it meanwhile.

        Raises:
            SnapshotRefused: the policy does not allow the new one either.
            StoreError: the database cannot be used; one of the two is there.
        """
        self._check(jpeg, faces)
        file = (Path(record.file).parent / f"{new_id()}.jpg").as_posix()
        digest = hashlib.sha256(jpeg).hexdigest()
        new = replace(record, file=file, sha256=digest, size=len(jpeg), faces=tuple(faces))
        try:
            self._write(file, jpeg)
        except StoreError as error:
            return Freed(stuck={record.file: str(error)})
        try:
            changed = self._put(new)
        except StoreError:
            self._files.discard(file)
            raise
        if not changed:
            self._files.discard(file)
            return Freed()
        # Only now: were it gone before the row of the new one is kept, a crash would cost both.
        try:
            self._files.remove(record.file)
        except OSError as error:
            self._put(record)
            self._files.discard(file)
            return Freed(stuck={record.file: system_reason(error)})
        self._deletions.note(
            "clear_photo", record.id, reason=DeletionReason.POLICY, sha256=record.sha256
        )
        return Freed(1, record.size)

    def _put(self, record: SnapshotRecord) -> bool:
        """Writes a row anew; False when it is gone."""
        values = rows.values_of(record)
        return rows.change_one(self._db, snapshots, snapshots.c.id == record.id, **values)

    def lost(self) -> list[SnapshotRecord]:
        """Photos whose files are gone, oldest first."""
        known = self.where()  # before the files, of which there may soon be more
        return _missing(known, self._files.found())

    def forget_lost(self) -> int:
        """Deletes the rows of photos whose files are gone, as after a crash. Says how many.

        Where all photos are gone at once, or all of a day with its folder, their disk is likelier
        not to be there than lost: the rows stay, else the photos would be strays when it is back.
        So do those of a folder that cannot be looked into.

        Raises:
            StoreError: the folder of the photos or the database cannot be read.
        """
        known, there = self.where(), self._files.found()
        missing = _missing(known, there)
        gone = [record for record in missing if there and self._files.is_gone(record.file)]
        if away := len(missing) - len(gone):
            _log.error(
                "%s: %d of %d photos are out of reach: is it mounted, and whose are the folders?",
                *(self.folder, away, len(known)),
            )
        return self._forget(gone, DeletionReason.MISSING, "system")

    def remove_strays(self, now_s: float | None = None) -> int:
        """Deletes files of photos that have no row. Says how many.

        A crash came between the two; or their disk was not there while their rows went.

        Args:
            now_s: seconds since 1970; None for the present.

        Raises:
            StoreError: the folder of the photos or the database cannot be read.
        """
        now_s = time.time() if now_s is None else now_s
        with self._db.read() as connection:
            known = set(connection.execute(sa.select(snapshots.c.file)).scalars())
        removed = 0
        for file, path in self._files.found().items():
            if file in known:
                continue
            with contextlib.suppress(OSError):
                if now_s - path.stat().st_mtime > _STRAY_AFTER_S:
                    removed += self._files.remove(file)
        return removed

    def _check(self, jpeg: bytes, faces: Sequence[SnapshotFace]) -> None:
        self._check_faces(faces)
        if not jpeg.startswith(b"\xff\xd8\xff"):
            raise StoreError("only JPEG files are stored as photos")

    def _check_faces(self, faces: Sequence[SnapshotFace]) -> None:
        if self.photos is Photos.NONE:
            raise SnapshotRefused("the privacy policy allows no photos")
        for face in faces:
            if not self._is_allowed(face):
                who = "the violator's" if face.is_subject else "a bystander's"
                raise SnapshotRefused(f"the privacy policy wants {who} face hidden")

    def _is_allowed(self, face: SnapshotFace) -> bool:
        """As it is in its photo."""
        return face.blurred or self.photos.shows(is_subject=face.is_subject)

    def _write(self, file: str, jpeg: bytes) -> None:
        try:
            self._files.write(file, jpeg)
        except StoreFull:
            self.on_full(_SPARE_FACTOR * len(jpeg))
            self._files.write(file, jpeg)

    def _forget(self, records: Sequence[SnapshotRecord], reason: DeletionReason, actor: str) -> int:
        """Deletes rows that are still there and proves it; says how many there were."""
        forgotten = 0
        for start in range(0, len(records), _PARAMETERS):
            known = {each.id: each for each in records[start : start + _PARAMETERS]}
            query = sa.select(snapshots.c.id, snapshots.c.file).where(snapshots.c.id.in_(known))
            # An episode's photo names it; without that all episodes would be read, under the lock.
            theirs = {each.episode_id for each in known.values()} - {None}
            with self._db.write() as connection:
                # Episodes first, as whoever corrects one and queues its photo holds them, too.
                connection.execute(
                    sa.update(episodes)
                    .where(episodes.c.id.in_(theirs), episodes.c.snapshot_id.in_(known))
                    .values(snapshot_id=None)
                )
                # Two who delete the same photos at once must not both prove it.
                held = query.order_by(snapshots.c.id).with_for_update()
                there = {row.id: row.file for row in connection.execute(held)}
                connection.execute(sa.delete(snapshots).where(snapshots.c.id.in_(there)))
                for each in there:
                    self._deletions.note(
                        "snapshot", each, reason=reason, actor=actor, sha256=known[each].sha256
                    )
            for each, file in there.items():
                if file != known[each].file:  # it was replaced after it had been looked up
                    self._files.discard(file)
            forgotten += len(there)
        return forgotten


def _missing(known: Sequence[SnapshotRecord], there: Container[str]) -> list[SnapshotRecord]:
    return [record for record in known if record.file not in there]
