"""The head as a surface: which point of the face, or of cloth on it, each canvas pixel shows.

A point of the surface is (t, y): the angle around the vertical axis (0 at the middle of the
face, positive to the right of the picture, about pi/2 at the ears) and the height in head units.
The head is an elliptical cylinder that narrows to the chin; the nose and the tent of a mask stand
out of it. A turned head is handled exactly along each row: what stands in front hides what is
behind it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwatch_train.synthesis.canvas import Canvas, Floats
from maskwatch_train.synthesis.head import EYES_TO_MOUTH_MM, NOSE_DEPTH_MM, Head

_DEPTH_TO_WIDTH = 1.2
_NOSE_DEPTH = NOSE_DEPTH_MM / EYES_TO_MOUTH_MM
_NOSE_SPREAD = 0.17
_ROW_STEP_PX = 4
_ANGLES = np.radians(np.linspace(-130, 130, 105))


@dataclass(frozen=True, slots=True)
class Tent:
    """How far a mask stands off the face: a smooth bump."""

    centre_y: float
    height: float
    spread_x: float
    spread_y: float


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """The visible surface under a canvas; all arrays are ``(height, width)``."""

    angle: Floats
    """t in radians."""
    y: Floats
    depth: Floats
    """Towards the camera, in head units."""
    inside: Floats
    """Distance to the silhouette in head units, positive on the head."""


def half_width_at(head: Head, y: NDArray[np.floating]) -> NDArray[np.float64]:
    """Half the width of the head at the given heights: full at the cheeks, narrow at the chin."""
    levels = [0.45, 1.0, head.chin_y, head.chin_y + 0.4]
    return np.asarray(head.half_width * np.interp(y, levels, [1.0, 0.9, 0.7, 0.66]))


def project(
    head: Head, tent: Tent | None, t: NDArray[np.floating], y: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Position across the picture and depth towards the camera of surface points, in head units."""
    width = half_width_at(head, y)
    across = width * np.sin(t)
    out = _DEPTH_TO_WIDTH * head.half_width * (np.cos(t) - 1) + _relief(head, tent, across, y, t)
    sin, cos = np.sin(head.yaw), np.cos(head.yaw)
    return across * cos + out * sin, out * cos - across * sin


def bend(head: Head, t: NDArray[np.floating]) -> NDArray[np.floating]:
    """How much lower than at the middle of the face a row appears at angles ``t``, in head units.

    Negative (higher) at the sides when the head looks down.
    """
    depth = _DEPTH_TO_WIDTH * head.half_width
    return np.asarray(depth * math.sin(head.pitch) * (np.cos(t) - 1))


def visible_surface(canvas: Canvas, tent: Tent | None) -> Surface:
    """Which surface point each pixel of the canvas shows."""
    head = canvas.head
    count = max(2, canvas.height // _ROW_STEP_PX)
    rows = np.linspace(canvas.ys[0], canvas.ys[-1], count)
    xs = canvas.xs.astype(np.float64)
    across, depth = project(head, tent, _ANGLES[None, :], rows[:, None])
    table = np.empty((3, count, xs.size), np.float32)
    for i in range(count):
        position, order = _front_to_side(across[i], head.yaw >= 0)
        table[0, i] = np.interp(xs, position, _ANGLES[order])
        table[1, i] = np.interp(xs, position, depth[i, order])
        table[2, i] = np.minimum(xs - position[0], position[-1] - xs)
    size = (canvas.width, canvas.height)
    angle, depth_map, inside = (np.asarray(cv2.resize(part, size), np.float32) for part in table)
    return Surface(angle, _height_on_head(canvas, angle), depth_map, inside)


def _front_to_side(
    across: NDArray[np.float64], nose_to_right: bool
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The part of one row that the camera sees, as increasing positions and indices of angles.

    Going from the near side over the nose to the far side, a point is visible only where the row
    reaches further than anywhere before.
    """
    first, last = int(np.argmin(across)), int(np.argmax(across))
    order = np.arange(first, last + 1)
    position = across[order]
    if nose_to_right:
        keep = position >= np.maximum.accumulate(position)
    else:
        keep = position <= np.minimum.accumulate(position[::-1])[::-1]
    return position[keep], order[keep]


def _height_on_head(canvas: Canvas, angle: Floats) -> Floats:
    """Height on the head of each pixel: rows bend upwards at the sides when the head looks down."""
    return np.asarray(canvas.ys[:, None] - bend(canvas.head, angle), np.float32)


def _relief(
    head: Head,
    tent: Tent | None,
    across: NDArray[np.float64],
    y: NDArray[np.floating],
    t: NDArray[np.floating],
) -> NDArray[np.float64]:
    """How far nose, mask and neck stand out of (or back from) the cylinder."""
    front = np.cos(t) > 0
    bridge = np.interp(y, [0.0, head.nose_y, head.nose_y + 0.18], [0.0, 1.0, 0.0], right=0.0)
    relief = _NOSE_DEPTH * bridge * np.exp(-((across / _NOSE_SPREAD) ** 2))
    if tent is not None:
        bump = np.exp(-((across / tent.spread_x) ** 2) - ((y - tent.centre_y) / tent.spread_y) ** 2)
        relief = np.maximum(relief, tent.height * bump)
    neck = 0.5 * np.clip((y - head.chin_y) / 0.5, 0, 1)
    return np.asarray(np.where(front, relief, 0.0) - neck)
