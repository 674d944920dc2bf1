from __future__ import annotations

import av.error
import pytest

from maskwatch.frames.avio import network_reason, plain_reason
from maskwatch.frames.camera import camera_input, live_input


@pytest.mark.parametrize(
    ("location", "platform", "url", "format_"),
    [
        ("0", "linux", "/dev/video0", "v4l2"),
        ("/dev/video3", "linux", "/dev/video3", "v4l2"),
        ("1", "darwin", "1:none", "avfoundation"),
    ],
)
def test_webcams_by_platform(location: str, platform: str, url: str, format_: str) -> None:
    source = camera_input(location, platform)
    assert (source.url, source.format) == (url, format_)


def test_rtsp_goes_over_tcp_unless_told_otherwise() -> None:
    assert dict(live_input("rtsp://h/cam").options) == {"rtsp_transport": "tcp"}
    assert dict(live_input("RTSPS://h/cam", "udp").options)["rtsp_transport"] == "udp"
    assert live_input("rtmp://h/live").options == ()


@pytest.mark.parametrize("scheme", ["https", "rtsps", "rtmps"])
def test_certificates_of_cameras_are_not_checked_whatever_the_version_of_ffmpeg(
    scheme: str,
) -> None:
    assert dict(live_input(f"{scheme}://h/x").options)["tls_verify"] == "0"
    assert "tls_verify" not in dict(live_input(f"{scheme[:-1]}://h/x").options)


def test_a_password_goes_to_ffmpeg_and_is_shown_nowhere() -> None:
    source = live_input("rtsp://a:s3cret@h/cam")
    assert source.url == "rtsp://a:s3cret@h/cam"
    assert source.name == "rtsp://a:***@h/cam"
    assert "s3cret" not in repr(source)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (av.error.ConnectionRefusedError, "connection refused"),
        (av.error.ExitError, "no answer in time"),
        (av.error.HTTPUnauthorizedError, "user name or password"),
        (av.error.HTTPNotFoundError, "404"),
        (av.error.InvalidDataError, "not a picture or video"),
        (av.error.IsADirectoryError, "is a directory"),
    ],
)
def test_reasons_are_plain_and_never_hold_the_address(kind: type[Exception], said: str) -> None:
    error = kind(1, "Is a directory", "rtsp://a:s3cret@h/cam")
    assert isinstance(error, av.FFmpegError)
    assert said in plain_reason(error)
    assert "s3cret" not in plain_reason(error)


def test_a_host_that_does_not_exist_is_named() -> None:
    error = av.error.OSError(5, "Input/output error", "http://a:b@nosuch.invalid/x")
    reason = network_reason(error, "http://a:b@nosuch.invalid/x")
    assert reason == "the host name nosuch.invalid is not known"
    reason = network_reason(error, "http://cam..test/x")
    assert reason == "the host name cam..test is not known"
    assert network_reason(error, "http://127.0.0.1/x") == "input/output error"
    assert network_reason(error, "http://[broken") == "input/output error"
