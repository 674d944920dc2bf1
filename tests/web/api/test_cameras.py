"""Cameras: adding, changing, testing, switching them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from maskwatch.config.cameras import CameraConfig
from maskwatch.errors import StoreFull, UsageError
from maskwatch.runtime.monitoring.control import CameraPhase
from maskwatch.store.records import StoredCamera
from maskwatch.web.actions import cameras
from tests.web.world import NOW, World


def test_a_camera_is_added_changed_and_deleted(admin: TestClient, world: World) -> None:
    url = "rtsp://viewer:hush@8.8.8.8/stream"
    body = {"name": "gate", "settings": {"url": url, "max_fps": 4}}
    assert admin.post("/api/v1/cameras", json=body).status_code == 201
    assert admin.post("/api/v1/cameras", json=body).status_code == 409
    shown = admin.get("/api/v1/cameras/gate").json()["settings"]
    assert shown == {"url": "rtsp://viewer:***@8.8.8.8/stream", "max_fps": 4.0}
    # What was shown comes back with the password hidden, and the password stays.
    change = {"settings": {**shown, "rule": {"coverage_below": 60}}}
    assert admin.put("/api/v1/cameras/gate", json=change).status_code == 200
    [stored] = world.store.cameras.all()
    assert stored.settings["url"] == url
    config = CameraConfig.model_validate(dict(stored.settings))
    assert (config.rule.coverage_below, config.max_fps) == (60, 4)
    assert admin.delete("/api/v1/cameras/gate").status_code == 200
    assert world.store.cameras.all() == []
    # The file is not read for that: one that is refused would hold a camera back, or keep it on.
    assert (world.service.looked_up, world.service.reloads) == (3, 0)


def test_of_two_who_change_a_camera_at_the_same_time_the_second_is_told(
    admin: TestClient, world: World
) -> None:
    now = [NOW]
    world.web.now = lambda: now[0]
    settings = {"url": "rtsp://8.8.8.8/stream"}
    admin.post("/api/v1/cameras", json={"name": "gate", "settings": settings})
    read = admin.get("/api/v1/cameras/gate").json()
    now[0] += timedelta(minutes=1)
    first = {"settings": {**read["settings"], "max_fps": 4}, "changed_at": read["changed_at"]}
    assert admin.put("/api/v1/cameras/gate", json=first).status_code == 200
    now[0] += timedelta(minutes=1)
    second = {"settings": {**read["settings"], "max_fps": 2}, "changed_at": read["changed_at"]}
    answer = admin.put("/api/v1/cameras/gate", json=second)
    assert (answer.status_code, answer.json()["title"]) == (409, "changed meanwhile")
    assert admin.get("/api/v1/cameras/gate").json()["settings"]["max_fps"] == 4
    del second["changed_at"]  # whatever they are
    assert admin.put("/api/v1/cameras/gate", json=second).status_code == 200
    assert admin.get("/api/v1/cameras/entrance").json()["changed_at"] is None


def test_settings_that_could_never_be_given_out_again_are_refused(
    admin: TestClient, world: World
) -> None:
    body = rb'{"name": "gate", "settings": {"url": "rtsp://8.8.8.8/\ud800"}}'
    headers = {"Content-Type": "application/json"}
    assert admin.post("/api/v1/cameras", content=body, headers=headers).status_code == 422
    assert world.store.cameras.all() == []


def test_a_camera_is_said_to_stand_in_the_file_only_where_it_does(
    admin: TestClient, world: World
) -> None:
    # Deleted a moment ago, and not yet stopped.
    status = replace(world.service.cameras[0], camera="gate", from_dashboard=True)
    world.service.cameras.append(status)
    answer = admin.delete("/api/v1/cameras/gate")
    assert (answer.status_code, answer.json()["detail"]) == (404, "no camera is called 'gate'")
    answer = admin.delete("/api/v1/cameras/entrance")
    assert answer.status_code == 422
    assert "stands in the configuration file" in answer.json()["detail"]


def test_a_name_that_a_camera_in_the_store_has_is_taken_even_if_it_is_left_out(
    admin: TestClient, world: World
) -> None:
    settings = {"url": "rtsp://8.8.8.8/stream"}
    world.store.cameras.add(StoredCamera("1", "gate", settings, NOW, NOW))
    world.service.store = None  # such as one whose settings another version wrote
    answer = admin.post("/api/v1/cameras", json={"name": "gate", "settings": settings})
    assert answer.status_code == 409
    assert answer.json()["detail"] == "a camera is called 'gate' already"
    assert admin.delete("/api/v1/cameras/gate").status_code == 200


@pytest.mark.parametrize("name", ["", "door #2", "ward/3", "a" * 65, " door"])
def test_a_camera_without_a_name_of_the_configurations_kind_is_not_added(
    world: World, name: str
) -> None:
    # The page asks no route, and a topic with "#" in it would end the service.
    with pytest.raises(UsageError, match="name: must be"):
        cameras.add_camera(
            world.web, world.principal("anna"), name, {"url": "rtsp://8.8.8.8/stream"}
        )
    assert world.store.cameras.all() == []


def test_a_hidden_password_does_not_travel_to_another_host(admin: TestClient, world: World) -> None:
    body = {"name": "gate", "settings": {"url": "rtsp://viewer:hush@8.8.8.8/stream"}}
    admin.post("/api/v1/cameras", json=body)
    change = {"settings": {"url": "rtsp://viewer:***@9.9.9.9/stream"}}
    answer = admin.put("/api/v1/cameras/gate", json=change)
    assert answer.status_code == 422
    assert "password again" in answer.json()["detail"]


def test_what_is_no_address_leaves_the_reason_readable(admin: TestClient) -> None:
    answer = admin.post("/api/v1/cameras", json={"name": "gate", "settings": {"url": "a"}})
    assert answer.status_code == 422
    assert "webcam" in answer.json()["detail"]


def test_a_wrong_setting_is_named_and_the_address_is_not(admin: TestClient) -> None:
    settings = {"url": "rtsp://viewer:hush@8.8.8.8/stream", "max_fps": -1, "colour": "red"}
    answer = admin.post("/api/v1/cameras", json={"name": "gate", "settings": settings})
    assert answer.status_code == 422
    assert "max_fps" in answer.json()["detail"]
    assert "colour" in answer.json()["detail"]
    assert "hush" not in answer.text


def test_a_camera_of_the_configuration_file_is_shown_as_it_is_there(admin: TestClient) -> None:
    shown = admin.get("/api/v1/cameras/canteen").json()
    assert shown["status"]["from_dashboard"] is False
    assert shown["settings"] == {
        "url": "rtsp://viewer:***@192.0.2.12/stream1",
        "min_face_px": 40.0,
        "rule": {"coverage_below": 65.0},
        "zones": [{"name": "queue", "polygon": [[0.1, 0.2], [0.6, 0.2], [0.6, 0.9]]}],
        "schedule": {"hours": [{"start": "11:00:00", "end": "14:30:00"}]},
    }
    assert admin.get("/api/v1/cameras/nowhere").status_code == 404


def test_a_camera_of_the_configuration_file_is_not_changed_here(admin: TestClient) -> None:
    change = {"settings": {"url": "rtsp://8.8.8.8/"}}
    assert admin.put("/api/v1/cameras/entrance", json=change).status_code == 422
    assert admin.delete("/api/v1/cameras/entrance").status_code == 422
    assert admin.delete("/api/v1/cameras/nowhere").status_code == 404


def test_switching_a_camera_is_noted_once_it_is_done(admin: TestClient, world: World) -> None:
    world.service.cameras[1] = replace(world.service.cameras[1], enabled=False)
    assert admin.post("/api/v1/cameras/entrance/stop").status_code == 204
    assert admin.post("/api/v1/cameras/entrance/start").status_code == 204
    refused = admin.post("/api/v1/cameras/ward 3/start")
    assert refused.status_code == 422
    assert "switched off by its settings" in refused.json()["detail"]
    noted = [each for each in world.store.audit.page() if each.action.startswith("camera.")]
    assert [(each.action, each.subject) for each in noted] == [
        ("camera.started", "entrance"),
        ("camera.stopped", "entrance"),
    ]


def test_a_camera_stops_although_nothing_can_be_written(
    admin: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreFull("no room left on the disk")

    monkeypatch.setattr(world.store.audit, "append", full)
    assert admin.post("/api/v1/cameras/entrance/stop").status_code == 507
    assert world.service.camera_states()[0].phase is CameraPhase.STOPPED


def test_a_camera_that_does_not_answer_is_the_cameras_fault(
    admin: TestClient, world: World
) -> None:
    world.service.test_error = "connection refused"
    answer = admin.post("/api/v1/cameras/test", json={"url": "rtsp://8.8.8.8/"})
    assert answer.status_code == 502
    assert "connection refused" in answer.json()["detail"]
