"""Episodes: finding them, looking at one, acknowledging it, saying that it is wrong."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from maskwatch.config.privacy import Photos, PrivacyConfig
from maskwatch.store.ids import new_id
from maskwatch.store.records import Delivery, DeliveryKind, DeliveryState
from maskwatch.types import State
from maskwatch.web.actions import episodes
from tests.web.made_up import add_photo, episode, portrait
from tests.web.world import NOW, World


def test_all_episodes_are_reached_page_by_page_newest_first(
    admin: TestClient, world: World
) -> None:
    made = [episode(world, NOW - timedelta(minutes=i)).id for i in range(7)]
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = admin.get("/api/v1/episodes", params={"limit": "3", **after}).json()
        seen += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == made


def test_episodes_are_filtered(admin: TestClient, world: World) -> None:
    wanted = episode(world, camera="ward 3", state=State.NO_MASK, fault=None)
    episode(world)
    for query in ("camera=ward 3", "state=no_mask", "text=ward"):
        items = admin.get(f"/api/v1/episodes?{query}").json()["items"]
        assert [each["id"] for each in items] == [wanted.id], query
    assert admin.get("/api/v1/episodes?fault=chin_out").json()["items"] == []


def test_a_camera_that_is_gone_can_still_be_asked_for(world: World) -> None:
    episode(world, camera="old door")
    episode(world, camera="entrance")
    names = episodes.camera_names(world.web, world.principal("anna"))
    assert names == ["entrance", "ward 3", "canteen", "old door"]


def test_an_episode_says_what_to_do(admin: TestClient, world: World) -> None:
    made = episode(world)
    told = admin.get(f"/api/v1/episodes/{made.id}").json()["episode"]
    assert (told["words"], told["advice"]) == ("nose out", "pull the mask up over your nose")


@pytest.mark.parametrize(
    ("act", "body", "why"),
    [("acknowledge", None, "acknowledged"), ("correct", {"state": "mask"}, "called wrong")],
)
def test_acknowledging_withdraws_the_steps_that_it_ends(
    admin: TestClient, world: World, act: str, body: dict[str, str] | None, why: str
) -> None:
    made = episode(world)
    manager, register = (
        Delivery(new_id(), made.id, DeliveryKind.VIOLATION, channel, payload={"only_while": only})
        for channel, only in (("manager", "unacknowledged"), ("register", "always"))
    )
    world.store.deliveries.add([manager, register])
    assert admin.post(f"/api/v1/episodes/{made.id}/{act}", json=body).status_code == 200
    ended = world.store.deliveries.get(manager.id)
    assert (ended.state, ended.last_error) == (DeliveryState.CANCELLED, why)
    # "always" is always: a receiver that is away for a minute still gets its message.
    assert world.store.deliveries.get(register.id).state is DeliveryState.PENDING


def test_looking_at_an_episode_and_its_photo_is_in_the_audit_log(
    admin: TestClient, world: World
) -> None:
    made = episode(world)
    add_photo(world, made)
    admin.get(f"/api/v1/episodes/{made.id}")
    assert admin.get(f"/api/v1/episodes/{made.id}/photo").content == portrait(made.fault)[0]
    entries = world.store.audit.about([made.id])
    assert [(each.actor, each.action) for each in entries] == [
        ("anna", "episode.photo_viewed"),
        ("anna", "episode.viewed"),
    ]
    assert admin.get("/api/v1/audit/verification").json()["sound"] is True


def test_what_is_called_wrong_waits_for_a_label_with_the_right_face(
    admin: TestClient, world: World
) -> None:
    made = episode(world)
    add_photo(world, made)
    admin.post(f"/api/v1/episodes/{made.id}/correct", json={"state": "mask"})
    [item] = admin.get("/api/v1/review").json()["items"]
    assert (item["episode_id"], item["reason"], item["state"]) == (made.id, "wrong", "mask")


@pytest.mark.parametrize("body", [{"state": "incorrect"}, {"state": "mask", "fault": "other"}])
def test_a_fault_goes_with_incorrect_and_with_nothing_else(
    admin: TestClient, world: World, body: dict[str, str]
) -> None:
    made = episode(world)
    assert admin.post(f"/api/v1/episodes/{made.id}/correct", json=body).status_code == 422


def test_an_episode_is_handed_out_and_deleted_with_proof(admin: TestClient, world: World) -> None:
    made = episode(world)
    add_photo(world, made)
    archive = zipfile.ZipFile(
        io.BytesIO(admin.get(f"/api/v1/episodes/{made.id}/export.zip").content)
    )
    names = [name.split("/")[1] for name in archive.namelist()]
    assert "episode.json" in names
    assert any(name.endswith(".jpg") for name in names)
    assert admin.delete(f"/api/v1/episodes/{made.id}").status_code == 204
    assert admin.get(f"/api/v1/episodes/{made.id}").status_code == 404
    assert list(world.store.snapshots.folder.rglob("*.jpg")) == []
    deleted = admin.get("/api/v1/deletions").json()["items"]
    assert {each["reason"] for each in deleted} == {"subject_request"}


def test_an_episode_is_handed_out_without_a_photo_that_is_damaged(
    admin: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Photos are written nowhere else, where no retention rule would reach them.
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    made = episode(world)
    add_photo(world, made)
    [taken] = world.store.snapshots.of_episode(made.id)
    (world.store.snapshots.folder / taken.file).unlink()
    answer = admin.get(f"/api/v1/episodes/{made.id}/export.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == [f"{made.id}/episode.json"]
        told = json.loads(archive.read(f"{made.id}/episode.json"))
    assert [each["id"] for each in told["photos"]] == [taken.id]
    assert told["damaged"] == [f"{taken.file}: no such file or directory"]


def test_an_episode_is_handed_out_without_a_photo_whose_faces_are_still_to_be_hidden(
    admin: TestClient, world: World
) -> None:
    made = episode(world)
    add_photo(world, made)
    [taken] = world.store.snapshots.of_episode(made.id)
    world.set_privacy(PrivacyConfig(photos=Photos.BLURRED))
    answer = admin.get(f"/api/v1/episodes/{made.id}/export.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == [f"{made.id}/episode.json"]
        told = json.loads(archive.read(f"{made.id}/episode.json"))
    assert told["being_hidden"] == [taken.file]
    [noted] = [each for each in world.store.audit.page() if each.action == "episode.exported"]
    assert noted.detail == {"photos": 0}


@pytest.mark.parametrize(("name", "sees"), [("vera", False), ("ravi", False), ("anna", True)])
def test_who_followed_the_link_of_a_message_is_named_to_administrators(
    as_user: Callable[[str], TestClient], world: World, name: str, sees: bool
) -> None:
    made, actor = episode(world), "link:officer@hospital.test"
    episodes.acknowledge_as(world.web, actor, made.id)
    episodes.correct_as(world.web, actor, made.id, State.MASK, None)
    client = as_user(name)
    [listed] = client.get("/api/v1/episodes").json()["items"]
    seen = client.get(f"/api/v1/episodes/{made.id}").json()["episode"]
    said = {each[key] for each in (listed, seen) for key in ("acknowledged_by", "corrected_by")}
    assert said == ({actor} if sees else {"link:***"})
    again = client.post(f"/api/v1/episodes/{made.id}/acknowledge")
    assert (actor in again.text) == sees
