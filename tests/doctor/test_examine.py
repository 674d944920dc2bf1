"""All checks together: which there are, in which order, and what one that fails does to them."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from maskwatch.config.cameras import CameraConfig
from maskwatch.config.root import Config
from maskwatch.doctor import examine as examination
from maskwatch.doctor import host
from maskwatch.doctor.examine import examine
from maskwatch.doctor.finding import Finding, Grade
from maskwatch.store.database import Database
from maskwatch.store.ids import new_id
from maskwatch.store.records import StoredCamera
from maskwatch.store.store import Store
from tests.doctor.configured import config, contents
from tests.servers.local import free_port


@pytest.mark.parametrize(
    ("room_mb", "grade"), [(64, Grade.FAILED), (80, Grade.OK)], ids=["short", "enough"]
)
def test_shared_memory_must_hold_a_frame_of_each_camera(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room_mb: int, grade: Grade
) -> None:
    def delivering(name: str, *_: object) -> Finding:
        return Finding(f"camera {name}", Grade.OK, "", frame_bytes=3840 * 2160 * 3)

    def size_of(_: Path) -> SimpleNamespace:
        return SimpleNamespace(f_blocks=room_mb * 250, f_frsize=4000)

    monkeypatch.setattr(examination, "check_camera", delivering)
    monkeypatch.setattr(host, "SHARED_MEMORY", tmp_path)
    monkeypatch.setattr(os, "statvfs", size_of)
    text = "cameras: {a: {url: 0}, b: {url: 1}, c: {url: 2}}\nweb: {port: 0}"
    found = list(examine(config(text, tmp_path)))[-1]
    assert (found.what, found.grade) == ("shared memory", grade)
    assert f"{room_mb} MB" in found.said
    assert ("--shm-size" in found.advice) == (grade is Grade.FAILED)


def test_a_check_that_fails_itself_is_a_finding_and_the_others_are_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> Finding:
        raise ValueError("s3cret")

    monkeypatch.setattr(host, "check_disk", fail)
    found = {each.what: each for each in examine(config("web: {port: 0}", tmp_path))}
    assert list(found) == ["clock", "models", "database", "disk", "dashboard"]
    assert found["disk"].grade is Grade.FAILED
    assert "ValueError in test_examine.py, line" in found["disk"].said
    assert "s3cret" not in f"{found}"
    assert found["dashboard"].grade is Grade.OK


def test_whoever_has_heard_enough_does_not_wait_for_the_checks_that_have_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def slow(name: str, _: CameraConfig) -> Finding:
        tried.append(name)
        time.sleep(1)  # of 100, 8 at a time: the others have begun 12 seconds later
        return Finding(name, Grade.OK, "")

    monkeypatch.setattr(examination, "check_camera", slow)
    monkeypatch.setattr(examination, "check_models", lambda *_: Finding("models", Grade.OK, ""))
    cameras = ", ".join(f"c{i}: {{url: rtsp://nowhere.test/{i}}}" for i in range(100))
    found = examine(config(f"cameras: {{{cameras}}}", tmp_path))
    assert next(found).what == "clock"
    found.close()
    assert len(tried) < 50


def test_everything_is_examined(tmp_path: Path) -> None:
    text = "cameras: {off: {url: 0, enabled: false}}\nweb: {port: 0}"
    names = [found.what for found in examine(config(text, tmp_path))]
    assert contents(tmp_path) == {}
    assert names == ["clock", "models", "database", "disk", "camera off", "dashboard"]


def stored(there: Config, name: str, **settings: object) -> None:
    """A camera as the dashboard adds it."""
    now = datetime.now(UTC)
    with Store.open(there.storage.database_url, there.storage.snapshots) as store:
        store.cameras.add(StoredCamera(new_id(), name, settings, now, now))


def test_cameras_of_the_dashboard_are_tried_too_where_the_service_may_reach_them(
    tmp_path: Path,
) -> None:
    there = config("cameras: {off: {url: 0, enabled: false}}\nweb: {port: 0}", tmp_path)
    stored(there, "ward", url=f"rtsp://127.0.0.1:{free_port()}/1", max_fps=60)
    stored(there, "cellar", url="rtsp://nowhere.test/1", enabled=False)
    before = contents(tmp_path)
    found = {each.what: each for each in examine(there)}
    assert contents(tmp_path) == before
    cameras = [what for what in found if what.startswith("camera ")]
    assert cameras == ["camera off", "camera cellar", "camera ward"]
    assert found["camera cellar"].said == "switched off"
    assert found["camera ward"].grade is Grade.FAILED
    assert "not open to the dashboard" in found["camera ward"].said
    assert "web.camera_networks" in found["camera ward"].advice


def test_the_speed_of_the_models_is_compared_with_cameras_of_the_dashboard_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = Finding("camera", Grade.OK, "")
    monkeypatch.setattr(examination, "check_camera", lambda *_: nothing)
    there = config("web: {port: 0}", tmp_path)
    for number in range(40):
        stored(there, f"ward {number}", url="rtsp://nowhere.test/1", max_fps=60)
    models = next(each for each in examine(there) if each.what == "models")
    assert (models.grade, "ask for 2400" in models.said) == (Grade.WARNING, True)


def test_cameras_of_a_database_that_another_version_made_are_left_alone(tmp_path: Path) -> None:
    there = config("web: {port: 0}", tmp_path)
    stored(there, "ward", url="rtsp://nowhere.test/1", enabled=False)
    database = Database(there.storage.database_url)
    with database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'm9999'"))
    database.close()
    found = [each.what for each in examine(there)]
    assert found == ["clock", "models", "database", "disk", "dashboard"]
