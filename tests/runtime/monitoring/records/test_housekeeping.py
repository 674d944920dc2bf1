from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maskwatch.config.privacy import PrivacyConfig
from maskwatch.config.root import Config
from maskwatch.config.storage import StorageConfig
from maskwatch.errors import StoreError
from maskwatch.runtime.monitoring.records.housekeeping import Housekeeper
from maskwatch.store.store import Store
from tests.store.values import episode, photo


def test_a_full_disk_and_its_end_are_noted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Config(storage=StorageConfig(min_free_gb=1))
    free = [5_000_000_000]
    with Store.open(f"sqlite:///{tmp_path / 'm.db'}", tmp_path / "s") as store:
        monkeypatch.setattr(store.room, "free_bytes", lambda: free[0])
        housekeeper = Housekeeper(store)
        for bytes_free in (5_000_000_000, 10, 10, 5_000_000_000, 5_000_000_000):
            free[0] = bytes_free
            housekeeper(config)
        changes = store.health.page().items
    assert [(change.kind, change.state) for change in changes] == [("disk", "ok"), ("disk", "full")]
    assert changes[1].reason.startswith("0.00 GB are free")


def test_a_disk_that_was_full_before_a_restart_is_said_to_be_well_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Config(storage=StorageConfig(min_free_gb=1))
    with Store.open(f"sqlite:///{tmp_path / 'm.db'}", tmp_path / "s") as store:
        for bytes_free in (10, 10, 5_000_000_000):
            with monkeypatch.context() as disk:
                disk.setattr(store.room, "free_bytes", lambda free=bytes_free: free)
                Housekeeper(store)(config)
        assert [change.state for change in store.health.page().items] == ["ok", "full"]


def test_photos_that_cannot_be_deleted_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'm.db'}", tmp_path / "s") as store:
        taken = photo(store, taken_at=datetime.now(UTC) - timedelta(days=40))
        path = store.snapshots.folder / taken.file
        path.unlink()
        path.mkdir()
        Housekeeper(store)(Config())
    assert f"photos should go and cannot be deleted: 1; {taken.file}: " in caplog.text


def test_what_a_crash_left_behind_goes_at_the_start(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'm.db'}", tmp_path / "s") as store:
        stray = tmp_path / "s" / "2020" / "01" / "01" / "stray.jpg"
        stray.parent.mkdir(parents=True)
        stray.write_bytes(b"x")

        os.utime(stray, (0, 0))
        Housekeeper(store)(Config())
        assert not stray.exists()


def test_what_a_crash_left_a_moment_before_the_start_goes_within_two_days(tmp_path: Path) -> None:
    """The service is started anew at once, and nobody stops it for months."""
    now_s = [0.0]
    with Store.open(f"sqlite:///{tmp_path / 'm.db'}", tmp_path / "s") as store:
        stray = tmp_path / "s" / "2020" / "01" / "01" / "stray.jpg"
        stray.parent.mkdir(parents=True)
        stray.write_bytes(b"x")
        housekeeper = Housekeeper(store, lambda: now_s[0])
        housekeeper(Config())
        assert stray.exists()
        long_ago = time.time() - 2 * 86400
        os.utime(stray, (long_ago, long_ago))
        now_s[0] = 2 * 86400
        housekeeper(Config())
        assert not stray.exists()


def test_a_folder_that_cannot_be_read_keeps_nothing_from_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Path, __: str) -> Iterator[Path]:
        raise OSError(5, "Input/output error")

    with Store.open(f"sqlite:///{tmp_path / 'm.db'}", tmp_path / "s") as store:
        long_ago = datetime.now(UTC) - timedelta(days=400)
        store.episodes.add(episode(started_at=long_ago, ended_at=long_ago))
        monkeypatch.setattr(Path, "glob", broken)
        with pytest.raises(StoreError, match="input/output error"):
            Housekeeper(store)(Config())
        assert store.episodes.count() == 0


def test_becoming_statistics_only_reaches_back(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'm.db'}", tmp_path / "s") as store:
        now = datetime.now(UTC)
        store.episodes.add(episode(started_at=now, ended_at=now))
        housekeeper = Housekeeper(store)
        housekeeper(Config())
        assert store.episodes.count() == 1
        housekeeper(Config(privacy=PrivacyConfig(statistics_only=True)))
        assert store.episodes.count() == 0
