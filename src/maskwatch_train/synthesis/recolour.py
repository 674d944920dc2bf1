"""Other colours for real light blue masks: the recolouring of the published ``masknet`` system.

It finds the blue of surgical masks by a range of the HSV colour space and puts other colours
there: unchanged, dark, light, random without and with a pattern. The authors state neither their
range nor their colours; those here were chosen by eye on training pictures.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwatch.types import Box
from maskwatch_train.synthesis.canvas import Floats
from maskwatch_train.synthesis.prints import print_pattern

if TYPE_CHECKING:
    from maskwatch.types import Image

_LOW, _HIGH = np.array([80, 38, 105], np.uint8), np.array([118, 255, 255], np.uint8)
"""Hue (half degrees), saturation and value of light blue to cyan cloth."""
_LEAST_SHARE = 0.14
"""A smaller patch of a face's box is no mask."""
_LEAST_SOLIDITY = 0.86
"""Share of its convex outline that a mask fills; shadows on white and black cloth are ragged."""
_UPPER_SHARE = 0.3
"""Above this height of the box there are eyes and sky, not masks."""
_REACH = 0.12
"""A mask reaches beyond the box of the face by so much of its sides."""
_FABRIC_PX = 256


class Recolour(StrEnum):
    """The kinds of mask that the recipe draws from one blue mask."""

    UNCHANGED = "unchanged"
    DARK = "dark"
    LIGHT = "light"
    RANDOM = "random"
    PATTERN = "pattern"


def blue_mask(image_bgr: Image, box: Box) -> Floats | None:
    """Where a face wears a light blue mask.

    Args:
        image_bgr: ``(H, W, 3)`` uint8, BGR.
        box: the face in pixels of it.

    Returns:
        ``(H, W)`` coverage in [0, 1], soft at its rim; None when there is no such mask.
    """
    height, width = image_bgr.shape[:2]
    dx, dy = _REACH * box.width, _REACH * box.height
    x0, x1 = max(0, round(box.x0 - dx)), min(width, round(box.x1 + dx))
    y0, y1 = max(0, round(box.y0 + _UPPER_SHARE * box.height)), min(height, round(box.y1 + dy))
    if x1 - x0 < 8 or y1 - y0 < 8:
        return None
    blue = cv2.inRange(cv2.cvtColor(image_bgr[y0:y1, x0:x1], cv2.COLOR_BGR2HSV), _LOW, _HIGH)
    side = max(3, round(box.side * 0.05)) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    blue = cv2.morphologyEx(blue, cv2.MORPH_OPEN, kernel)
    blue = cv2.morphologyEx(blue, cv2.MORPH_CLOSE, kernel, iterations=2)
    outlines, _ = cv2.findContours(blue, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return None
    largest = max(outlines, key=cv2.contourArea)
    area, hull = cv2.contourArea(largest), cv2.contourArea(cv2.convexHull(largest))
    if area < _LEAST_SHARE * box.width * box.height or area < _LEAST_SOLIDITY * hull:
        return None
    patch = np.zeros(blue.shape, np.float32)
    cv2.drawContours(patch, [largest], -1, 1.0, cv2.FILLED)
    coverage: Floats = np.zeros((height, width), np.float32)
    coverage[y0:y1, x0:x1] = cv2.GaussianBlur(patch, (0, 0), max(0.6, box.side * 0.008))
    return coverage


def recolour(image_bgr: Image, box: Box, kind: Recolour, rng: np.random.Generator) -> Image | None:
    """The picture with the face's blue mask in another colour; folds and shadows stay.

    Args:
        image_bgr: ``(H, W, 3)`` uint8, BGR; not changed.
        box: the face that wears it, in pixels.
        kind: which colour.
        rng: source of every choice.

    Returns:
        A picture of the same shape; None when the face wears no light blue mask.
    """
    coverage = blue_mask(image_bgr, box)
    if coverage is None:
        return None
    if kind is Recolour.UNCHANGED:
        return image_bgr.copy()
    light = image_bgr.max(axis=2).astype(np.float32)
    shade = light / max(float(np.median(light[coverage > 0.5])), 1.0)
    fabric = _fabric(kind, coverage, rng) * 255
    painted = np.clip(fabric * np.clip(shade, 0.2, 1.5)[..., None], 0, 255)
    alpha = coverage[..., None]
    mixed = image_bgr * (1 - alpha) + painted * alpha
    return np.asarray(np.clip(np.rint(mixed), 0, 255), np.uint8)


def _fabric(kind: Recolour, coverage: Floats, rng: np.random.Generator) -> Floats:
    """``(H, W, 3)`` BGR shares of white: one colour, or a pattern as large as the mask."""
    colour = _colour(kind, rng)
    if kind is not Recolour.PATTERN:
        return np.broadcast_to(colour, (*coverage.shape, 3)).astype(np.float32)
    flat = np.broadcast_to(colour, (_FABRIC_PX, _FABRIC_PX, 3)).astype(np.float32)
    printed = print_pattern(flat, rng)
    rows, columns = (np.flatnonzero(coverage.max(axis=axis) > 0) for axis in (1, 0))
    size = (int(columns[-1] - columns[0]) + 1, int(rows[-1] - rows[0]) + 1)
    fabric = np.zeros((*coverage.shape, 3), np.float32)
    fabric[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = cv2.resize(
        printed, size, interpolation=cv2.INTER_AREA
    )
    return fabric


def _colour(kind: Recolour, rng: np.random.Generator) -> NDArray[np.float32]:
    """``(3,)`` BGR share of white."""
    saturation, value = {
        Recolour.DARK: ((0, 110), (18, 70)),
        Recolour.LIGHT: ((0, 45), (205, 250)),
    }.get(kind, ((60, 235), (90, 245)))
    hsv = np.array(
        [[[rng.uniform(0, 180), rng.uniform(*saturation), rng.uniform(*value)]]], np.uint8
    )
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)[0, 0] / np.float32(255), np.float32)
