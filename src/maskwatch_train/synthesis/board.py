"""Things painted over one another on a canvas, and solid shapes to paint."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwatch.types import Image
from maskwatch_train.synthesis.canvas import Canvas, Floats, Layer, lay
from maskwatch_train.synthesis.light import Light, desaturate

_EVERYWHERE = (slice(None), slice(None))


class Board:
    """Collects what is painted on a canvas, in the light of the picture."""

    def __init__(self, canvas: Canvas, light: Light) -> None:
        shape = (canvas.height, canvas.width)
        self.canvas = canvas
        self.light = light
        self.alpha: Floats = np.zeros(shape, np.float32)
        self._colour: Floats = np.zeros((*shape, 3), np.float32)
        self._shadow: Floats = np.zeros(shape, np.float32)
        self._lit: Floats = (light.white * light.slow[..., None]).astype(np.float32)

    def paint(
        self,
        alpha: Floats,
        albedo: Floats,
        shade: Floats | float = 1.0,
        window: tuple[slice, slice] = _EVERYWHERE,
    ) -> None:
        """Put paint on top.

        Args:
            alpha: ``(height, width)`` coverage in [0, 1].
            albedo: ``(3,)`` or ``(height, width, 3)`` BGR share of white.
            shade: ``(height, width)`` or a number: brightness on top of the face's slow light.
            window: rows and columns of the canvas that the arrays are for.
        """
        brightness = np.asarray(shade, np.float32)
        colour = self._lit[window] * albedo
        colour *= brightness[..., None] if brightness.ndim else brightness
        self._colour[window] += (colour - self._colour[window]) * alpha[..., None]
        self.alpha[window] += (1 - self.alpha[window]) * alpha

    def cast(self, depth: float, reach: float) -> None:
        """Let everything painted so far cast a soft shadow; ``reach`` in head units."""
        soft = cv2.GaussianBlur(self.alpha, (0, 0), reach * self.canvas.scale)
        self._shadow = np.asarray(depth * soft, np.float32)

    def add_shadow(self, shadow: Floats) -> None:
        """Darken what lies beneath by ``(height, width)`` shares in [0, 1]."""
        self._shadow = np.maximum(self._shadow, shadow)

    def layer(self) -> Layer:
        """The finished layer; the shadow stays off what is covered."""
        # Paint was mixed with black where coverage is partial: divide that out again.
        opacity = np.maximum(self.alpha, 1e-3, dtype=np.float32)
        colour = np.asarray(self._colour / opacity[..., None], np.float32)
        shown: Floats = np.clip(desaturate(colour, self.light), 0, 255, dtype=np.float32)
        return Layer(shown, self.alpha, self._shadow * (1 - self.alpha))

    def laid_on(self, image: Image, rng: np.random.Generator) -> Image:
        """A copy of a picture with what was painted, as blurred and grainy as the face.

        Args:
            image: ``(H, W, 3)`` uint8, BGR.
            rng: source of the noise.
        """
        light = self.light
        return lay(image, self.canvas, self.layer(), light.blur_px, light.grain, rng)

    def capsule(
        self,
        start: NDArray[np.floating],
        end: NDArray[np.floating],
        radii: tuple[float, float],
        albedo: Floats,
        opacity: float = 1.0,
    ) -> None:
        """Paint a round-ended limb between two points (head units) with a radius at each end.

        It is lit from above and dark at its rim. ``albedo`` is ``(3,)`` or ``(height, width, 3)``
        BGR share of white.
        """
        rows, columns = self._window(start, end, max(radii))
        if rows.stop <= rows.start or columns.stop <= columns.start:
            return
        axis = np.asarray(end, np.float64) - start
        length = max(float(np.hypot(*axis)), 1e-6)
        axis_x, axis_y = (np.float32(part) for part in axis / length)
        x = self.canvas.xs[None, columns] - np.float32(start[0])
        y = self.canvas.ys[rows, None] - np.float32(start[1])
        along = np.clip(x * axis_x + y * axis_y, 0, np.float32(length))
        off_x, off_y = x - along * axis_x, y - along * axis_y
        radius = np.float32(radii[0]) + along * np.float32((radii[1] - radii[0]) / length)
        distance = np.sqrt(off_x * off_x + off_y * off_y)
        alpha = np.clip((radius - distance) * np.float32(self.canvas.scale) + 0.5, 0, 1)
        rim = np.square(np.square(np.minimum(distance / radius, 1)))
        shade = 1 - 0.16 * np.clip(off_y / radius, -1, 1) - 0.32 * rim
        if albedo.ndim == 3:
            albedo = albedo[rows, columns]
        self.paint(alpha * np.float32(opacity), albedo, shade, (rows, columns))

    def _window(
        self, start: NDArray[np.floating], end: NDArray[np.floating], margin: float
    ) -> tuple[slice, slice]:
        """Rows and columns of the canvas that something between two points can touch."""
        low = self.canvas.pixels(np.minimum(start, end) - margin) - 1
        high = self.canvas.pixels(np.maximum(start, end) + margin) + 2
        columns = slice(max(0, int(low[0])), min(self.canvas.width, max(0, int(high[0]))))
        rows = slice(max(0, int(low[1])), min(self.canvas.height, max(0, int(high[1]))))
        return rows, columns
