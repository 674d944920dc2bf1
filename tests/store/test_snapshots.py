from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sqlite3
import stat
import threading
import time
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from maskwatch.config.privacy import Photos
from maskwatch.errors import (
    RecordNotFound,
    SnapshotDamaged,
    SnapshotRefused,
    StoreError,
    StoreFull,
)
from maskwatch.store import photo_files
from maskwatch.store import snapshots as snapshots_module
from maskwatch.store.files import PART, remove, write_durably
from maskwatch.store.ids import new_id
from maskwatch.store.records import DeletionReason, ReviewItem, ReviewReason, SnapshotKind
from maskwatch.store.snapshots import Freed
from maskwatch.store.store import Store
from maskwatch.types import State
from tests.store.plans import plan_of
from tests.store.values import HIDDEN_FACE, after, episode, jpeg, photo, proofs_of


def files(store: Store) -> list[str]:
    folder = store.snapshots.folder
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_what_goes_in_comes_out(store: Store) -> None:
    content = jpeg(5000)
    saved = photo(store, content=content, episode_id="e", kind=SnapshotKind.REVIEW)
    assert store.snapshots.get(saved.id) == saved
    assert store.snapshots.read(saved.id) == content
    assert saved.sha256 == hashlib.sha256(content).hexdigest()
    assert saved.file == f"2026/03/02/{saved.id}.jpg"
    assert store.snapshots.of_episode("e") == [saved]
    assert files(store) == [saved.file]


def test_photos_are_for_the_owner_only(store: Store) -> None:
    saved = photo(store)
    path = store.snapshots.folder / saved.file
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("policy", "subject_blurred", "bystander_blurred", "refused"),
    [
        (Photos.CLEAR, False, True, ""),
        (Photos.CLEAR, True, True, ""),
        (Photos.CLEAR, False, False, "a bystander's face"),
        (Photos.BLURRED, True, True, ""),
        (Photos.BLURRED, False, True, "the violator's face"),
        (Photos.BLURRED, True, False, "a bystander's face"),
        (Photos.NONE, True, True, "allows no photos"),
    ],
)
def test_what_the_policy_forbids_never_touches_the_disk(
    store: Store, policy: Photos, subject_blurred: bool, bystander_blurred: bool, refused: str
) -> None:
    store.snapshots.photos = policy
    faces = (
        replace(HIDDEN_FACE, blurred=subject_blurred),
        replace(HIDDEN_FACE, is_subject=False, blurred=bystander_blurred),
    )
    if refused:
        with pytest.raises(SnapshotRefused, match=refused):
            photo(store, faces=faces)
        assert files(store) == []
    else:
        assert photo(store, faces=faces).faces == faces


CLEAR_FACE = replace(HIDDEN_FACE, blurred=False)


def test_what_the_policy_allows_no_longer_is_given_out_no_longer(store: Store) -> None:
    store.snapshots.photos = Photos.CLEAR
    clear, hidden = photo(store, faces=(CLEAR_FACE,)), photo(store)
    assert store.snapshots.too_clear() == []
    store.snapshots.photos = Photos.BLURRED
    assert store.snapshots.too_clear() == [clear]
    with pytest.raises(SnapshotRefused, match="the violator's face"):
        store.snapshots.read(clear.id)
    assert store.snapshots.read(hidden.id) == jpeg()
    store.snapshots.photos = Photos.NONE
    with pytest.raises(SnapshotRefused, match="no photos"):
        store.snapshots.read(hidden.id)


def test_a_photo_is_replaced_by_one_that_shows_less_with_proof(store: Store) -> None:
    store.snapshots.photos = Photos.CLEAR
    clear = photo(store, faces=(CLEAR_FACE,), episode_id="e")
    store.snapshots.photos = Photos.BLURRED
    with pytest.raises(SnapshotRefused):
        store.snapshots.replace(clear, jpeg(300), clear.faces)
    less = jpeg(300, seed=1)
    assert store.snapshots.replace(clear, less, [HIDDEN_FACE]) == Freed(1, clear.size)
    assert store.snapshots.read(clear.id) == less
    [new] = store.snapshots.of_episode("e")
    assert (new.id, new.taken_at, new.size, new.faces) == (
        clear.id,
        clear.taken_at,
        300,
        (HIDDEN_FACE,),
    )
    assert files(store) == [new.file] != [clear.file]
    (proof,) = proofs_of(store, clear.id)
    assert (proof.what, proof.sha256, proof.reason) == ("clear_photo", clear.sha256, "policy")


def test_a_photo_that_cannot_be_replaced_stays_as_it_is(store: Store) -> None:
    saved = photo(store)
    path = store.snapshots.folder / saved.file
    path.unlink()
    (path / "in the way").mkdir(parents=True)  # no file, so it cannot be deleted as one
    assert list(store.snapshots.replace(saved, jpeg(300), saved.faces).stuck) == [saved.file]
    assert store.snapshots.get(saved.id) == saved
    assert proofs_of(store, saved.id) == []
    assert files(store) == []


def test_a_photo_stays_when_the_database_does_not_keep_that_it_was_replaced(store: Store) -> None:
    saved = photo(store)

    def refuse(_: sa.Connection) -> None:
        raise sa.exc.OperationalError("COMMIT", {}, sqlite3.OperationalError("disk I/O error"))

    sa.event.listen(store.database.engine, "commit", refuse)
    with pytest.raises(StoreError):
        store.snapshots.replace(saved, jpeg(300), saved.faces)
    sa.event.remove(store.database.engine, "commit", refuse)
    assert store.snapshots.read(saved.id) == jpeg()
    assert files(store) == [saved.file]
    assert proofs_of(store, saved.id) == []


def test_nothing_is_left_of_a_photo_that_was_replaced_while_it_is_deleted(store: Store) -> None:
    """Its faces were hidden between the look at its row and the deletion of its file."""
    taken = photo(store)
    assert store.snapshots.replace(taken, jpeg(seed=1), [HIDDEN_FACE]).photos == 1
    assert store.snapshots.delete([taken], reason="subject_request").photos == 1
    assert files(store) == []
    assert store.snapshots.where() == []


def test_a_photo_that_is_gone_is_not_replaced(store: Store) -> None:
    saved = photo(store)
    store.snapshots.delete([saved], reason="age")
    assert store.snapshots.replace(saved, jpeg(300), saved.faces) == Freed()
    assert files(store) == []


def test_only_jpeg_is_taken(store: Store) -> None:
    with pytest.raises(StoreError, match="only JPEG"):
        photo(store, content=b"GIF89a")


def test_a_changed_or_missing_file_is_noticed(store: Store) -> None:
    saved = photo(store)
    path = store.snapshots.folder / saved.file
    path.write_bytes(jpeg(200, seed=1))
    with pytest.raises(SnapshotDamaged, match="not the photo"):
        store.snapshots.read(saved.id)
    path.unlink()
    with pytest.raises(SnapshotDamaged, match="no such file"):
        store.snapshots.read(saved.id)


def test_a_deletion_is_proven(store: Store) -> None:
    saved = photo(store)
    freed = store.snapshots.delete([saved], reason="age", actor="cli:eve")
    assert freed == Freed(1, saved.size, {})
    assert files(store) == []
    with pytest.raises(RecordNotFound):
        store.snapshots.get(saved.id)
    (proof,) = proofs_of(store, saved.id)
    assert (proof.what, proof.sha256, proof.reason, proof.actor, proof.count) == (
        "snapshot",
        saved.sha256,
        "age",
        "cli:eve",
        1,
    )


def test_of_two_who_delete_the_same_photo_one_proves_it(store: Store) -> None:
    """Such as retention, and a recorder that finds the disk full."""
    taken = photo(store)
    late: list[Freed] = []
    other = threading.Thread(
        target=lambda: late.append(store.snapshots.delete([taken], reason="b"))
    )
    with store.transaction():
        assert store.snapshots.delete([taken], reason="a") == Freed(1, taken.size)
        other.start()
        other.join(0.5)  # time enough, if it did not have to wait
    other.join(30)
    assert late == [Freed()]
    assert [each.reason for each in proofs_of(store, taken.id)] == ["a"]


def test_photos_are_deleted_without_reading_all_episodes(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/m.db", tmp_path / "photos", Photos.CLEAR) as store:
        taken = [photo(store, episode_id=each) for each in ("a", None)]
        delete = partial(store.snapshots.delete, taken, reason=DeletionReason.AGE)
        plan = plan_of(store, delete, "UPDATE episodes")
    assert plan.startswith("SEARCH episodes USING INDEX sqlite_autoindex_episodes_1 (id=?)"), plan


def test_photos_are_added_up_from_an_index(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/m.db", tmp_path / "photos") as store:
        plan = plan_of(store, store.snapshots.usage, "FROM snapshots")
    assert plan == "SCAN snapshots USING COVERING INDEX ix_snapshots_kind_size"


def test_an_episode_can_be_corrected_while_its_photo_is_deleted(store: Store) -> None:
    """Each holds what the other one needs next, unless both begin with the episode."""
    about = episode()
    taken = photo(store, episode_id=about.id)
    store.episodes.add(replace(about, snapshot_id=taken.id))
    freed: list[Freed] = []
    deletion = threading.Thread(
        target=lambda: freed.append(store.snapshots.delete([taken], reason="age"))
    )
    with store.transaction():  # as the dashboard does it
        store.episodes.correct(about.id, State.MASK, None, by="eve", at=after(60))
        deletion.start()
        deletion.join(0.5)  # time enough, if it did not have to wait
        store.reviews.add(ReviewItem(new_id(), taken.id, ReviewReason.WRONG, after(60)))
    deletion.join(30)
    assert freed == [Freed(1, taken.size)]
    corrected = store.episodes.get(about.id)
    assert (corrected.corrected_by, corrected.snapshot_id) == ("eve", None)


def test_usage_adds_up_by_kind(store: Store) -> None:
    photo(store, content=jpeg(100))
    photo(store, content=jpeg(250))
    assert store.snapshots.usage() == {
        SnapshotKind.EPISODE: (2, 350),
        SnapshotKind.REVIEW: (0, 0),
    }


class TestDiskFull:
    """The system's answer is played; a real full disk gives the same one (errno ENOSPC)."""

    @pytest.fixture
    def disk(self, monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
        """Three small photos fit, or one larger one."""

        def write(path: Path, content: bytes) -> None:
            used = sum(p.stat().st_size for p in store.snapshots.folder.rglob("*.jpg"))
            if used + len(content) > 1000:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            write_durably(path, content)

        monkeypatch.setattr(photo_files, "write_durably", write)

    @pytest.mark.usefixtures("disk")
    def test_the_oldest_photos_make_room_for_a_new_one(self, store: Store) -> None:
        old = [photo(store, content=jpeg(300), taken_at=after(i)) for i in range(3)]
        new = photo(store, content=jpeg(300), taken_at=after(10))
        assert store.snapshots.where() == [new]
        assert {proofs_of(store, each.id)[0].reason for each in old} == {"disk_full"}

    @pytest.mark.usefixtures("disk")
    def test_what_fits_in_no_way_is_refused_and_leaves_nothing(self, store: Store) -> None:
        with pytest.raises(StoreFull, match="no space left"):
            photo(store, content=jpeg(2000))
        assert files(store) == []


class TestAfterACrash:
    def test_a_file_without_a_row_goes_when_it_is_old_enough(self, store: Store) -> None:
        """Power was cut between file and row."""
        kept = photo(store)
        folder = (store.snapshots.folder / kept.file).parent
        for name in ("stray.jpg", f"half.jpg{PART}"):
            (folder / name).write_bytes(jpeg())
        now_s = (folder / "stray.jpg").stat().st_mtime
        assert store.snapshots.remove_strays(now_s + 10) == 0
        assert store.snapshots.remove_strays(now_s + 4000) == 2
        assert files(store) == [kept.file]

    def test_a_row_without_a_file_goes_with_a_note(self, store: Store) -> None:
        """Power was cut between the deletion of the file and that of the row."""
        lost, kept = photo(store), photo(store)
        (store.snapshots.folder / lost.file).unlink()
        assert store.snapshots.forget_lost() == 1
        assert store.snapshots.where() == [kept]
        assert proofs_of(store, lost.id)[0].reason == "missing"

    def test_a_disk_that_is_not_mounted_costs_no_photo(self, store: Store) -> None:
        taken = [photo(store, taken_at=after(i)) for i in range(2)]
        store.snapshots.folder.rename(away := store.snapshots.folder.with_name("away"))
        assert store.snapshots.forget_lost() == 0
        away.rename(store.snapshots.folder)
        assert store.snapshots.remove_strays(time.time() + 4000) == 0
        assert [store.snapshots.read(each.id) for each in taken] == [jpeg()] * 2

    def test_nor_when_a_photo_was_stored_meanwhile_or_there_is_no_room(self, store: Store) -> None:
        taken = [photo(store, taken_at=after(i)) for i in range(2)]
        store.snapshots.folder.rename(away := store.snapshots.folder.with_name("away"))
        newer = photo(store, taken_at=after(7 * 24 * 3600))
        assert store.snapshots.forget_lost() == 0
        assert store.room.make_room(10**9).photos == 1
        assert store.snapshots.where() == taken
        assert (store.snapshots.folder / newer.file).parent.is_dir()
        shutil.rmtree(store.snapshots.folder)
        away.rename(store.snapshots.folder)
        assert store.snapshots.remove_strays(time.time() + 4000) == 0
        assert [store.snapshots.read(each.id) for each in taken] == [jpeg()] * 2

    @pytest.mark.parametrize(
        ("code", "refused"), [(errno.EACCES, "{}/"), (errno.EIO, "{}"), (errno.ESTALE, "{}")]
    )
    def test_nor_does_a_folder_that_nobody_can_look_into(
        self, store: Store, monkeypatch: pytest.MonkeyPatch, code: int, refused: str
    ) -> None:
        """Such as one of another user, which an administrator will set right."""
        closed, _ = photo(store, taken_at=after()), photo(store, taken_at=after(days=1))
        day = str(Path(closed.file).parent)
        scandir, status = os.scandir, os.stat

        def refuse(path: object) -> None:
            raise OSError(code, os.strerror(code), str(path))

        def scan(path: str) -> Any:
            return refuse(path) if day in str(path) else scandir(path)

        def look(path: Path, **how: bool) -> Any:
            is_there = refused.format(day) in str(path)
            return refuse(path) if is_there else status(path, **how)

        with monkeypatch.context() as broken:
            broken.setattr(os, "scandir", scan)
            broken.setattr(os, "stat", look)
            with suppress(StoreError):
                assert store.snapshots.forget_lost() == 0
        assert len(store.snapshots.where()) == 2
        assert store.snapshots.read(closed.id) == jpeg()

    def test_nor_does_one_that_is_out_of_reach_make_room(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        away, _ = photo(store, taken_at=after()), photo(store, taken_at=after(days=1))
        day, status = str(Path(away.file).parent), os.stat

        def look(path: Path, **how: bool) -> os.stat_result:
            if day in str(path):
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return status(path, **how)

        with monkeypatch.context() as broken:
            broken.setattr(os, "stat", look)
            assert store.room.make_room(1).photos == 1
        assert store.snapshots.where() == [away]


@pytest.mark.parametrize(("code", "is_said"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_photos_can_lie_on_a_share_that_cannot_sync_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, is_said: bool
) -> None:
    sync = os.fsync

    def sync_files(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(code, os.strerror(code))
        sync(descriptor)

    path = tmp_path / "x.jpg"
    monkeypatch.setattr(os, "fsync", sync_files)
    with pytest.raises(OSError, match="rror") if is_said else nullcontext():
        write_durably(path, jpeg())
    assert path.read_bytes() == jpeg()
    with pytest.raises(OSError, match="rror") if is_said else nullcontext():
        assert remove(path)


def test_all_photos_come_oldest_first_while_they_are_deleted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots_module, "_BATCH", 2)
    taken = [photo(store, taken_at=after(i // 3)) for i in (4, 3, 5, 0, 2, 1)]
    found = []
    for each in store.snapshots.oldest_first():
        found.append(each)
        if len(found) % 2:
            store.snapshots.delete([each], reason="age")
    assert found == sorted(taken, key=lambda each: (each.taken_at, each.id))


def test_a_half_written_file_is_never_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "i/o error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="i/o error"):
        write_durably(tmp_path / "a" / "x.jpg", jpeg())
    assert list((tmp_path / "a").iterdir()) == []
