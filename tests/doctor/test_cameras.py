"""Cameras that deliver and cameras that do not, against a real RTSP server."""

from __future__ import annotations

import shutil
from pathlib import Path

from maskwatch.config.cameras import CameraConfig
from maskwatch.doctor import cameras
from maskwatch.doctor.cameras import check_camera
from maskwatch.doctor.finding import Grade
from maskwatch.errors import SourceCause
from maskwatch.frames.reach import Reach
from tests.servers.local import free_port, need_rtsp_server, web_server
from tests.servers.rtsp import rtsp_camera


def camera(url: str) -> CameraConfig:
    return CameraConfig.model_validate({"url": url})


def test_a_camera_that_delivers_and_one_that_does_not() -> None:
    need_rtsp_server()
    with rtsp_camera() as server:
        found = check_camera("door", camera(f"rtsp://127.0.0.1:{server.port}/cam"))
        assert found.grade is Grade.WARNING  # a camera of 320x240
        assert "320x240 is small" in found.said
        assert found.frame_bytes == 320 * 240 * 3
    found = check_camera("door", camera(f"rtsp://viewer:s3cret@127.0.0.1:{free_port()}/x"))
    assert (found.what, found.grade) == ("camera door", Grade.FAILED)
    assert "s3cret" not in f"{found}"


def test_a_still_picture_behind_an_address_is_no_camera(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parents[2] / "samples" / "states.jpg", tmp_path)
    with web_server(tmp_path) as server:
        found = check_camera("door", camera(f"{server.url}/states.jpg"))
    assert found.grade is Grade.FAILED
    assert "not a live stream" in found.said
    assert "live stream" in found.advice


def test_a_camera_that_is_switched_off_is_not_tried() -> None:
    off = CameraConfig.model_validate({"url": "rtsp://nowhere.test/1", "enabled": False})
    assert check_camera("door", off).said == "switched off"


def test_the_advice_follows_from_the_cause(tmp_path: Path) -> None:
    nobody = camera(f"rtsp://127.0.0.1:{free_port()}/x")
    assert "nothing listens" in check_camera("door", nobody).advice
    assert "web.camera_networks" in check_camera("door", nobody, Reach()).advice
    with web_server(tmp_path) as server:
        elsewhere = check_camera("door", camera(f"{server.url}/none"))
    assert "path of the stream" in elsewhere.advice
    unknown = check_camera("door", camera("rtsp://nowhere.test/1"))
    assert "can this machine reach it" in unknown.advice


def test_a_camera_that_wants_another_password_is_told_from_others() -> None:
    need_rtsp_server()
    with rtsp_camera(user="viewer:s3cret") as server:
        found = check_camera("door", camera(f"rtsp://viewer:no@127.0.0.1:{server.port}/cam"))
    assert "correct user name" in found.advice


def test_each_cause_has_its_advice() -> None:
    assert cameras._ADVICE.keys() == {*SourceCause, None}
    assert len(set(cameras._ADVICE.values())) == len(cameras._ADVICE)
