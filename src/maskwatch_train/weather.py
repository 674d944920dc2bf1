"""What weather and night do to a picture. Pure functions that draw from the given generator.

Pictures are ``(H, W, 3)`` uint8 BGR; strengths follow the picture's size, so that crops and whole
scenes look alike.
"""

from __future__ import annotations

import cv2
import numpy as np

from maskwatch.types import Image

RAIN_BRIGHTNESS = 205.0
"""Drops show the sky: light grey."""
INFRARED_WEIGHTS = (0.05, 0.2, 0.75)
"""Of blue, green and red: red is the nearest to what a night camera sees; skin turns pale."""


def rain(image: Image, rng: np.random.Generator) -> Image:
    """Slanted streaks and the veil that they make."""
    height, width = image.shape[:2]
    side = min(height, width)
    lines = np.zeros((height, width), dtype=np.float32)
    slant = np.deg2rad(rng.normal(0, 12))
    length = side * rng.uniform(0.06, 0.22)
    step = np.array([np.sin(slant), np.cos(slant)]) * length
    drops = int(rng.uniform(0.4, 2.0) * 60 * height * width / side**2)
    for x, y, part in zip(
        rng.uniform(-0.1, 1.1, drops) * width,
        rng.uniform(-0.2, 1.0, drops) * height,
        rng.uniform(0.5, 1.0, drops),
        strict=True,
    ):
        end = np.array([x, y]) + step * part
        cv2.line(lines, (int(x), int(y)), (int(end[0]), int(end[1])), float(part), 1, cv2.LINE_AA)
    # The sharpest drops are those in focus; a little blur leaves the rest.
    streaks = cv2.GaussianBlur(lines, (0, 0), max(side / 400, 0.4)) * rng.uniform(0.35, 0.8)
    veil = rng.uniform(0.0, 0.2)
    shown = np.clip(streaks, 0, 1)[..., None] * (1 - veil) + veil
    out = image * (1 - shown) + RAIN_BRIGHTNESS * shown
    dropped: Image = np.clip(out, 0, 255).astype(np.uint8)
    return dropped


def dim(image: Image, rng: np.random.Generator) -> Image:
    """Little light: dark, with pale colours and the noise of a sensor at its limit."""
    light = rng.uniform(0.12, 0.4)
    out = (image.astype(np.float32) / 255) ** np.float32(rng.uniform(1.1, 1.6)) * np.float32(light)
    grey = out.mean(axis=2, keepdims=True)
    out = grey + (out - grey) * np.float32(rng.uniform(0.3, 0.9))
    # Shot noise grows with the root of the light; a camera's gain lifts both again.
    noise = rng.normal(0, 1, out.shape).astype(np.float32)
    out = out + noise * np.sqrt(np.maximum(out, 0.004)) * np.float32(rng.uniform(0.03, 0.1))
    out = out * np.float32(rng.uniform(1.0, 1.8))
    dimmed: Image = np.clip(out * 255, 0, 255).astype(np.uint8)
    return dimmed


def infrared(image: Image, rng: np.random.Generator) -> Image:
    """Grey as a night camera gives it: lit from the camera, pale skin, dark towards the edges."""
    height, width = image.shape[:2]
    grey = (image.astype(np.float32) / 255) @ np.array(INFRARED_WEIGHTS, dtype=np.float32)
    grey = grey ** np.float32(rng.uniform(0.6, 1.0))
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    centre = rng.uniform(0.3, 0.7, 2) * (height, width)
    away = np.hypot(ys - centre[0], xs - centre[1]) / max(height, width)
    grey = grey * (1 - np.float32(rng.uniform(0.2, 0.8)) * away)
    grey = grey + rng.normal(0, rng.uniform(0.01, 0.05), grey.shape).astype(np.float32)
    plane = np.clip(grey * 255, 0, 255).astype(np.uint8)
    return np.repeat(plane[..., None], 3, axis=2)
