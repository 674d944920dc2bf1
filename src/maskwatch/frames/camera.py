"""How cameras and network streams are handed to FFmpeg, and which of them have an end."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from maskwatch.errors import SourceError
from maskwatch.frames.urls import mask_password, scheme_of

if TYPE_CHECKING:
    from av.container import InputContainer

# FFmpeg's demuxers for still pictures; those for single files are named jpeg_pipe, png_pipe, ...
_PICTURE_FORMATS = ("_pipe", "image2")


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


def stream_input(url: str, *, read_timeout_s: float, rtsp_transport: str = "tcp") -> LiveInput:
    """A network stream.

    Args:
        url: with its password, if any.
        read_timeout_s: after this much silence a read fails.
        rtsp_transport: "tcp" arrives whole; "udp" for cameras that know nothing else.
    """
    microseconds = str(round(read_timeout_s * 1e6))
    if scheme_of(url) in ("rtsp", "rtsps"):
        options = {"rtsp_transport": rtsp_transport, "timeout": microseconds}
    else:
        options = {"rw_timeout": microseconds}
    return LiveInput(mask_password(url), url, None, tuple(options.items()))


def is_picture(container: InputContainer) -> bool:
    """Whether an address turned out to hold one still picture."""
    return container.format.name.endswith(_PICTURE_FORMATS)


def is_file(container: InputContainer) -> bool:
    """Whether an address turned out to hold a recording, to be read to its end without loss.

    That is so when the server states a length in bytes, or the container one in seconds (a
    finished HLS playlist, say). A recording that is sent at the speed of a camera, as RTSP
    does, counts as live.
    """
    if container.format.name.startswith(("rtsp", "sdp", "rtp", "mpjpeg")):
        return False
    return container.size > 0 or bool(container.duration)


def needs_pacing(container: InputContainer) -> bool:
    """Whether pictures come in bursts of a whole segment although they are live."""
    return container.format.name == "hls"


def _directshow_name(name: str, number: int) -> str:
    """The DirectShow name of the camera with this number, which Windows counts from 0."""
    from av.device import enumerate_input_devices  # only loaded where it is of use

    cameras = [
        device.name for device in enumerate_input_devices("dshow") if "video" in device.media_types
    ]
    if number >= len(cameras):
        raise SourceError(name, f"no such camera; there are {len(cameras)}")
    return cameras[number]
