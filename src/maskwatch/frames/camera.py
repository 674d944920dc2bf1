"""How cameras and network streams are handed to FFmpeg."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

from maskwatch.errors import SourceError
from maskwatch.frames.reach import Reach
from maskwatch.frames.urls import RTSP_SCHEMES, TLS_SCHEMES, mask_password, scheme_of


@dataclass(frozen=True, slots=True)
class LiveInput:
    """What FFmpeg needs to know to open a camera or a stream."""

    name: str
    """What people see: the password is masked."""
    url: str = field(repr=False)
    """What FFmpeg sees."""
    format: str | None = None
    """FFmpeg's name of the input format; None where it finds out by itself."""
    options: tuple[tuple[str, str], ...] = ()
    reach: Reach | None = None
    """Where connections may go; None for anywhere."""


def live_input(address: str, rtsp_transport: str = "tcp") -> LiveInput:
    """A webcam, or a network stream.

    Args:
        address: a webcam's number or device file; or a URL, with its password, if any.
        rtsp_transport: "tcp" arrives whole; "udp" for cameras that know nothing else.

    Raises:
        SourceError: there is no such webcam, as far as that can be told without opening it.
    """
    scheme = scheme_of(address)
    if scheme is None:
        return camera_input(address)
    options = {"rtsp_transport": rtsp_transport} if scheme in RTSP_SCHEMES else {}
    if scheme in TLS_SCHEMES:
        # Hardly a camera has a certificate that anybody vouches for. Since version 9 FFmpeg would
        # refuse all others; said here, so that every version does the same.
        options["tls_verify"] = "0"
    return LiveInput(mask_password(address), address, None, tuple(options.items()))


def camera_input(location: str, platform: str = sys.platform) -> LiveInput:
    """A webcam by number, or on Linux by device file.

    Raises:
        SourceError: there is no such camera, as far as that can be told without opening it.
    """
    if location.startswith("/dev/"):
        return LiveInput(location, location, "v4l2")
    name = f"camera {location}"
    if platform == "darwin":
        return LiveInput(name, f"{location}:none", "avfoundation", (("framerate", "30"),))
    if platform == "win32":
        return LiveInput(name, f"video={_directshow_name(name, int(location))}", "dshow")
    return LiveInput(name, f"/dev/video{location}", "v4l2")


def _directshow_name(name: str, number: int) -> str:
    """The DirectShow name of the camera with this number, which Windows counts from 0."""
    try:
        from av.device import enumerate_input_devices  # only loaded where it is of use
    except ImportError as error:
        raise SourceError(name, "webcams on Windows need a newer PyAV (av)") from error
    cameras = [
        device.name for device in enumerate_input_devices("dshow") if "video" in device.media_types
    ]
    if number >= len(cameras):
        raise SourceError(name, f"no such camera; there are {len(cameras)}")
    return cameras[number]
