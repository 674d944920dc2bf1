"""Backup and restore: one file with everything, that fits any database.

A tar archive: ``backup.json`` (format, revision of the tables, numbers), ``tables/NAME.jsonl`` with
one row a line, ``snapshots/...`` with the photos, and last ``SHA256SUMS`` over all of it. A backup
of SQLite can be restored into PostgreSQL and the other way round, and one of an older version into
a newer one. Browsers' sessions are left out. It holds secrets (hashes of passwords, addresses of
cameras, keys of links), so only its owner may read it.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa

from maskwatch.config.privacy import Photos
from maskwatch.errors import BackupError, SnapshotDamaged
from maskwatch.reasons import system_reason
from maskwatch.store import rows
from maskwatch.store.database import Database, sqlite_file
from maskwatch.store.files import PART, new_file, write_durably
from maskwatch.store.ownership import kept_by_owner
from maskwatch.store.records import DeletionReason, SnapshotRecord
from maskwatch.store.schema import snapshots
from maskwatch.store.store import Store
from maskwatch.store.upgrade import current_revision, known_revisions, upgrade

FORMAT = 1
_HEAD, _SUMS = "backup.json", "SHA256SUMS"
_LEFT_OUT = {"alembic_version", "sessions", "people_quarters"}
"""The last is made anew by the database while people are restored."""
_PHOTO = re.compile(r"snapshots/(\d{4}/\d\d/\d\d/[0-9a-f]{32}\.jpg)")
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_ROWS_AT_ONCE = 500

Progress = Callable[[int, int], None]
"""Called with how many steps are done, and of how many."""


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup holds, or what was restored."""

    revision: str
    rows: int
    photos: int
    missing: tuple[str, ...] = ()
    """Photos that have a row but were not there, or were damaged."""


def back_up(store: Store, path: Path, on_progress: Progress = lambda *_: None) -> BackupReport:
    """Writes a backup while everything goes on; it holds one moment's rows and their photos.

    Args:
        store: what to save.
        path: the file; must not exist yet.
        on_progress: told about each photo.

    Raises:
        BackupError: the file is there already or cannot be written; nothing is left of it then.
    """
    if path.exists():
        raise BackupError(f"{path}: there is a file of that name")
    part = path.with_name(path.name + PART)
    try:
        with new_file(part) as file:
            report = _write(store, file, path.parent, on_progress)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise BackupError(f"{path}: {system_reason(error)}") from error
    finally:
        with contextlib.suppress(OSError):  # such as below a file: nothing can have been made there
            part.unlink()
    return report


def restore(
    path: Path,
    url: str,
    folder: Path,
    photos: Photos,
    on_progress: Progress = lambda *_: None,
) -> BackupReport:
    """Fills an empty database and the folder of photos from a backup, after checking all of it.

    What root makes here goes to whoever owns the folder of the database, or of the photos.

    Args:
        path: the backup.
        url: of a database without any tables of maskwatch.
        folder: for the photos; what is there already stays.
        photos: what the privacy policy allows; with ``none`` the photos are left out.
        on_progress: told about each file of the backup.

    Raises:
        BackupError: the backup is damaged, forged or of a newer version, or the database is not
            empty. The database is then as it was.
    """
    steps = verify(path)
    file = sqlite_file(url)
    with kept_by_owner([folder] if file is None else [file, folder]):
        return _fill(path, url, folder, photos, steps, on_progress)


def _fill(
    path: Path, url: str, folder: Path, photos: Photos, steps: int, on_progress: Progress
) -> BackupReport:
    database = Database(url)
    try:
        with _reading(path) as archive, database.write() as connection:
            if current_revision(connection) is not None:
                raise BackupError("the database is not empty: restore into a new one")
            head = _head(archive)
            if head["revision"] not in known_revisions():
                raise BackupError(
                    f"{path}: it is of a newer version of maskwatch "
                    f"(its tables are {head['revision']!r})"
                )
            upgrade(database, head["revision"])
            restored, stored = 0, 0
            for done, member in enumerate(archive):
                content = _content(archive, member)
                if member.name.startswith("tables/"):
                    restored += _load(connection, Path(member.name).stem, content)
                elif (photo := _PHOTO.fullmatch(member.name)) and photos is not Photos.NONE:
                    write_durably(folder / photo[1], content.read())
                    stored += 1
                on_progress(done + 1, steps)
            upgrade(database)
    except OSError as error:
        raise BackupError(f"{folder}: {system_reason(error)}") from error
    finally:
        database.close()
    with Store.open(url, folder, photos) as store:
        missing = store.snapshots.lost()
        store.snapshots.delete(missing, reason=DeletionReason.MISSING)
    return BackupReport(head["revision"], restored, stored, tuple(each.id for each in missing))


def verify(path: Path) -> int:
    """Reads a backup and compares every file in it with its checksum; says how many there are.

    Raises:
        BackupError: something is missing, damaged, or there that does not belong.
    """
    found, expected = {}, None
    try:
        with _reading(path) as archive:
            for member in archive:
                content = _content(archive, member)
                if member.name == _SUMS:
                    lines = content.read().decode(errors="replace").splitlines()
                    expected = {line[66:]: line[:64] for line in lines}
                else:
                    found[member.name] = _sha256(content)
    except OSError as error:
        raise BackupError(f"{path}: damaged: {error}") from error
    if expected is None:
        raise BackupError(f"{path}: it is not complete")
    if found != expected:
        different = sorted(
            name for name in found | expected if found.get(name) != expected.get(name)
        )
        raise BackupError(f"{path}: damaged: {different[0]}")
    return len(found) + 1


def _write(store: Store, file: IO[bytes], folder: Path, on_progress: Progress) -> BackupReport:
    sums: list[str] = []
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        revision, count, photos = _write_rows(store, archive, folder, sums)
        missing = []
        for done, record in enumerate(photos):
            try:
                content = io.BytesIO(store.snapshots.read_file(record))
                _add(archive, f"snapshots/{record.file}", content, sums)
            except SnapshotDamaged:
                missing.append(record.id)
            on_progress(done + 1, len(photos))
        _add(archive, _SUMS, io.BytesIO("\n".join([*sums, ""]).encode()), [])
    return BackupReport(revision, count, len(photos) - len(missing), tuple(missing))


def _write_rows(
    store: Store, archive: tarfile.TarFile, folder: Path, sums: list[str]
) -> tuple[str, int, list[SnapshotRecord]]:
    """All rows of one moment; returns their revision, their number, and the photos among them.

    The moment is over when the photos are read, which takes its time: until then SQLite's log
    grows with whatever is written, and PostgreSQL tidies up nothing.

    A table passes through ``folder``, where room for the backup is needed anyway: the usual place
    of temporary files is memory on many systems.
    """
    count = 0
    with store.database.steady() as connection:
        revision = current_revision(connection) or ""
        head = {"format": FORMAT, "revision": revision, "made_at": datetime.now(UTC).isoformat()}
        _add(archive, _HEAD, io.BytesIO(json.dumps(head, indent=2).encode()), sums)
        for table in _tables(connection):
            with tempfile.TemporaryFile(dir=folder) as spool:
                count += _dump(connection, table, spool)
                _add(archive, f"tables/{table.name}.jsonl", spool, sums)
        columns = rows.columns_of(snapshots, SnapshotRecord)
        photos = [SnapshotRecord(**row._mapping) for row in connection.execute(sa.select(*columns))]
    return revision, count, photos


def _tables(connection: sa.Connection) -> list[sa.Table]:
    """The tables as they are in the database, those that others refer to first."""
    there = sa.MetaData()
    there.reflect(connection)
    return [table for table in there.sorted_tables if table.name not in _LEFT_OUT]


def _dump(connection: sa.Connection, table: sa.Table, spool: IO[bytes]) -> int:
    count = 0
    # PostgreSQL would else give all rows at once, and they may be millions.
    a_few = {"yield_per": _ROWS_AT_ONCE}
    for row in connection.execute(sa.select(table), execution_options=a_few):
        count += 1
        values = {name: _plain(value) for name, value in row._mapping.items()}
        # In ASCII, as JSON in the database may hold half a character, which has no encoding.
        spool.write(json.dumps(values).encode() + b"\n")
    return count


def _load(connection: sa.Connection, name: str, content: IO[bytes]) -> int:
    known = {table.name: table for table in _tables(connection)}
    if name not in known:
        raise BackupError(f"the backup has a table {name!r} that its version did not have")
    table = known[name]
    times = {c.name for c in table.columns if isinstance(c.type, sa.DateTime)}
    naive = connection.dialect.name == "sqlite"
    count = 0
    try:
        for batch in _batches(content):
            for values in batch:
                _check_names(name, values)
                for key in times & values.keys():
                    if values[key] is not None:
                        at = datetime.fromisoformat(values[key])
                        values[key] = at.replace(tzinfo=None) if naive else at
            connection.execute(sa.insert(table), batch)
            count += len(batch)
    except (ValueError, TypeError, AttributeError) as error:
        raise BackupError(f"the backup has something in {name} that is no row of it") from error
    return count


def _check_names(table: str, values: Mapping[str, Any]) -> None:
    """Refuses a row that names a file elsewhere: it would be read, or deleted, by whoever restores.

    Ids are checked, too, as files that are handed out are called by them.
    """
    file, key = values.get("file"), values.get("id")
    if table == snapshots.name and not _PHOTO.fullmatch(f"snapshots/{file}"):
        raise BackupError(f"the backup has a photo in a place where none can be: {file!r}")
    if isinstance(key, str) and not _ID.fullmatch(key):
        raise BackupError(f"the backup has a row in {table} with an id that none can have: {key!r}")


def _batches(content: IO[bytes]) -> Iterator[list[dict[str, Any]]]:
    batch = []
    for line in content:
        batch.append(json.loads(line))
        if len(batch) == _ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        at = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return at.isoformat()
    return value


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes], sums: list[str]) -> None:
    member = tarfile.TarInfo(name)
    member.size = content.seek(0, io.SEEK_END)
    member.mode = 0o600
    content.seek(0)
    sums.append(f"{_sha256(content)}  {name}")
    content.seek(0)
    archive.addfile(member, content)


def _sha256(content: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while part := content.read(1 << 20):
        digest.update(part)
    return digest.hexdigest()


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[tarfile.TarFile]:
    """A backup to read from; what is found to be damaged meanwhile is a BackupError."""
    with _open(path) as archive:
        try:
            yield archive
        except tarfile.TarError as error:  # also of a file in it, whose end may be missing
            raise BackupError(f"{path}: damaged: {error}") from error


def _open(path: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(path, "r:")
    except (OSError, tarfile.TarError) as error:
        reason = getattr(error, "strerror", None) or "not a backup of maskwatch"
        raise BackupError(f"{path}: {reason.lower()}") from error


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(member) if member.isreg() else None
    if content is None:
        raise BackupError(f"{archive.name!s}: {member.name} is no file")
    return content


def _head(archive: tarfile.TarFile) -> dict[str, Any]:
    try:
        head: dict[str, Any] = json.load(_content(archive, archive.getmember(_HEAD)))
        if head["format"] != FORMAT:
            raise BackupError(f"backup format {head['format']!r}, this version reads {FORMAT}")
        str(head["revision"])
    except (KeyError, ValueError) as error:
        raise BackupError(f"{archive.name!s}: not a backup of maskwatch") from error
    return head
