"""How long a stream is, as the headers of its container state it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

COUNTED_FROM_ZERO = ("matroska,webm", "asf")
"""Formats whose length reaches from time 0 to the end, wherever the first picture is.

A recorder that starts a new file every few minutes may let the time run on from one to the next.
"""


def duration_of(container: InputContainer, stream: VideoStream) -> float | None:
    """Seconds from the first picture to the end that the headers state."""
    stated = _stated_duration(container, stream)
    if stated is None or container.format.name not in COUNTED_FROM_ZERO:
        return stated
    start = (stream.start_time or 0) * float(stream.time_base or 0)
    # Not all programs count from 0, and a length before the start has not been. Where that does
    # not show, the end is expected too early, which makes no whole recording pass for a cut one.
    return stated - start if stated > start else stated


def _stated_duration(container: InputContainer, stream: VideoStream) -> float | None:
    """Seconds that the headers state for the video stream itself.

    The container's own duration is that of its longest stream, so it only serves when there is
    no sound that could be the longer one.
    """
    if container.format.name == "avi" and stream.frames and stream.average_rate:
        return float(stream.frames / stream.average_rate)  # FFmpeg's own is guessed from the size
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    tag = _seconds(stream.metadata.get("DURATION", ""))  # Matroska, as FFmpeg and mkvmerge write it
    if tag is not None:
        return tag
    if container.duration and len(container.streams) == 1:
        return float(container.duration / av.time_base)
    return None


def _seconds(clock: str) -> float | None:
    """Seconds of "HH:MM:SS.fraction"; None for anything else."""
    try:
        hours, minutes, seconds = clock.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return None
