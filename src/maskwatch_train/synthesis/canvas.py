"""The drawing board: an upright window on one head, and the way back into the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwatch_train.synthesis.head import Head

if TYPE_CHECKING:
    from maskwatch.types import Image

Floats: TypeAlias = NDArray[np.float32]

_MIN_SCALE, _MAX_SCALE = 44.0, 220.0
_FIXED_POINT_BITS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """A window on a head, upright and in head units, sampled at ``scale`` pixels per unit."""

    head: Head
    left: float
    top: float
    scale: float
    width: int
    height: int

    @property
    def xs(self) -> Floats:
        """``(width,)`` x of the pixel centres in head units."""
        return (np.arange(self.width, dtype=np.float32) + 0.5) / np.float32(self.scale) + self.left

    @property
    def ys(self) -> Floats:
        """``(height,)`` y of the pixel centres in head units."""
        return (np.arange(self.height, dtype=np.float32) + 0.5) / np.float32(self.scale) + self.top

    @property
    def to_picture(self) -> NDArray[np.float64]:
        """``(2, 3)`` affine matrix from canvas pixel indices to picture pixel indices."""
        zoom = self.head.unit_px / self.scale
        cos, sin = math.cos(self.head.roll) * zoom, math.sin(self.head.roll) * zoom
        corner = self.head.to_picture(self.left, self.top)
        # Landmarks count pixel centres as whole numbers, the canvas counts them as halves.
        return np.array(
            [
                [cos, -sin, corner.x + 0.5 * (cos - sin)],
                [sin, cos, corner.y + 0.5 * (sin + cos)],
            ]
        )

    def pixels(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Canvas pixel coordinates of ``(N, 2)`` points in head units."""
        return (np.asarray(points) - (self.left, self.top)) * self.scale - 0.5

    def take(self, image: Image) -> Image:
        """What the window shows of ``image``: ``(height, width, 3)``; outside, the rim goes on."""
        window = cv2.warpAffine(
            image,
            self.to_picture,
            (self.width, self.height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(window, np.uint8)

    def fill(self, target: Floats, points: NDArray[np.floating]) -> None:
        """Fill a polygon of ``(N, 2)`` points in head units, antialiased, into a float layer."""
        layer = np.zeros(target.shape, np.uint8)
        cv2.fillPoly(layer, [self._fixed(points)], 255, cv2.LINE_AA, _FIXED_POINT_BITS)
        np.maximum(target, layer * np.float32(1 / 255), out=target)

    def line(self, target: Floats, points: NDArray[np.floating], thickness: float) -> None:
        """Draw an antialiased line through ``(N, 2)`` points; ``thickness`` in head units."""
        layer = np.zeros(target.shape, np.uint8)
        pixels = thickness * self.scale
        cv2.polylines(
            layer,
            [self._fixed(points)],
            False,
            min(255, int(255 * pixels + 0.5)),
            max(1, round(pixels)),
            cv2.LINE_AA,
            _FIXED_POINT_BITS,
        )
        np.maximum(target, layer * np.float32(1 / 255), out=target)

    def _fixed(self, points: NDArray[np.floating]) -> NDArray[np.int32]:
        return np.asarray(np.round(self.pixels(points) * 2**_FIXED_POINT_BITS), np.int32)


def open_canvas(
    head: Head, left: float, top: float, right: float, bottom: float, fineness: float = 1.25
) -> Canvas:
    """A canvas over a rectangle in head units.

    ``fineness`` is canvas pixels per pixel of the picture: more in small faces, less in huge ones.
    """
    scale = float(np.clip(head.unit_px * fineness, _MIN_SCALE, _MAX_SCALE))
    return Canvas(
        head,
        left,
        top,
        scale,
        width=math.ceil((right - left) * scale),
        height=math.ceil((bottom - top) * scale),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Something drawn on a canvas."""

    colour: Floats
    """``(height, width, 3)`` BGR in [0, 255]; counts only where ``alpha`` does."""
    alpha: Floats
    """``(height, width)`` in [0, 1]."""
    shadow: Floats
    """``(height, width)`` in [0, 1]: how much of the light it takes from what lies beneath."""


def lay(
    image: Image,
    canvas: Canvas,
    layer: Layer,
    blur_px: float,
    grain: float,
    rng: np.random.Generator,
) -> Image:
    """A copy of ``image`` with ``layer`` on it, as blurred and grainy as its surroundings.

    Args:
        image: ``(H, W, 3)`` uint8, BGR.
        canvas: where the layer was drawn.
        layer: what to put on.
        blur_px: standard deviation of the blur, in pixels of the picture.
        grain: standard deviation of the noise, in grey levels.
        rng: source of the noise.
    """
    result = image.copy()
    window = _window_in_picture(canvas, image.shape[1], image.shape[0])
    if window is None:
        return result
    x0, y0, x1, y1 = window
    stack = _into_picture(canvas, layer, window, blur_px)
    alpha = stack[..., 3:4]
    patch = result[y0:y1, x0:x1].astype(np.float32)
    patch *= (1 - stack[..., 4:5]) * (1 - alpha)
    patch += stack[..., :3]
    if grain > 0:
        noise = rng.standard_normal(alpha.shape[:2], dtype=np.float32) * np.float32(grain)
        patch += noise[..., None] * alpha
    result[y0:y1, x0:x1] = np.clip(np.rint(patch), 0, 255)
    return result


def _window_in_picture(canvas: Canvas, width: int, height: int) -> tuple[int, int, int, int] | None:
    """The rectangle of the picture that the canvas reaches; None when it lies outside."""
    w, h = canvas.width, canvas.height
    corners = np.array([[0, 0, 1], [w, 0, 1], [0, h, 1], [w, h, 1]]) @ canvas.to_picture.T
    x0, y0 = np.floor(corners.min(axis=0)).astype(int).clip(0)
    x1, y1 = np.ceil(corners.max(axis=0)).astype(int) + 1
    x1, y1 = min(int(x1), width), min(int(y1), height)
    return (int(x0), int(y0), x1, y1) if x1 > x0 and y1 > y0 else None


def _into_picture(
    canvas: Canvas, layer: Layer, window: tuple[int, int, int, int], blur_px: float
) -> Floats:
    """Colour times alpha, alpha and shadow of a layer as ``(h, w, 5)`` over the window."""
    x0, y0, x1, y1 = window
    stack: Floats = np.dstack([layer.colour * layer.alpha[..., None], layer.alpha, layer.shadow])
    fineness = canvas.scale / canvas.head.unit_px
    if fineness > 1.3:  # average what becomes one pixel, or fine detail turns into glitter
        stack = np.asarray(cv2.GaussianBlur(stack, (0, 0), 0.4 * fineness), np.float32)
    back = np.array(cv2.invertAffineTransform(canvas.to_picture), np.float64)
    back[:, 2] += back[:, :2] @ (x0, y0)
    size, flags = (x1 - x0, y1 - y0), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    # OpenCV warps four channels at most.
    parts = [np.ascontiguousarray(part) for part in (stack[..., :4], stack[..., 4])]
    warped = np.dstack([cv2.warpAffine(part, back, size, flags=flags) for part in parts])
    softened = cv2.GaussianBlur(warped, (0, 0), blur_px) if blur_px > 0.25 else warped
    return np.asarray(softened, np.float32)
