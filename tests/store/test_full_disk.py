"""A disk that is really full: a small file system in memory, which only root may mount."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from maskwatch.config.privacy import Photos
from maskwatch.errors import StoreFull
from maskwatch.store.records import EpisodeRecord
from maskwatch.store.store import Store
from tests.store.values import after, episode, jpeg, photo


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)]
    may_try = sys.platform == "linux" and os.geteuid() == 0
    if not may_try or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def add(store: Store, one: EpisodeRecord) -> None:
    """As the recorder does it: what does not fit is tried again."""
    with suppress(StoreFull):
        store.episodes.add(one)
        return
    store.episodes.add(one)


def test_no_episode_is_lost_and_the_oldest_photos_give_way(small_disk: Path) -> None:
    url = f"sqlite:///{small_disk / 'maskwatch.db'}"
    with Store.open(url, small_disk / "snapshots", Photos.CLEAR) as store:
        taken = []
        for number in range(40):
            add(store, episode(started_at=after(number), zone="z" * 1000))
            taken.append(photo(store, content=jpeg(300_000), taken_at=after(number)))
        kept = store.snapshots.where()
        assert store.episodes.count() == 40
        assert kept == taken[-len(kept) :]
        assert 1 <= len(kept) < 40
        assert store.snapshots.read(taken[-1].id) == jpeg(300_000)
        assert store.deletions.of_item(taken[0].id)[0].reason == "disk_full"
        assert store.audit.verify().broken_at is None


def test_when_others_fill_the_disk_the_database_gets_what_was_put_by(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maskwatch.store.room.RESERVE_BYTES", 1_000_000)
    url = f"sqlite:///{small_disk / 'maskwatch.db'}"
    with Store.open(url, small_disk / "snapshots", Photos.CLEAR) as store:
        store.room.put_by()
        photo(store)
        with (small_disk / "other").open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        for number in range(40):
            add(store, episode(started_at=after(number), zone="z" * 1000))
        assert store.episodes.count() == 40
        assert store.snapshots.where() == []
        assert not store.room.reserve.exists()
        with pytest.raises(StoreFull):
            photo(store, content=jpeg(3_000_000))
