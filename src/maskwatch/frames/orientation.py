"""How pictures have to be turned and mirrored: as their display matrix says, and as people do."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from maskwatch.types import Image


Turn = Literal[0, 90, 180, 270]
"""Degrees clockwise by which pictures of a camera that is mounted on its side become upright."""


def turned(image: Image, turn: Turn) -> Image:
    """An ``(H, W, 3)`` image turned clockwise, C-contiguous; itself where there is no turn."""
    return np.ascontiguousarray(np.rot90(image, -turn // 90)) if turn else image


class Orientation(NamedTuple):
    """What makes a picture upright: its sides change places first, then it is mirrored."""

    swaps_sides: bool
    """Whether rows become columns."""
    mirrors_x: bool
    """Whether left and right change places."""
    mirrors_y: bool
    """Whether top and bottom change places."""

    def upright(self, image: Image) -> Image:
        """A view of an ``(H, W, 3)`` image, which is ``(W, H, 3)`` if the sides are swapped."""
        # No OpenCV here: every camera's process would carry it along.
        if self.swaps_sides:
            image = image.swapaxes(0, 1)
        return image[:: -1 if self.mirrors_y else 1, :: -1 if self.mirrors_x else 1]


def orientation_of_matrix(a: float, b: float, c: float, d: float) -> Orientation:
    """The nearest quarter turn, mirrored or not, to what a display matrix asks for.

    The matrix shows what is stored at (x, y) at (ax + cy, bx + dy), wherever the origin comes to
    lie (ISO 14496-12, 6.2.2).
    """
    if abs(b) > abs(a):
        return Orientation(swaps_sides=True, mirrors_x=c < 0, mirrors_y=b < 0)
    return Orientation(swaps_sides=False, mirrors_x=a < 0, mirrors_y=d < 0)


def orientation_of(frame: VideoFrame) -> Orientation:
    """What makes a decoded picture upright.

    Not to be asked of every picture: PyAV ties it to its side data and back, so that it is not
    freed before the next garbage collection.
    """
    try:
        side_data: Any = frame.side_data  # some releases of PyAV know only motion vectors by type
    except ValueError:
        # Until version 19 PyAV gives no side data if there is some of a kind that it does not
        # know, such as Exif. The angle it does give, but not whether the picture is mirrored.
        angle = math.radians(frame.rotation)
        cos, sin = math.cos(angle), math.sin(angle)
        return orientation_of_matrix(cos, -sin, sin, cos)
    matrix = side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return orientation_of_matrix(1, 0, 0, 1)
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(matrix))
    return orientation_of_matrix(a, b, c, d)
