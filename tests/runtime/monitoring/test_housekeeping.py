from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maskwatch.config.privacy import PrivacyConfig
from maskwatch.config.root import Config
from maskwatch.config.storage import StorageConfig
from maskwatch.runtime.monitoring.housekeeping import Housekeeper
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


def test_becoming_statistics_only_reaches_back(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'm.db'}", tmp_path / "s") as store:
        now = datetime.now(UTC)
        store.episodes.add(episode(started_at=now, ended_at=now))
        housekeeper = Housekeeper(store)
        housekeeper(Config())
        assert store.episodes.count() == 1
        housekeeper(Config(privacy=PrivacyConfig(statistics_only=True)))
        assert store.episodes.count() == 0
