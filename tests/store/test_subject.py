from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import sqlalchemy as sa

from maskwatch.config.privacy import Photos
from maskwatch.config.storage import StorageConfig
from maskwatch.errors import OutputError, RecordNotFound, StoreError
from maskwatch.store.ids import new_id
from maskwatch.store.records import (
    Delivery,
    DeliveryKind,
    EpisodeRecord,
    ReviewItem,
    ReviewReason,
    TimelinePoint,
)
from maskwatch.store.retention import keep_house
from maskwatch.store.snapshots import Freed, Snapshots
from maskwatch.store.store import Store
from maskwatch.store.subject import delete_episodes, export_episodes
from maskwatch.types import State
from tests.store.values import NOON, after, episode, jpeg, people_of, person, photo


@pytest.fixture
def filmed(store: Store) -> EpisodeRecord:
    """An episode with everything that belongs to one, and another person's row."""
    one = episode(ended_at=after(9))
    store.episodes.add(one)
    store.episodes.add_readings(one.id, [TimelinePoint(NOON, State.NO_MASK, None, 3.5)])
    taken = photo(store, episode_id=one.id, content=jpeg(777))
    store.deliveries.add([Delivery("d", one.id, DeliveryKind.VIOLATION, "office")])
    store.reviews.add(ReviewItem("r", taken.id, ReviewReason.WRONG, NOON, episode_id=one.id))
    store.people.put(person(id="p", first_at=after(-2), last_at=after(9)))
    store.people.put(person(id="later", first_at=after(3600), last_at=after(3700)))
    store.audit.append("eve", "episode.photo_viewed", one.id)
    return one


def test_an_export_holds_everything(store: Store, filmed: EpisodeRecord, tmp_path: Path) -> None:
    (folder,) = export_episodes(store, [filmed.id], tmp_path / "out", actor="cli:eve")
    told = json.loads((folder / "episode.json").read_text())
    assert told["episode"]["started_at"] == "2026-03-02T12:00:00.250000+00:00"
    assert told["episode"]["state"] == "no_mask"
    assert told["person"]["id"] == "p"
    assert told["timeline"][0]["coverage"] == 3.5
    assert told["messages"][0]["channel"] == "office"
    assert told["labels"][0]["reason"] == "wrong"
    assert told["photos"][0]["faces"][0]["box"] == [10, 10, 40, 50]
    assert told["seen_by"][0]["actor"] == "eve"
    (image,) = folder.glob("*.jpg")
    assert image.read_bytes() == jpeg(777)
    assert store.audit.page()[0].action == "episode.exported"


def test_an_export_by_hand_holds_photos_whose_faces_are_still_to_be_hidden(
    store: Store, filmed: EpisodeRecord, tmp_path: Path
) -> None:
    store.snapshots.photos = Photos.NONE
    (folder,) = export_episodes(store, [filmed.id], tmp_path / "out", actor="cli:eve")
    assert len(list(folder.glob("*.jpg"))) == 1
    assert json.loads((folder / "episode.json").read_text())["being_hidden"] == []


def test_an_export_says_of_everybody_who_looked(
    store: Store, filmed: EpisodeRecord, tmp_path: Path
) -> None:
    """Also in review as older versions wrote it, under the face's id, and however often."""
    store.audit.append("ravi", "review.photo_viewed", "r")
    store.audit.append("ravi", "review.photo_viewed", "of another photo")
    with store.transaction():
        for _ in range(1000):
            store.audit.append("panel", "episode.viewed", filmed.id)
    (folder,) = export_episodes(store, [filmed.id], tmp_path / "out", actor="cli:eve")
    seen = json.loads((folder / "episode.json").read_text())["seen_by"]
    assert [each["actor"] for each in seen] == [*["panel"] * 1000, "ravi", "eve"]
    assert seen[-2]["subject"] == "r"


def test_an_unknown_episode_is_named_and_nothing_done(
    store: Store, filmed: EpisodeRecord, tmp_path: Path
) -> None:
    with pytest.raises(RecordNotFound, match="there is no 'nobody' among the episodes"):
        export_episodes(store, [filmed.id, "nobody"], tmp_path / "out", actor="x")
    with pytest.raises(RecordNotFound, match="there is no 'nobody' among the episodes"):
        delete_episodes(store, [filmed.id, "nobody"], actor="x")
    assert not (tmp_path / "out").exists()
    assert store.episodes.get(filmed.id) == filmed


def test_a_place_that_cannot_be_written_is_named(store: Store, filmed: EpisodeRecord) -> None:
    with pytest.raises(OutputError, match="/proc/none"):
        export_episodes(store, [filmed.id], Path("/proc/none"), actor="x")


def test_a_damaged_photo_keeps_nobody_from_the_rest(
    store: Store, filmed: EpisodeRecord, tmp_path: Path
) -> None:
    lost = photo(store, episode_id=filmed.id, taken_at=after(-1))
    (store.snapshots.folder / lost.file).unlink()
    with pytest.raises(OutputError, match=f"all was written except {lost.file}: no such file"):
        export_episodes(store, [filmed.id], tmp_path / "out", actor="cli:eve")
    folder = tmp_path / "out" / filmed.id
    assert len(json.loads((folder / "episode.json").read_text())["photos"]) == 2
    (image,) = folder.glob("*.jpg")
    assert image.read_bytes() == jpeg(777)
    assert store.audit.page()[0].action == "episode.exported"


def test_a_deletion_leaves_proof_and_nothing_else(store: Store, filmed: EpisodeRecord) -> None:
    (taken,) = store.snapshots.where()
    other = episode(track=2)
    store.episodes.add(other)
    assert delete_episodes(store, [filmed.id], actor="cli:eve") == 1
    assert [each.id for each in store.episodes.page().items] == [other.id]
    assert store.episodes.timeline(filmed.id) == []
    assert store.deliveries.of_episode(filmed.id) == []
    assert store.reviews.waiting() == []
    assert not list(store.snapshots.folder.rglob("*.jpg"))
    assert [each.id for each in people_of(store)] == ["later"]
    proofs = {each.item: each for each in store.deletions.page().items}
    assert set(proofs) == {filmed.id, taken.id, "p"}
    assert {(each.reason, each.actor) for each in proofs.values()} == {
        ("subject_request", "cli:eve")
    }
    assert proofs[taken.id].sha256 == taken.sha256
    newest = store.audit.page()[0]
    assert (newest.actor, newest.action, newest.subject, newest.detail) == (
        "cli:eve",
        "episode.deleted",
        filmed.id,
        {"photos": 1, "person": True},
    )
    assert store.audit.verify().broken_at is None


@pytest.fixture
def lax_sqlite() -> Iterator[None]:
    """As builds of SQLite do that leave in the file what is deleted."""

    def leave(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA secure_delete = OFF")

    sa.event.listen(sa.Engine, "connect", leave)
    yield
    sa.event.remove(sa.Engine, "connect", leave)


@pytest.mark.usefixtures("lax_sqlite")
@pytest.mark.parametrize("by", ["request", "retention"])
def test_nothing_that_was_deleted_can_be_read_in_sqlites_files(tmp_path: Path, by: str) -> None:
    with Store.open(f"sqlite:///{tmp_path}/maskwatch.db", tmp_path / "photos") as store:
        one = episode(zone="at the fountain", ended_at=after(9))
        store.episodes.add(one)
        assert found_in(tmp_path, "at the fountain")
        if by == "request":
            delete_episodes(store, [one.id], actor="anna")
        else:
            keep_house(store, StorageConfig(), after(days=1), statistics_only=True)
        assert not found_in(tmp_path, "at the fountain")


@pytest.mark.parametrize("does", ["SELECT * FROM episodes", "DELETE FROM health"])
def test_whoever_holds_sqlites_log_holds_up_no_deletion(tmp_path: Path, does: str) -> None:
    with (
        Store.open(f"sqlite:///{tmp_path}/maskwatch.db", tmp_path / "photos") as store,
        closing(sqlite3.connect(tmp_path / "maskwatch.db", isolation_level=None)) as other,
    ):
        store.episodes.add(episode(zone="at the fountain"))
        other.execute("BEGIN")
        other.execute(does).fetchall()
        begun = time.monotonic()
        store.database.empty_log()
        assert time.monotonic() - begun < 5  # writers wait for 15 s
        assert found_in(tmp_path, "at the fountain")
        other.rollback()
        store.database.empty_log()
        assert (tmp_path / "maskwatch.db-wal").stat().st_size == 0


def found_in(folder: Path, text: str) -> bool:
    return any(text.encode() in each.read_bytes() for each in folder.glob("maskwatch.db*"))


def test_a_deletion_that_is_interrupted_can_be_done_again(
    store: Store, filmed: EpisodeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(store.audit, "append", Mock(side_effect=StoreError("gone away")))
        with pytest.raises(StoreError, match="gone away"):
            delete_episodes(store, [filmed.id], actor="cli:eve")
    delete_episodes(store, [filmed.id], actor="cli:eve")
    assert store.episodes.count() == 0
    assert [each.id for each in people_of(store)] == ["later"]
    assert store.audit.page()[0].action == "episode.deleted"


def test_an_episode_whose_photo_cannot_be_deleted_is_not_said_to_be(
    store: Store, filmed: EpisodeRecord
) -> None:
    (taken,) = store.snapshots.where()
    path = store.snapshots.folder / taken.file
    path.unlink()
    path.mkdir()
    with pytest.raises(StoreError, match=f"the photo {taken.file} cannot be deleted"):
        delete_episodes(store, [filmed.id], actor="cli:eve")
    assert store.episodes.get(filmed.id).id == filmed.id
    assert store.deletions.page().items == ()


def test_who_is_written_down_while_their_episode_is_deleted_is_deleted_too(
    store: Store, filmed: EpisodeRecord
) -> None:
    deletion = threading.Thread(
        target=delete_episodes, args=(store, [filmed.id]), kwargs={"actor": "x"}
    )
    with store.transaction():  # as the recorder does it
        assert store.episodes.are_there([filmed.id])
        deletion.start()
        deletion.join(0.5)  # time enough, if it did not have to wait
        store.people.put(person(id="p", first_at=after(-2), last_at=after(10)))
    deletion.join(30)
    assert [each.id for each in people_of(store)] == ["later"]
    assert not store.episodes.are_there([filmed.id])


def test_a_photo_that_is_saved_while_its_episode_is_deleted_is_deleted_too(
    store: Store, filmed: EpisodeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete = Snapshots.delete

    def delete_slowly(snapshots: Snapshots, *given: Any, **named: Any) -> Freed:
        freed = delete(snapshots, *given, **named)
        if store.episodes.are_there([filmed.id]):
            photo(store, episode_id=filmed.id)
        return freed

    monkeypatch.setattr(Snapshots, "delete", delete_slowly)
    assert delete_episodes(store, [filmed.id], actor="x") == 2
    assert store.snapshots.where() == []


def test_ids_that_are_paths_reach_no_file(store: Store, tmp_path: Path) -> None:
    with pytest.raises(RecordNotFound):
        export_episodes(store, [f"../{new_id()}"], tmp_path, actor="x")
