"""What training does to a face crop. Every function is pure and draws from the given generator."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwatch.masks.preprocess import crop_face
from maskwatch.types import Box, Image
from maskwatch_train.classifier.samples import CONTEXT_SIZE, Sample

INTERPOLATIONS = (cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_AREA, cv2.INTER_CUBIC)


def cut_randomly(
    image: Image, sample: Sample, size: int, margin: float, rng: np.random.Generator
) -> tuple[Image, Box]:
    """A turned, shifted, scaled, perhaps mirrored crop of a sample's image.

    The jitter covers what a detector's boxes differ by from labelled ones: mostly little, now and
    then half a face.

    Returns:
        The crop ``(size, size, 3)`` and where the face lies in it, as fractions of its side.
    """
    box = sample.face.box
    longer = max(box.width, box.height)
    side = longer * (1 + 2 * margin) * np.clip(np.exp(rng.normal(0.03, 0.14)), 0.75, 1.6)
    face_middle = np.array([box.x0 + box.x1, box.y0 + box.y1]) / 2
    middle = face_middle + np.clip(rng.normal(0, 0.08, 2), -0.25, 0.25) * longer
    # Mostly nearly upright, but one in thirty lies: people lean back, bend over, and sleep.
    angle = np.deg2rad(np.clip(8 * rng.standard_t(2), -75, 75))
    stretch = np.exp(rng.uniform(-0.08, 0.08))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    scale = size / side
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag([scale * mirror * stretch, scale / stretch])
    shift = size / 2 - linear @ middle
    matrix = np.concatenate([linear, shift[:, None]], axis=1)
    crop = cv2.warpAffine(
        image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    # People box heads, not corners: a turned head's box is that of the turned oval.
    x, y = (linear @ face_middle + shift) / size
    along, across = linear * np.array([box.width, box.height]) / size / 2
    half_width, half_height = np.hypot(*along), np.hypot(*across)
    placed = Box(
        float(x - half_width),
        float(y - half_height),
        float(x + half_width),
        float(y + half_height),
    )
    return crop, placed  # type: ignore[return-value]


def lower_resolution(image: Image, target: float, rng: np.random.Generator) -> Image:
    """Scales down so that the picture is ``target`` px wide, and up again."""
    size = image.shape[0]
    small = max(int(target), 4)
    if small >= size:
        return image
    down = INTERPOLATIONS[int(rng.integers(1, 3))]
    up = INTERPOLATIONS[int(rng.integers(1, 4))]
    shrunk = cv2.resize(image, (small, small), interpolation=down)
    return cv2.resize(shrunk, (size, size), interpolation=up)  # type: ignore[return-value]


def change_light(image: Image, rng: np.random.Generator) -> Image:
    """Gain, gamma, a gradient across the face, and a colour cast."""
    out = image.astype(np.float32) / 255
    out = out ** np.float32(np.exp(rng.uniform(-0.5, 0.5)))
    out = out * np.float32(rng.uniform(0.55, 1.3))
    if rng.random() < 0.3:
        ramp = np.linspace(rng.uniform(0.4, 1), rng.uniform(0.8, 1.2), image.shape[1])
        out = out * ramp[None, :, None].astype(np.float32)
    if rng.random() < 0.4:
        out = out * rng.uniform(0.82, 1.18, 3).astype(np.float32)
    return np.clip(out * 255, 0, 255).astype(np.uint8)


def change_colour(image: Image, rng: np.random.Generator) -> Image:
    """Grey (night vision), or another saturation and hue."""
    if rng.random() < 0.45:
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        return cv2.merge([grey, grey, grey])  # type: ignore[return-value]
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV).astype(np.int16)
    hsv[..., 0] = (hsv[..., 0] + int(rng.integers(-14, 15))) % 180
    hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.4, 1.5), 0, 255)
    return cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR)  # type: ignore[return-value]


def blur(image: Image, rng: np.random.Generator) -> Image:
    """Out of focus, or moved."""
    if rng.random() < 0.5:
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.6, 2.4))  # type: ignore[return-value]
    length = int(rng.integers(3, 12))
    kernel = np.zeros((length, length), dtype=np.float32)
    direction = rng.uniform(0, np.pi)
    arm = np.array([np.cos(direction), np.sin(direction)]) * length / 2
    middle = length / 2
    start, end = (middle - arm).astype(int).tolist(), (middle + arm).astype(int).tolist()
    cv2.line(kernel, start, end, 1.0, 1)
    return cv2.filter2D(image, -1, kernel / max(kernel.sum(), 1.0))  # type: ignore[return-value]


def compress(image: Image, rng: np.random.Generator) -> Image:
    """JPEG artefacts."""
    quality = int(rng.integers(18, 75))
    coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(coded, cv2.IMREAD_COLOR)  # type: ignore[return-value]


def add_noise(image: Image, rng: np.random.Generator) -> Image:
    """Sensor noise."""
    noise = rng.normal(0, rng.uniform(3, 16), image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def erase(image: Image, rng: np.random.Generator) -> Image:
    """A flat patch over a part that does not decide (random erasing, Zhong et al. 2017).

    It stays in the upper half or at the sides: one over the mouth would change the truth.
    """
    size = image.shape[0]
    out = image.copy()
    height, width = (rng.uniform(0.08, 0.3, 2) * size).astype(int).tolist()
    top = int(rng.uniform(0, 0.4 * size - height)) if height < 0.4 * size else 0
    left = int(rng.uniform(0, size - width))
    out[top : top + height, left : left + width] = rng.integers(0, 256, 3, dtype=np.uint8)
    return out


def augment(
    image: Image, sample: Sample, size: int, margin: float, rng: np.random.Generator
) -> tuple[Image, Box]:
    """A training crop of a sample, whose image may have been drawn upon.

    Returns:
        The crop ``(size, size, 3)`` and where the face lies in it, as fractions of its side.
    """
    out, box = cut_randomly(image, sample, size, margin, rng)
    if rng.random() < 0.08:
        out = erase(out, rng)
    if rng.random() < 0.5:
        out = change_light(out, rng)
    if rng.random() < 0.28:
        out = change_colour(out, rng)
    if rng.random() < 0.2:
        out = blur(out, rng)
    if rng.random() < 0.5:
        # The crop is (1 + 2 margin) faces wide: 22 px here is a face of about 16 px.
        out = lower_resolution(out, float(np.exp(rng.uniform(np.log(22), np.log(size)))), rng)
    if rng.random() < 0.15:
        out = add_noise(out, rng)
    if rng.random() < 0.3:
        out = compress(out, rng)
    return out, box


def ruin(image: Image, rng: np.random.Generator) -> Image:
    """So dark, blurred or small that nobody could tell: becomes ``unreadable``."""
    choice = rng.random()
    if choice < 0.4:
        return lower_resolution(image, rng.uniform(4, 9), rng)
    if choice < 0.7:
        size = image.shape[0]
        return cv2.GaussianBlur(image, (0, 0), size * rng.uniform(0.085, 0.14))  # type: ignore[return-value]
    dark: NDArray[np.float64] = image * rng.uniform(0.0, 0.05) + rng.normal(0, 3, image.shape)
    return np.clip(dark, 0, 255).astype(np.uint8)


def plain_crop(sample: Sample, size: int, margin: float) -> Image:
    """The crop ``(size, size, 3)`` as the running classifier would cut it."""
    if margin > (CONTEXT_SIZE / max(sample.face.box.width, sample.face.box.height) - 1) / 2:
        raise ValueError(f"margin {margin} is more than samples keep around a face")
    return crop_face(sample.image, sample.face.box, margin, size)
