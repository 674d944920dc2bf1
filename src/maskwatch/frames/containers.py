"""Opens videos and streams with PyAV, whichever release of it is there."""

from __future__ import annotations

from typing import Any

import av
from av.container import InputContainer

_TOLERANT: dict[str, Any] = (
    {"metadata_errors": "surrogateescape"} if int(av.__version__.split(".")[0]) < 19 else {}
)
"""Keeps titles and comments that are no UTF-8 from making a video unreadable. Since version 19 PyAV
does so by itself, and knows the argument no more."""


def open_container(address: str, **how: Any) -> InputContainer:
    """Opens a video or stream for reading.

    Args:
        address: a path behind ``file:``, or a URL.
        how: further arguments of ``av.open``.

    Raises:
        av.FFmpegError: it cannot be opened; some are an ``OSError``, too.
    """
    container: InputContainer = av.open(address, "r", **_TOLERANT, **how)
    return container


def states_size(container: InputContainer) -> bool:
    """Whether it is known how many bytes there are; of an answer over HTTP its server may not say.

    The end of one that does not is an error to FFmpeg: see `maskwatch.frames.avio.is_end`.
    """
    return (container.size or 0) > 0
