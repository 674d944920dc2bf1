from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from maskwatch.config.privacy import Photos
from maskwatch.store.records import EpisodeRecord, SnapshotFace, SnapshotKind
from maskwatch.store.store import Store
from maskwatch.testing import RecordingChannel
from maskwatch.types import Box, State
from tests.alerts import samples
from tests.alerts.sending import DOOR, episode, happen, now, running, settings, settled


def with_photo(store: Store, about: EpisodeRecord, blurred: bool = True) -> EpisodeRecord:
    face = SnapshotFace(Box(1, 1, 9, 9), State.NO_MASK, is_subject=True, blurred=blurred)
    photo = store.snapshots.save(
        samples.jpeg(),
        kind=SnapshotKind.EPISODE,
        camera=about.camera,
        taken_at=now(),
        width=320,
        height=180,
        faces=[face],
    )
    return replace(about, snapshot_id=photo.id)


def test_the_photo_of_the_episode_is_sent(store: Store) -> None:
    door = RecordingChannel()
    given = settings(channels={"door": {**DOOR, "photo": True}})
    with running(store, given, {"door": door}) as service:
        settled(store, happen(service, store, with_photo(store, episode())))
    assert [alert.photo for alert in door.alerts] == [samples.jpeg()]


@pytest.mark.parametrize("photo", [True, False])
def test_a_stored_photo_is_not_sent_where_policy_or_channel_forbid_it(
    store: Store, photo: bool
) -> None:
    door = RecordingChannel()
    given = settings(channels={"door": {**DOOR, "photo": photo}})
    about = with_photo(store, episode())
    store.snapshots.photos = Photos.NONE if photo else Photos.BLURRED
    with running(store, given, {"door": door}) as service:
        settled(store, happen(service, store, about))
    assert [alert.photo for alert in door.alerts] == [None]


def test_a_photo_stored_under_a_laxer_policy_is_not_sent(tmp_path: Path) -> None:
    door = RecordingChannel()
    given = settings(channels={"door": {**DOOR, "photo": True}})
    with Store.open(f"sqlite:///{tmp_path}/m.db", tmp_path / "p", Photos.CLEAR) as store:
        about = with_photo(store, episode(), blurred=False)
        store.snapshots.photos = Photos.BLURRED
        with running(store, given, {"door": door}) as service:
            settled(store, happen(service, store, about))
    assert [alert.photo for alert in door.alerts] == [None]


def test_a_photo_whose_disk_hangs_keeps_no_message(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a network share whose server is away: it neither answers nor fails."""
    answers, door = threading.Event(), RecordingChannel()
    given = settings(channels={"door": {**DOOR, "photo": True}})

    def hanging(_: str) -> bytes:
        assert answers.wait(60)
        return samples.jpeg()

    monkeypatch.setattr("maskwatch.alerts.library.PHOTO_LIMIT_S", 0.2)
    monkeypatch.setattr(store.snapshots, "read", hanging)
    with running(store, given, {"door": door}) as service:
        about = [episode(track=number, snapshot_id="photo") for number in range(3)]
        settled(store, happen(service, store, *about))
        answers.set()
    assert [alert.photo for alert in door.alerts] == [None] * 3
