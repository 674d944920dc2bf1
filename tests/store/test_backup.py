from __future__ import annotations

import io
import os
import stat
import tarfile
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest
import sqlalchemy as sa

from maskwatch.config.privacy import Photos
from maskwatch.errors import BackupError
from maskwatch.store.backup import back_up, restore, verify
from maskwatch.store.database import Database
from maskwatch.store.records import HealthRecord
from maskwatch.store.schema import snapshots
from maskwatch.store.store import Store
from maskwatch.store.upgrade import known_revisions
from tests.store.freeze import thaw
from tests.store.values import after, episode, fill, jpeg, people_of, photo


@pytest.fixture
def full(store: Store) -> Store:
    """Something of everything."""
    fill(store)
    return store


def content_of(store: Store) -> dict[str, object]:
    """What can be seen of everything."""
    (one,) = store.episodes.page().items
    return {
        "episode": one,
        "timeline": store.episodes.timeline(one.id),
        "deliveries": store.deliveries.page().items,
        "people": people_of(store),
        "readings": store.readings.between(after(-60), after(60)),
        "photos": [(each, store.snapshots.read(each.id)) for each in store.snapshots.where()],
        "reviews": store.reviews.waiting(),
        "users": store.users.all(),
        "cameras": store.cameras.all(),
        "secret": store.settings.secret("links"),
        "audit": list(store.audit.entries()),
    }


@pytest.fixture
def other_url(request: pytest.FixtureRequest, store: Store, tmp_path: Path) -> Iterator[str]:
    """An empty database of the other kind."""
    if store.database.is_sqlite:
        with request.getfixturevalue("postgres_server").database() as address:
            yield address
    else:
        yield f"sqlite:///{tmp_path / 'other.db'}"


def test_a_backup_restores_everything_into_the_other_kind_of_database(
    full: Store, other_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "b.tar"
    report = back_up(full, path)
    assert (report.photos, report.missing) == (1, ())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    restored = restore(path, other_url, tmp_path / "restored", Photos.CLEAR)
    assert (restored.rows, restored.photos) == (report.rows, 1)
    with Store.open(other_url, tmp_path / "restored") as store:
        assert content_of(store) == content_of(full)
        assert store.sessions.of_user("u") == []  # everybody logs in again
        assert store.audit.verify(full.audit.head()).broken_at is None
        store.episodes.add(episode(started_at=after(1)))


@pytest.mark.parametrize("revision", known_revisions())
def test_a_backup_of_an_older_version_becomes_a_store_of_this_one(
    revision: str, url: str, tmp_path: Path
) -> None:
    thaw(revision, url)
    with Store(Database(url), tmp_path / "old", Photos.CLEAR) as old:
        assert back_up(old, tmp_path / "b.tar").revision == revision
    new = f"sqlite:///{tmp_path / 'new.db'}"
    assert restore(tmp_path / "b.tar", new, tmp_path / "new", Photos.CLEAR).revision == revision
    with Store.open(url, tmp_path / "old", Photos.CLEAR) as upgraded:
        upgraded.snapshots.delete(upgraded.snapshots.lost(), reason="missing")
        with Store.open(new, tmp_path / "new", Photos.CLEAR) as restored:
            assert content_of(restored) == content_of(upgraded)
            assert restored.people.counts(after(-1), after(1)) == upgraded.people.counts(
                after(-1), after(1)
            )
            restored.episodes.add(episode(started_at=after(1)))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")
@pytest.mark.parametrize("storage", ["data", "data/new/folder"])
def test_what_root_restores_belongs_to_the_owner_of_the_storage_folder(
    full: Store, tmp_path: Path, storage: str
) -> None:
    path, data, folder = tmp_path / "b.tar", tmp_path / "data", tmp_path / storage
    back_up(full, path)
    data.mkdir()
    os.chown(data, 1234, 5678)
    restore(path, f"sqlite:///{folder}/m.db", folder / "snapshots", Photos.CLEAR)
    made = list(data.rglob("*"))
    assert {each.suffix for each in made} >= {".db", ".jpg", ""}
    assert {(each.lstat().st_uid, each.lstat().st_gid) for each in made} == {(1234, 5678)}
    assert path.stat().st_uid == 0


def test_without_photos_in_the_policy_none_is_restored(
    full: Store, other_url: str, tmp_path: Path
) -> None:
    back_up(full, tmp_path / "b.tar")
    report = restore(tmp_path / "b.tar", other_url, tmp_path / "restored", Photos.NONE)
    assert (report.photos, report.missing) == (0, (full.snapshots.where()[0].id,))
    assert not list((tmp_path / "restored").rglob("*.jpg"))


def test_a_backup_names_photos_that_are_damaged(full: Store, tmp_path: Path) -> None:
    (taken,) = full.snapshots.where()
    (full.snapshots.folder / taken.file).write_bytes(b"x")
    assert back_up(full, tmp_path / "b.tar").missing == (taken.id,)


def test_a_database_with_something_in_it_is_not_touched(full: Store, tmp_path: Path) -> None:
    back_up(full, tmp_path / "b.tar")
    before = content_of(full)
    url = full.database.engine.url.render_as_string().replace("+pg8000", "")
    with pytest.raises(BackupError, match="not empty"):
        restore(tmp_path / "b.tar", url, tmp_path / "restored", Photos.CLEAR)
    assert content_of(full) == before


def test_an_existing_file_is_not_overwritten(full: Store, tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_bytes(b"precious")
    with pytest.raises(BackupError, match="there is a file of that name"):
        back_up(full, tmp_path / "b.tar")
    assert (tmp_path / "b.tar").read_bytes() == b"precious"


def test_a_folder_that_is_not_there_is_named(full: Store, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="no such file or directory"):
        back_up(full, tmp_path / "none" / "b.tar")


def test_a_folder_that_is_a_file_is_named(full: Store, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BackupError, match=r"file/b\.tar: not a directory"):
        back_up(full, tmp_path / "file" / "b.tar")


def flip_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[data.index(b"\xff\xd8\xff") + 100] ^= 1
    path.write_bytes(data)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:4096])


def cut_in_a_photo(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"\xff\xd8\xff") + 100])


def cut_in_the_sums(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"SHA256SUMS") + 600])


def make_empty(path: Path) -> None:
    path.write_bytes(b"")


def slip_in(path: Path) -> None:
    with tarfile.open(path, "a") as archive:
        member = tarfile.TarInfo("snapshots/../../evil.jpg")
        archive.addfile(member, io.BytesIO())


def slip_in_a_link(path: Path) -> None:
    with tarfile.open(path, "a") as archive:
        member = tarfile.TarInfo("snapshots/evil.jpg")
        member.type, member.linkname = tarfile.SYMTYPE, "nowhere"
        archive.addfile(member)


@pytest.mark.parametrize(
    "harm",
    [
        *(flip_a_byte, cut_short, cut_in_a_photo, cut_in_the_sums, make_empty),
        *(slip_in, slip_in_a_link),
    ],
)
def test_a_damaged_backup_changes_nothing(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    path = tmp_path / "b.tar"
    with Store.open(f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "a", Photos.CLEAR) as store:
        photo(store, content=jpeg(5000))
        back_up(store, path)
    assert verify(path) > 3
    harm(path)
    with pytest.raises(BackupError):
        restore(path, f"sqlite:///{tmp_path / 'b.db'}", tmp_path / "b", Photos.CLEAR)
    assert not (tmp_path / "b").exists()
    assert not (tmp_path / "b.db").exists()


@pytest.mark.parametrize("forged", ["file", "id"])
def test_a_forged_backup_reaches_no_file_elsewhere(tmp_path: Path, forged: str) -> None:
    path, precious = tmp_path / "b.tar", tmp_path / "precious.jpg"
    precious.write_bytes(b"not a photo of ours")
    with Store.open(f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "a", Photos.CLEAR) as store:
        photo(store)
        with store.database.write() as connection:
            connection.execute(sa.update(snapshots).values({forged: "../precious.jpg"}))
        back_up(store, path)
    with pytest.raises(BackupError, match=r"\.\./precious\.jpg"):
        restore(path, f"sqlite:///{tmp_path / 'b.db'}", tmp_path / "b", Photos.CLEAR)
    assert precious.exists()
    with Store.open(f"sqlite:///{tmp_path / 'b.db'}", tmp_path / "b") as empty:
        assert empty.snapshots.where() == []


@pytest.mark.parametrize("line", [b"{oops", b"[1]", b"7", b'{"at": 5}', b'{"at": "noon"}'])
def test_a_forged_backup_whose_rows_are_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: bytes
) -> None:
    def forge(_: sa.Connection, table: sa.Table, spool: IO[bytes]) -> int:
        return spool.write(line if table.name == "health" else b"")

    path = tmp_path / "b.tar"
    monkeypatch.setattr("maskwatch.store.backup._dump", forge)
    with Store.open(f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "a") as store:
        back_up(store, path)
    with pytest.raises(BackupError, match="in health that is no row of it"):
        restore(path, f"sqlite:///{tmp_path / 'b.db'}", tmp_path / "b", Photos.CLEAR)
    assert not (tmp_path / "b").exists()


def test_a_backup_is_written_into_no_file_that_somebody_else_made_ready(
    full: Store, tmp_path: Path
) -> None:
    ready, other = tmp_path / "b.tar.part", tmp_path / "of_somebody_else"
    other.write_bytes(b"")
    ready.symlink_to(other)
    back_up(full, tmp_path / "b.tar")
    assert other.read_bytes() == b""
    assert stat.S_IMODE((tmp_path / "b.tar").lstat().st_mode) == 0o600


@pytest.mark.parametrize("harm", [cut_in_a_photo, cut_in_the_sums])
def test_a_backup_without_its_end_is_said_to_be_damaged(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    path = tmp_path / "b.tar"
    with Store.open(f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "a", Photos.CLEAR) as store:
        photo(store, content=jpeg(5000))
        back_up(store, path)
    harm(path)
    with pytest.raises(BackupError, match=r"b\.tar: damaged: "):
        verify(path)


def test_a_backup_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.tar"
    with Store.open(f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "a") as store:
        with store.database.write() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        back_up(store, path)
    with pytest.raises(BackupError, match=r"newer version.*9999"):
        restore(path, f"sqlite:///{tmp_path / 'b.db'}", tmp_path / "b", Photos.CLEAR)


def test_what_lies_in_the_folder_of_photos_stays(full: Store, tmp_path: Path) -> None:
    back_up(full, tmp_path / "b.tar")
    other = tmp_path / "restored" / "2020" / "01" / "01" / "other.jpg"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"x")
    os.utime(other, (0, 0))
    restore(tmp_path / "b.tar", f"sqlite:///{tmp_path}/b.db", tmp_path / "restored", Photos.CLEAR)
    assert other.exists()


def test_while_photos_are_read_nothing_of_the_database_is_held(full: Store, tmp_path: Path) -> None:
    """A transaction open for so long would have its log grow, or keep it from being tidied up."""
    held: list[bool] = []

    def look(*_: int) -> None:
        pool = full.database.engine.pool
        assert isinstance(pool, sa.QueuePool)
        held.append(pool.checkedout() > 0)

    back_up(full, tmp_path / "b.tar", look)
    assert held == [False]


def test_a_backup_of_many_rows_holds_a_few_of_them_at_a_time(store: Store, tmp_path: Path) -> None:
    long = "x" * 8000
    with store.transaction():
        for number in range(4000):
            store.health.add(HealthRecord(str(number), after(number), None, "disk", "ok", long))
    tracemalloc.start()
    try:
        back_up(store, tmp_path / "b.tar")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 4000 * len(long) / 2


def test_the_place_of_temporary_files_needs_no_room_for_a_backup(
    full: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "full or not there"))
    back_up(full, tmp_path / "b.tar")
    assert verify(tmp_path / "b.tar")
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith("tmp")] == []


def test_half_a_character_in_the_audit_log_keeps_no_backup_from_being_made(
    full: Store, other_url: str, tmp_path: Path
) -> None:
    full.audit.append("cli:root", "backup.made", detail={"file": "caf\udce9.tar"})
    back_up(full, tmp_path / "b.tar")
    restore(tmp_path / "b.tar", other_url, tmp_path / "restored", Photos.CLEAR)
    with Store.open(other_url, tmp_path / "restored") as store:
        assert content_of(store) == content_of(full)
        assert store.audit.verify(full.audit.head()).broken_at is None


def test_progress_is_told(full: Store, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    back_up(full, tmp_path / "b.tar", lambda done, total: steps.append((done, total)))
    assert steps == [(1, 1)]
