"""A disk that is really full."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from maskwatch.config.privacy import Photos
from maskwatch.errors import StoreFull
from maskwatch.store.records import EpisodeRecord
from maskwatch.store.store import Store
from tests.servers.disk import fill_up, small_disk
from tests.store.values import after, episode, jpeg, photo, proofs_of


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 6) as folder:
        yield folder


def add(store: Store, one: EpisodeRecord) -> None:
    """As the recorder does it: what does not fit is tried again."""
    with suppress(StoreFull):
        store.episodes.add(one)
        return
    store.episodes.add(one)


def test_no_episode_is_lost_and_the_oldest_photos_give_way(disk: Path) -> None:
    url = f"sqlite:///{disk / 'maskwatch.db'}"
    with Store.open(url, disk / "snapshots", Photos.CLEAR) as store:
        taken = []
        for number in range(40):
            add(store, episode(started_at=after(number), zone="z" * 1000))
            taken.append(photo(store, content=jpeg(300_000), taken_at=after(number)))
        kept = store.snapshots.where()
        assert store.episodes.count() == 40
        assert kept == taken[-len(kept) :]
        assert 1 <= len(kept) < 40
        assert store.snapshots.read(taken[-1].id) == jpeg(300_000)
        assert proofs_of(store, taken[0].id)[0].reason == "disk_full"
        assert store.audit.verify().broken_at is None


def test_when_others_fill_the_disk_the_database_gets_what_was_put_by(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maskwatch.store.room.RESERVE_BYTES", 1_000_000)
    url = f"sqlite:///{disk / 'maskwatch.db'}"
    with Store.open(url, disk / "snapshots", Photos.CLEAR) as store:
        store.room.put_by()
        photo(store)
        fill_up(disk / "other")
        for number in range(40):
            add(store, episode(started_at=after(number), zone="z" * 1000))
        assert store.episodes.count() == 40
        assert store.snapshots.where() == []
        assert not store.room.reserve.exists()
        with pytest.raises(StoreFull):
            photo(store, content=jpeg(3_000_000))


def test_a_store_on_a_full_disk_is_opened_in_the_place_of_what_was_put_by(
    disk: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("maskwatch.store.room.RESERVE_BYTES", 1_000_000)
    url = f"sqlite:///{disk / 'maskwatch.db'}"
    with Store.open(url, disk / "snapshots", Photos.CLEAR) as store:
        store.room.put_by()
        photo(store)
    fill_up(disk / "other")
    with Store.open(url, disk / "snapshots", Photos.CLEAR) as store:
        assert not store.room.reserve.exists()
        assert "1000000 bytes that were put by were freed" in caplog.text
        store.episodes.add(episode())
        assert len(store.snapshots.where()) == 1
    fill_up(disk / "other")
    with pytest.raises(StoreFull):
        Store.open(url, disk / "snapshots", Photos.CLEAR)
