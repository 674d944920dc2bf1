"""What training does to a face crop. Every function is pure and draws from the given generator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwatch.masks.preprocess import crop_face
from maskwatch.types import Box, Image
from maskwatch_train.classifier.samples import CONTEXT_SIZE, Sample
from maskwatch_train.running.recipe import require_range
from maskwatch_train.weather import dim, infrared, rain

INTERPOLATIONS = (cv2.INTER_LINEAR, cv2.INTER_AREA, cv2.INTER_CUBIC)
MAX_TURN = 75.0
MOVEMENTS = ("turn", "shift", "zoom", "stretch", "shear")
"""The keys of `Augmentation` that are no chances."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """What happens to a crop; all but the movements, the first five, are chances; 0 leaves one out.

    Attributes:
        turn: scale in degrees of the random turn (Student's t with two degrees of freedom: mostly
            nearly upright, but people also lean back, bend over, and sleep).
        shift: spread of the middle, as a fraction of the face's longer side.
        zoom: spread of the logarithm of the crop's side.
        stretch: largest logarithm of the change of proportions.
        shear: spread of the slant, in degrees.
        flip: mirrored.
        erase: a flat patch over a part that does not decide, as something held there.
        light: gain, gamma, a gradient and a colour cast.
        colour: grey, or another saturation and hue.
        grey: no colour at all.
        blur: out of focus, or moved.
        motion_blur: moved.
        low_resolution: scaled down, to a face of 16 px at the least, and up again.
        noise: of a sensor.
        jpeg: artefacts.
        rain: streaks and a veil.
        low_light: dark and noisy.
        infrared: as a night camera sees.

    Raises:
        ValueError: a chance is none, or a movement is negative.
    """

    turn: float = 8.0
    shift: float = 0.08
    zoom: float = 0.14
    stretch: float = 0.08
    shear: float = 0.0
    flip: float = 0.5
    erase: float = 0.08
    light: float = 0.5
    colour: float = 0.28
    grey: float = 0.0
    blur: float = 0.2
    motion_blur: float = 0.0
    low_resolution: float = 0.5
    noise: float = 0.15
    jpeg: float = 0.3
    rain: float = 0.0
    low_light: float = 0.0
    infrared: float = 0.0

    def __post_init__(self) -> None:
        require_range(self, MOVEMENTS, 0)
        chances = [field.name for field in fields(self) if field.name not in MOVEMENTS]
        require_range(self, chances, 0, 1)


USUAL = Augmentation()


def cut_randomly(
    image: Image,
    sample: Sample,
    size: int,
    margin: float,
    rng: np.random.Generator,
    how: Augmentation = USUAL,
) -> tuple[Image, Box]:
    """A turned, shifted, scaled, perhaps mirrored crop of a sample's image.

    The jitter covers what a detector's boxes differ by from labelled ones: mostly little, now and
    then half a face.

    Returns:
        The crop ``(size, size, 3)`` and where the face lies in it, as fractions of its side.
    """
    box = sample.face.box
    longer = max(box.width, box.height)
    side = longer * (1 + 2 * margin) * np.clip(np.exp(rng.normal(0.03, how.zoom)), 0.75, 1.6)
    face_middle = np.array(box.middle)
    middle = face_middle + np.clip(rng.normal(0, how.shift, 2), -0.25, 0.25) * longer
    angle = np.deg2rad(np.clip(how.turn * rng.standard_t(2), -MAX_TURN, MAX_TURN))
    stretch = np.exp(rng.uniform(-how.stretch, how.stretch))
    mirror = -1.0 if rng.random() < how.flip else 1.0
    scale = size / side
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if how.shear:
        turn = turn @ np.array([[1.0, np.tan(np.deg2rad(rng.normal(0, how.shear)))], [0.0, 1.0]])
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
    down = INTERPOLATIONS[int(rng.integers(2))]
    up = INTERPOLATIONS[int(rng.integers(3))]
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


def without_colour(image: Image, _rng: np.random.Generator) -> Image:
    """Grey, still in three channels."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return cv2.merge([grey, grey, grey])  # type: ignore[return-value]


def change_colour(image: Image, rng: np.random.Generator) -> Image:
    """Grey (night vision), or another saturation and hue."""
    if rng.random() < 0.45:
        return without_colour(image, rng)
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV).astype(np.int16)
    hsv[..., 0] = (hsv[..., 0] + int(rng.integers(-14, 15))) % 180
    hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.4, 1.5), 0, 255)
    return cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR)  # type: ignore[return-value]


def blur(image: Image, rng: np.random.Generator) -> Image:
    """Out of focus, or moved."""
    if rng.random() < 0.5:
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.6, 2.4))  # type: ignore[return-value]
    return blur_by_motion(image, rng)


def blur_by_motion(image: Image, rng: np.random.Generator) -> Image:
    """Moved in any direction."""
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


def look_from_afar(image: Image, rng: np.random.Generator) -> Image:
    """A lower resolution, down to a face of 16 px."""
    # The crop is (1 + 2 margin) faces wide: 22 px here is a face of about 16 px.
    target = float(np.exp(rng.uniform(np.log(22), np.log(image.shape[0]))))
    return lower_resolution(image, target, rng)


Change = Callable[[Image, np.random.Generator], Image]


def changes(how: Augmentation) -> tuple[tuple[float, Change], ...]:
    """What may happen to a crop, in the order of the world: the scene, then lens, then camera."""
    every = (
        (how.erase, erase),
        (how.rain, rain),
        (how.light, change_light),
        (how.low_light, dim),
        (how.infrared, infrared),
        (how.colour, change_colour),
        (how.grey, without_colour),
        (how.blur, blur),
        (how.motion_blur, blur_by_motion),
        (how.low_resolution, look_from_afar),
        (how.noise, add_noise),
        (how.jpeg, compress),
    )
    return tuple((chance, change) for chance, change in every if chance)


def augment(
    image: Image,
    sample: Sample,
    size: int,
    margin: float,
    rng: np.random.Generator,
    how: Augmentation = USUAL,
) -> tuple[Image, Box]:
    """A training crop of a sample, whose image may have been drawn upon.

    Returns:
        The crop ``(size, size, 3)`` and where the face lies in it, as fractions of its side.
    """
    out, box = cut_randomly(image, sample, size, margin, rng, how)
    for chance, change in changes(how):
        if rng.random() < chance:
            out = change(out, rng)
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
