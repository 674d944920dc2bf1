from __future__ import annotations

import av.error
import pytest

from maskwatch.frames.avio import network_reason, plain_reason
from maskwatch.frames.camera import camera_input, stream_input


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
    source = stream_input("rtsp://h/cam", read_timeout_s=2.5)
    assert dict(source.options) == {"rtsp_transport": "tcp", "timeout": "2500000"}
    source = stream_input("RTSPS://h/cam", read_timeout_s=1, rtsp_transport="udp")
    assert dict(source.options)["rtsp_transport"] == "udp"


def test_other_streams_get_a_timeout_that_does_not_make_them_servers() -> None:
    # FFmpeg's "timeout" for rtmp:// means waiting for a caller.
    source = stream_input("rtmp://h/live", read_timeout_s=3)
    assert dict(source.options) == {"rw_timeout": "3000000"}


@pytest.mark.parametrize("scheme", ["https", "rtsps", "rtmps"])
def test_certificates_of_cameras_are_not_checked_whatever_the_version_of_ffmpeg(
    scheme: str,
) -> None:
    assert dict(stream_input(f"{scheme}://h/x", read_timeout_s=1).options)["tls_verify"] == "0"
    plain = stream_input(f"{scheme[:-1]}://h/x", read_timeout_s=1)
    assert "tls_verify" not in dict(plain.options)


def test_a_password_goes_to_ffmpeg_and_is_shown_nowhere() -> None:
    source = stream_input("rtsp://a:s3cret@h/cam", read_timeout_s=1)
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
