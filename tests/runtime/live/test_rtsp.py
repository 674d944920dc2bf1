"""A real RTSP camera on this machine: GStreamer's server, in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import pytest

from maskwatch.errors import SourceError, SourceLost
from maskwatch.frames.camera import live_input
from maskwatch.runtime.live.backoff import ReconnectPolicy
from maskwatch.runtime.live.health import Connection, SourceHealth
from maskwatch.runtime.live.source import LiveOptions, LiveSource
from tests.servers.local import free_port, need_rtsp_server
from tests.servers.rtsp import rtsp_camera


@pytest.fixture(autouse=True)
def _needs_a_camera() -> None:
    need_rtsp_server()


def camera_at(
    port: int,
    login: str = "",
    *,
    attempts: int = 10,
    on_health: Callable[[SourceHealth], None] | None = None,
) -> LiveSource:
    policy = ReconnectPolicy(max_attempts=attempts, first_delay_s=0.2, max_delay_s=1.0)
    options = LiveOptions(open_timeout_s=15, read_timeout_s=5, reconnect=policy)
    camera = live_input(f"rtsp://{login}127.0.0.1:{port}/cam")
    return LiveSource(camera, options=options, on_health=on_health)


def test_a_camera_delivers() -> None:
    with rtsp_camera() as camera, camera_at(camera.port) as source:
        assert (source.is_live, source.fps, source.frame_count) == (True, 15.0, None)
        frames = [frame for frame, _ in zip(source, range(10), strict=False)]
    assert {frame.image.shape for frame in frames} == {(240, 320, 3)}
    assert frames[-1].image.max() > 200  # the white ball
    assert [frame.index for frame in frames] == sorted({frame.index for frame in frames})
    assert [frame.t for frame in frames] == sorted({frame.t for frame in frames})


def test_a_camera_with_a_password_opens_and_keeps_it(capfd: pytest.CaptureFixture[str]) -> None:
    health: list[SourceHealth] = []
    with rtsp_camera(user="admin:s3cret") as camera:
        port = camera.port
        with camera_at(port, "admin:s3cret@", on_health=health.append) as source:
            frame = next(iter(source))
            assert frame.source == source.name == f"rtsp://admin:***@127.0.0.1:{port}/cam"
    out, err = capfd.readouterr()
    assert "s3cret" not in f"{health} {frame.source} {out} {err}"


def test_a_percent_encoded_password_is_what_the_camera_gets() -> None:
    with (
        rtsp_camera(user="admin:Win@ter/20#%24") as camera,
        camera_at(camera.port, "admin:Win%40ter%2F20%23%2524@") as source,
    ):
        assert next(iter(source)).image.shape == (240, 320, 3)


def test_a_wrong_password_is_named_as_the_reason(capfd: pytest.CaptureFixture[str]) -> None:
    with (
        rtsp_camera(user="admin:s3cret") as camera,
        pytest.raises(SourceError) as caught,
        camera_at(camera.port, "admin:wr0ng@"),
    ):
        pass
    assert caught.value.reason == "cannot be opened: user name or password not accepted (401)"
    out, err = capfd.readouterr()
    assert "wr0ng" not in f"{caught.value} {out} {err}"


def test_a_dead_address_fails_at_once() -> None:
    health: list[SourceHealth] = []
    with pytest.raises(SourceError) as caught, camera_at(free_port(), on_health=health.append):
        pass
    assert "connection refused" in caught.value.reason
    assert [report.connection.value for report in health] == ["gone"]


def test_an_unplugged_camera_is_lost_for_good_after_a_few_attempts() -> None:
    health: list[SourceHealth] = []
    frames = []
    with (
        rtsp_camera() as camera,
        camera_at(camera.port, attempts=2, on_health=health.append) as source,
    ):
        stream = iter(source)
        frames.append(next(stream))
        camera.process.kill()
        with pytest.raises(SourceLost) as caught:
            frames.extend(stream)
    assert caught.value.source == source.name
    assert "2 attempts to reconnect failed" in caught.value.reason
    assert [report.connection.value for report in health] == ["connected", "lost", "lost", "gone"]


def test_a_camera_that_is_plugged_in_again_goes_on() -> None:
    health: list[SourceHealth] = []
    with ExitStack() as stack:
        with rtsp_camera() as camera:
            port = camera.port
            source = stack.enter_context(camera_at(port, attempts=60, on_health=health.append))
            stream = iter(source)
            before = next(stream)
        stack.enter_context(rtsp_camera(port))
        after = next(frame for frame in stream if health[-1].attempt > 0)
    assert after.index > before.index
    assert after.t > before.t
    assert after.image.shape == before.image.shape
    assert [health[0].connection, health[-1].connection] == [Connection.CONNECTED] * 2
    assert {report.connection.value for report in health[1:-1]} == {"lost"}
