"""What machines ask: alive, ready, and numbers for Prometheus."""

from __future__ import annotations

import errno
import os
import shutil
import time
from pathlib import Path
from threading import Event

import pytest
from fastapi.testclient import TestClient

from maskwatch.config.web import WebConfig
from maskwatch.errors import StoreError
from maskwatch.web.app import create_app
from tests.web.world import World, make_world


def test_the_box_is_alive_before_it_is_ready(anonymous: TestClient, world: World) -> None:
    world.service.ready = False
    assert anonymous.get("/healthz").text == "ok\n"
    answer = anonymous.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"service": False, "store": True}
    # As ``wget --spider`` and services that watch from outside ask.
    for path, status in (("/healthz", 200), ("/readyz", 503)):
        answer = anonymous.head(path)
        assert (answer.status_code, answer.content) == (status, b"")


def test_metrics_need_a_token_unless_they_are_public(
    anonymous: TestClient, admin: TestClient, tmp_path: Path
) -> None:
    assert TestClient(anonymous.app).get("/metrics").status_code == 401
    body = {"name": "prometheus", "scopes": ["system:read"]}
    token = admin.post("/api/v1/tokens", json=body).json()["token"]
    answer = TestClient(anonymous.app).get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert 'maskwatch_camera_up{camera="entrance"} 1.0' in answer.text
    folder = tmp_path / "public"
    folder.mkdir()
    public = make_world(folder, config=WebConfig(metrics_public=True))
    with TestClient(create_app(public.web, dashboard=False)) as client:
        assert client.get("/metrics").status_code == 200
    public.store.close()


def test_metrics_tell_how_the_cameras_do_while_the_database_does_not_answer(
    tmp_path: Path,
) -> None:
    world = make_world(tmp_path, config=WebConfig(metrics_public=True))
    with TestClient(create_app(world.web, dashboard=False)) as client:
        assert "maskwatch_store_up 1.0" in client.get("/metrics").text
        world.store.close()
        (tmp_path / "store.db").write_bytes(b"no database" * 1000)
        world.service.store = None  # the real one asks nothing of it
        answer = client.get("/metrics")
    assert answer.status_code == 200
    assert 'maskwatch_camera_up{camera="entrance"} 1.0' in answer.text
    assert "maskwatch_unwritten_records 0.0" in answer.text
    assert "maskwatch_store_up 0.0" in answer.text
    assert "maskwatch_photo_bytes" not in answer.text


def test_probes_are_answered_soon_while_the_database_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = Event()

    def hang() -> None:
        goes_on.wait(15)
        raise StoreError("the database failed")

    world = make_world(tmp_path, config=WebConfig(metrics_public=True))
    for records, name in ((world.store.users, "count"), (world.store.deliveries, "counts")):
        monkeypatch.setattr(records, name, hang)
    with TestClient(create_app(world.web, dashboard=False)) as client:
        asked_at = time.monotonic()
        told = [client.get(path) for path in ("/metrics", "/readyz", "/metrics", "/readyz")]
        took_s = time.monotonic() - asked_at
        goes_on.set()
    assert took_s < 10
    assert [answer.status_code for answer in told] == [200, 503, 200, 503]
    assert "maskwatch_store_up 0.0" in told[0].text
    assert 'maskwatch_camera_up{camera="entrance"} 1.0' in told[2].text
    assert told[3].json()["checks"] == {"service": True, "store": False}
    world.store.close()


def test_metrics_tell_all_else_while_the_disk_of_the_photos_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: Path) -> None:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    world = make_world(tmp_path, config=WebConfig(metrics_public=True))
    monkeypatch.setattr(shutil, "disk_usage", away)
    with TestClient(create_app(world.web, dashboard=False)) as client:
        answer = client.get("/metrics")
    assert answer.status_code == 200
    assert "maskwatch_store_up 1.0" in answer.text
    assert 'maskwatch_deliveries{state="dead"}' in answer.text
    assert "maskwatch_disk_free_bytes" not in answer.text
    world.store.close()


def test_metrics_count_refused_logins_that_the_audit_log_leaves_out(tmp_path: Path) -> None:
    world = make_world(tmp_path, config=WebConfig(metrics_public=True))
    with TestClient(create_app(world.web, dashboard=False)) as client:
        for _ in range(8):
            client.post("/api/v1/session", json={"name": "anna", "password": "wrong"})
        told = client.get("/metrics").text
    assert 'maskwatch_refused_logins_total{reason="wrong_password"} 5.0' in told
    assert 'maskwatch_refused_logins_total{reason="held_back"} 3.0' in told
    world.store.close()
