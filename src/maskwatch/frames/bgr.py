"""Decoded pictures as the stages take them: upright, with square pixels, in BGR."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from av.video.reformatter import VideoReformatter

from maskwatch.frames.orientation import Orientation, Turn, orientation_of, turned

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from maskwatch.types import Image

_SQUARE_ENOUGH = 1.2
"""Pixels up to so much wider or higher than they should be are taken for square: those of common
4:3 formats for television are by less than a tenth, which hardly changes a face."""
_MOST_STRETCHED = 4.0
"""What states more than this is a slip."""


class BgrConverter:
    """Turns decoded pictures upright, into square pixels and BGR; one converter serves one stream.

    Threads may share it: a picture is often made where it is needed, and FFmpeg's converter
    crashes when two work with it.

    Args:
        pixel_aspect: width of a pixel over its height. The shorter side of it is stretched.
        turn: by which upright pictures are turned after all.
    """

    def __init__(self, pixel_aspect: float = 1.0, turn: Turn = 0) -> None:
        stretch = max(pixel_aspect, 1 / pixel_aspect) if pixel_aspect > 0 else 1.0
        is_square = not _SQUARE_ENOUGH < stretch <= _MOST_STRETCHED
        self._across = 1.0 if is_square else max(1.0, pixel_aspect)
        self._down = 1.0 if is_square else max(1.0, 1 / pixel_aspect)
        self._turn = turn
        self._lock = threading.Lock()
        # Kept from picture to picture: setting one up takes longer than converting with it.
        self._reformatter = VideoReformatter()
        self._oriented: tuple[int, Orientation] | None = None

    def __call__(self, frame: VideoFrame) -> Image:
        """``(H, W, 3)`` uint8, BGR, C-contiguous, turned and mirrored as the file asks for."""
        with self._lock:
            return self._converted(frame)

    def _converted(self, frame: VideoFrame) -> Image:
        width, height = round(self._across * frame.width), round(self._down * frame.height)
        made = self._reformatter.reformat(frame, width, height, "bgr24")
        plane: Any = made.planes[0]  # not all releases of PyAV call it a buffer
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        image = rows[: made.height, : 3 * made.width].reshape(made.height, made.width, 3)
        upright = np.ascontiguousarray(turned(self._orientation(frame).upright(image), self._turn))
        # What was BGR already is the decoder's, which may go on from it to the next picture.
        return upright.copy() if made is frame else upright

    def _orientation(self, frame: VideoFrame) -> Orientation:
        """That of the last picture, for as long as the angle stays what it was."""
        angle = frame.rotation
        if self._oriented is None or self._oriented[0] != angle:
            self._oriented = angle, orientation_of(frame)
        return self._oriented[1]
