"""What the files of this folder share around PyAV: safe opening and errors in plain words."""

from __future__ import annotations

import errno
import socket
from urllib.parse import urlsplit

import av
import av.error

from maskwatch.errors import SourceCause
from maskwatch.frames.urls import RTSP_SCHEMES, TLS_SCHEMES, scheme_of

_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (av.error.ConnectionRefusedError, "connection refused: nothing answers there"),
    (av.error.ConnectionResetError, "the connection was cut"),
    (av.error.BrokenPipeError, "the connection was cut"),
    (av.error.TimeoutError, "no answer in time"),
    (av.error.ExitError, "no answer in time"),  # what FFmpeg says when PyAV's timeout strikes
    (av.error.HTTPUnauthorizedError, "user name or password not accepted (401)"),
    (av.error.HTTPForbiddenError, "access forbidden (403)"),
    (av.error.HTTPNotFoundError, "not found on the server (404)"),
    (av.error.HTTPBadRequestError, "the server calls the request bad (400)"),
    (av.error.HTTPOtherClientError, "the server refuses the request (4xx)"),
    (av.error.HTTPServerError, "the server reports an error of its own (5xx)"),
    (av.error.InvalidDataError, "not a picture or video, or damaged from the start"),
    (av.error.EOFError, "it ends before the first picture"),
    (av.error.ProtocolNotFoundError, "this kind of address is not supported"),
    (av.error.DecoderNotFoundError, "its video codec is not supported"),
    (av.error.PermissionError, "permission denied"),
    (av.error.FileNotFoundError, "no such file or device"),
)

_CAUSES = {
    av.error.ConnectionRefusedError: SourceCause.REFUSED,
    av.error.HTTPUnauthorizedError: SourceCause.LOGIN,
    av.error.HTTPNotFoundError: SourceCause.NOT_FOUND,
}


def cause_of(error: av.FFmpegError) -> SourceCause | None:
    """Why FFmpeg failed, where there is something to do about it."""
    return _CAUSES.get(type(error))


def plain_reason(error: av.FFmpegError) -> str:
    """Why FFmpeg failed, in a short clause without the address, which may hold a password."""
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    said = error.strerror or type(error).__name__
    return said[:1].lower() + said[1:]


def network_reason(error: av.FFmpegError, url: str) -> str:
    """`plain_reason` for a URL that cannot be opened, with what FFmpeg only logs.

    That a host name cannot be resolved and that nobody there speaks TLS are an "input/output error"
    to it, and any other answer than one in RTSP is invalid data.
    """
    host, scheme = _host_of(url), scheme_of(url) or ""
    if host and isinstance(error, av.error.OSError) and error.errno == errno.EIO:
        if not _is_known(host):
            return f"the host name {host} is not known"
        if scheme in TLS_SCHEMES:
            return f"no encrypted connection (TLS) can be made; is it {scheme[:-1]}://?"
    if scheme in RTSP_SCHEMES and isinstance(error, av.error.InvalidDataError):
        return "no RTSP camera answers there, or it broke off"
    return plain_reason(error)


def is_end(error: av.FFmpegError) -> bool:
    """Whether what had been connected to ended: before what was announced, or with nothing said.

    An "input/output error" is what FFmpeg calls both.
    """
    return isinstance(error, av.error.OSError) and error.errno == errno.EIO


def end_reason(error: av.FFmpegError) -> str:
    """`plain_reason` for what had been connected to."""
    return "the connection was cut" if is_end(error) else plain_reason(error)


def jump_reason(error: av.FFmpegError) -> str:
    """`end_reason` for a recording that opened and then gave no picture.

    An MP4 whose index is at its end opens where FFmpeg must not jump back to the pictures.
    """
    reason = end_reason(error)
    if reason == plain_reason(error):
        return reason
    return f"{reason}, or the server does not let one jump in the file: download it first"


def _is_known(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):  # the second for what can be no name, such as "a..b"
        return False
    return True


def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
