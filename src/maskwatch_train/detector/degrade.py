"""What cheap cameras, weather and night do to a scene."""

from __future__ import annotations

from dataclasses import dataclass, fields

import cv2
import numpy as np

from maskwatch.types import Image
from maskwatch_train.running.recipe import require_range
from maskwatch_train.weather import dim, infrared, rain


@dataclass(frozen=True, slots=True)
class Degradation:
    """How often what happens to a scene, as cheap cameras give them; 0 leaves one out.

    Attributes:
        light: gain, a colour cast, and more or less black.
        grey: no colour.
        noise: of a sensor.
        motion_blur: moved along a row or a column.
        jpeg: artefacts.
        rain: streaks and a veil.
        low_light: dark and noisy.
        infrared: as a night camera sees.
        low_resolution: scaled down to a quarter of its side at the least, and up again.

    Raises:
        ValueError: a chance is none.
    """

    light: float = 0.7
    grey: float = 0.15
    noise: float = 0.15
    motion_blur: float = 0.15
    jpeg: float = 0.25
    rain: float = 0.0
    low_light: float = 0.0
    infrared: float = 0.0
    low_resolution: float = 0.0

    def __post_init__(self) -> None:
        require_range(self, [field.name for field in fields(self)], 0, 1)


USUAL = Degradation()
NONE = Degradation(light=0.0, grey=0.0, noise=0.0, motion_blur=0.0, jpeg=0.0)


def degrade(
    image: Image,
    rng: np.random.Generator,
    how: Degradation = USUAL,
) -> Image:
    """Random light, colour, weather, grey, blur, noise and JPEG, as cheap cameras give them."""
    for chance, change in ((how.rain, rain), (how.low_light, dim), (how.infrared, infrared)):
        if chance and rng.random() < chance:
            image = change(image, rng)
    out = image.astype(np.float32)
    if rng.random() < how.light:
        gain = rng.uniform(0.55, 1.4) * rng.uniform(0.9, 1.1, 3)
        out = out * gain.astype(np.float32) + rng.uniform(-20, 20)
    if rng.random() < how.grey:
        out[:] = out.mean(axis=2, keepdims=True)
    if rng.random() < how.noise:
        out = out + rng.normal(0, rng.uniform(2, 12), out.shape).astype(np.float32)
    result = np.clip(out, 0, 255).astype(np.uint8)
    if rng.random() < how.motion_blur:
        kernel = np.zeros((7, 7), dtype=np.float32)
        length = int(rng.integers(1, 4))
        if rng.random() < 0.5:
            kernel[3, 3 - length : 4 + length] = 1
        else:
            kernel[3 - length : 4 + length, 3] = 1
        result = cv2.filter2D(result, -1, kernel / kernel.sum())  # type: ignore[assignment]
    if how.low_resolution and rng.random() < how.low_resolution:
        height, width = result.shape[:2]
        factor = rng.uniform(0.25, 0.8)
        small = cv2.resize(result, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        result = cv2.resize(small, (width, height))  # type: ignore[assignment]
    if rng.random() < how.jpeg:
        quality = int(rng.integers(25, 80))
        coded = cv2.imencode(".jpg", result, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        result = cv2.imdecode(coded, cv2.IMREAD_COLOR)  # type: ignore[assignment]
    return result
