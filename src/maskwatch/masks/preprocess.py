"""From a face's box to the network's input. Training imports this too, so the two cannot drift."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwatch.geometry import square_crop
from maskwatch.types import Image


def crop_face(
    image: Image, box: tuple[float, float, float, float], margin: float, size: int
) -> Image:
    """The square around a face, scaled to ``(size, size, 3)`` uint8 BGR.

    What lies outside the picture repeats its border, so that a face at the edge brings no black
    bars that could be taken for a dark mask.

    Args:
        image: ``(H, W, 3)`` uint8 BGR.
        box: (x0, y0, x1, y1) in pixels of the image.
        margin: added on each side, as a fraction of the box's longer side.
        size: side of the result in pixels.
    """
    left, top, side = square_crop(box, margin)
    scale = size / side
    if scale < 0.5:
        # Bilinear sampling of a much larger face would alias; average it down first.
        x0, y0 = max(int(left), 0), max(int(top), 0)
        part = image[y0 : max(int(top + side) + 1, y0 + 1), x0 : max(int(left + side) + 1, x0 + 1)]
        shrink = 1 / int(1 / scale)
        small = cv2.resize(part, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        fx, fy = small.shape[1] / part.shape[1], small.shape[0] / part.shape[0]
        image, left, top = small, (left - x0) * fx, (top - y0) * fy  # type: ignore[assignment]
        scale_x, scale_y = size / (side * fx), size / (side * fy)
    else:
        # What is warped must have under 32768 pixels a side: a panorama may have more.
        height, width = image.shape[:2]
        x0, y0 = min(max(int(left) - 2, 0), width - 1), min(max(int(top) - 2, 0), height - 1)
        image = image[y0 : max(int(top + side) + 3, y0 + 1), x0 : max(int(left + side) + 3, x0 + 1)]
        left, top = left - x0, top - y0
        scale_x = scale_y = scale
    # Pixel centres sit at +0.5 in both pictures.
    matrix = np.array(
        [
            [scale_x, 0, -left * scale_x + 0.5 * scale_x - 0.5],
            [0, scale_y, -top * scale_y + 0.5 * scale_y - 0.5],
        ]
    )
    return cv2.warpAffine(  # type: ignore[return-value]
        image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def to_batch(crops: list[Image]) -> NDArray[np.uint8]:
    """N crops ``(S, S, 3)`` BGR to one contiguous ``(N, S, S, 3)`` uint8 RGB batch.

    Scaling to the backbone's range is the exported network's first layer.
    """
    return np.ascontiguousarray(np.stack(crops)[..., ::-1])
