"""What the picture says about its light and its camera, so that a drawing fits in.

Everything is estimated from the window on the head alone: how bright white would be there, the
tint of the light, its slow change across the face, the sharpness and the grain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from maskwatch_train.synthesis.canvas import Canvas, Floats

if TYPE_CHECKING:
    from maskwatch.types import Image

_LUMA = np.array([0.114, 0.587, 0.299], np.float32)
_LIGHT_SKIN = 0.68
"""Grey level of light skin next to white paper, in gamma-coded values."""
_REDUCTION = 4
# Standard deviation of the finest details over that of the next coarser ones, and the Gaussian
# blur that leaves so much: medians over 292 photographs of faces, halved to be sharp and blurred.
_FINE_SHARES = (0.296, 0.314, 0.352, 0.391, 0.433, 0.475)
_BLURS = (2.0, 1.5, 1.0, 0.7, 0.5, 0.0)
_NORMAL_15 = 0.189
"""15th percentile of the absolute value of a standard normal variable."""
_FLAT_NOISE, _FINE_GAIN = 1.3, 0.83
"""What a noiseless photograph shows, and the share of white noise in the finest details."""
_MAX_GRAIN = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Light:
    """The light on one head."""

    white: Floats
    """``(3,)`` BGR that white paper would have here."""
    skin: Floats
    """``(3,)`` BGR median of the skin between eyes and mouth."""
    slow: Floats
    """``(height, width)`` relative brightness over the canvas, about 1 on the face."""
    colourfulness: float
    """0 for a grey picture, 1 for an ordinary colour picture."""
    blur_px: float
    """Standard deviation of the picture's own blur in its pixels, beyond that of a sharp one."""
    grain: float
    """Standard deviation of the picture's noise in grey levels."""


def read_light(image: Image, canvas: Canvas) -> Light:
    """Estimate the light on the head under ``canvas`` in ``image`` (BGR uint8)."""
    window = canvas.take(image)
    small = cv2.resize(
        window, None, fx=1 / _REDUCTION, fy=1 / _REDUCTION, interpolation=cv2.INTER_AREA
    )
    pixels = small.astype(np.float32)
    luma = pixels @ _LUMA
    face = _face_ellipse(canvas, luma.shape)
    inside = face > 0.5
    skin = np.median(pixels[inside], axis=0) if inside.any() else np.array([120, 140, 180.0])
    skin_luma = max(float(skin @ _LUMA), 8.0)
    highlights = float(np.percentile(luma, 98))
    white_luma = float(
        np.clip(0.45 * skin_luma / _LIGHT_SKIN + 0.55 * highlights, 1.02 * skin_luma, 250)
    )
    mean = pixels.reshape(-1, 3).mean(axis=0)
    tint = (np.maximum(mean, 4) / max(float(mean @ _LUMA), 4)) ** 0.25
    spread = float((pixels.max(axis=2) - pixels.min(axis=2)).mean())
    blur_px, grain = _camera(image, canvas)
    return Light(
        white=np.clip(white_luma * tint, 8, 253).astype(np.float32),
        skin=np.asarray(skin, np.float32),
        slow=_slow_light(luma, face, (canvas.width, canvas.height)),
        colourfulness=float(np.clip(spread / 12, 0, 1)),
        blur_px=blur_px,
        grain=grain,
    )


def desaturate(colour: Floats, light: Light) -> Floats:
    """``(..., 3)`` colours as this picture would show them: grey in a grey picture."""
    if light.colourfulness >= 1:
        return colour
    grey = (colour @ _LUMA)[..., None]
    return (grey + (colour - grey) * np.float32(light.colourfulness)).astype(np.float32)


def _face_ellipse(canvas: Canvas, shape: tuple[int, ...]) -> Floats:
    """1 on the face from the eyes to the mouth, 0 outside, on the reduced canvas."""
    rows = (np.arange(shape[0]) + 0.5) * _REDUCTION / canvas.scale + canvas.top
    columns = (np.arange(shape[1]) + 0.5) * _REDUCTION / canvas.scale + canvas.left
    centre = 0.25 * np.sin(canvas.head.yaw)
    distance = ((columns[None] - centre) / 0.75) ** 2 + ((rows[:, None] - 0.65) / 0.85) ** 2
    return np.asarray(distance < 1, np.float32)


def _slow_light(luma: Floats, face: Floats, size: tuple[int, int]) -> Floats:
    """Brightness of the face at low frequency, carried on to where there is no face."""
    sigma = 0.12 * max(luma.shape)
    weight = cv2.GaussianBlur(face, (0, 0), sigma) + 1e-3
    level = float((luma * face).sum() / max(float(face.sum()), 1.0))
    slow = (cv2.GaussianBlur(luma * face, (0, 0), sigma) + 1e-3 * level) / weight
    relative = np.clip(slow / max(level, 1.0), 0.45, 1.6) ** 0.8
    return np.asarray(cv2.resize(relative, size), np.float32)


def _camera(image: Image, canvas: Canvas) -> tuple[float, float]:
    """Blur and grain of the picture around the head, from what two small blurs take away."""
    centre, reach = canvas.head.to_picture(0.0, 0.6), max(12.0, 1.4 * canvas.head.unit_px)
    reach = min(reach, 90.0)
    x0, y0 = max(0, int(centre.x - reach)), max(0, int(centre.y - reach))
    patch = image[y0 : int(centre.y + reach), x0 : int(centre.x + reach), 1].astype(np.float32)
    if min(patch.shape, default=0) < 8:
        return 0.0, 0.0
    fine = patch - cv2.GaussianBlur(patch, (0, 0), 0.8)
    coarse = patch - cv2.GaussianBlur(patch, (0, 0), 1.6)
    share = float(fine.std()) / max(float(coarse.std()), 0.5)
    # The flattest part of the patch tells noise from texture.
    noise = float(np.percentile(np.abs(fine), 15)) / _NORMAL_15
    grain = math.sqrt(max(0.0, noise**2 - _FLAT_NOISE**2)) / _FINE_GAIN
    return float(np.interp(share, _FINE_SHARES, _BLURS)), min(grain, _MAX_GRAIN)
