"""Pictures as JPEG in memory."""

from __future__ import annotations

import cv2
import numpy as np

from maskwatch.types import Image


def scaled_down(image: Image, longest_px: int) -> tuple[Image, float]:
    """A picture whose longer side has at most so many pixels, and the factor it was scaled by."""
    factor = min(1.0, longest_px / max(image.shape[:2]))
    if factor == 1.0:
        return image, 1.0
    size = (max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), factor


def encode_jpeg(image: Image, quality: int) -> bytes:
    """The bytes of a JPEG file of ``(H, W, 3)`` uint8 BGR with sides of up to 65500 pixels."""
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"no JPEG can be made of a picture of {image.shape}")
    return data.tobytes()


def decode_jpeg(data: bytes) -> Image:
    """The picture of what `encode_jpeg` made."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"no JPEG: {data[:8]!r}")
    return np.asarray(image, np.uint8)
