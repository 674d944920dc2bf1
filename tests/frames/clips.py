"""Small clips whose frames can be told apart: the brightness says which one it is."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

STEP = 8
"""Grey levels from one frame to the next."""


def write_clip(
    path: Path,
    frames: int = 20,
    *,
    fps: int = 10,
    codec: str = "mpeg4",
    times: Sequence[float] | None = None,
    size: tuple[int, int] = (64, 48),
    options: dict[str, str] | None = None,
    b_frames: int = 0,
    pixel_aspect: Fraction | None = None,
) -> Path:
    """Write a clip; frame i is grey of level ``(i * STEP) % 256``, its left third white.

    One keyframe in five.

    Args:
        path: the extension decides the container.
        frames: how many, unless ``times`` is given.
        fps: frames per second, unless ``times`` is given.
        codec: FFmpeg's name of the encoder.
        times: seconds of each frame, for a variable frame rate.
        size: width and height.
        options: of the container.
        pixel_aspect: width of a pixel over its height, if stated.
        b_frames: x264 makes so many pictures between two others from both, and no other from these.
    """
    times = [i / fps for i in range(frames)] if times is None else times
    time_base = Fraction(1, 1000)
    with av.open(str(path), "w", options=options or {}) as container:
        between = {"x264-params": f"bframes={b_frames}:b-adapt=0:scenecut=0"} if b_frames else {}
        stream = container.add_stream(codec, rate=fps, options=between)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        if pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        stream.bit_rate = 800_000
        stream.gop_size = 5
        stream.codec_context.thread_count = 1  # the same bytes every time
        if times != [i / fps for i in range(frames)]:
            stream.time_base = stream.codec_context.time_base = time_base
        else:
            time_base = Fraction(1, fps)
        for i, t in enumerate(times):
            frame = av.VideoFrame.from_ndarray(picture(i, size), format="bgr24")
            frame.pts, frame.time_base = round(t / time_base), time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def picture(i: int, size: tuple[int, int] = (64, 48)) -> np.ndarray:
    """Frame i of a clip, ``(H, W, 3)`` uint8.

    The lower edge is noise, so that every frame takes some room in the file.
    """
    width, height = size
    image = np.full((height, width, 3), (i * STEP) % 256, np.uint8)
    image[:, : width // 3] = 255
    noise = np.random.default_rng(i).integers(100, 156, (height // 8, width, 1), np.uint8)
    image[-(height // 8) :] = noise
    return image


def number_of(image: np.ndarray) -> int:
    """Which frame of a clip of at most 32 frames a decoded picture is."""
    height, width = image.shape[:2]
    level = float(image[height // 4 : -height // 4, width // 2 : -width // 8].mean())
    return round(level / STEP)


def write_sound(path: Path) -> Path:
    """A second of silence, without any video stream."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44_100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts = 44_100, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
