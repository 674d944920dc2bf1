"""Contact sheets: many pictures on one, for looking at what a generator draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from maskwatch.types import Image


def contact_sheet(images: Sequence[Image], columns: int, cell_px: int) -> Image:
    """Pictures side by side, row by row, each fitted into a square cell on grey.

    Args:
        images: ``(H, W, 3)`` uint8 each, of any size.
        columns: cells per row, at least 1.
        cell_px: side of a cell in pixels, at least 1.

    Returns:
        ``(rows * cell_px, columns * cell_px, 3)`` uint8.

    Raises:
        ValueError: there are no pictures, or a size is below 1.
    """
    if not images or columns < 1 or cell_px < 1:
        raise ValueError(
            f"need pictures, columns and cell_px, got {len(images)}, {columns} and {cell_px}"
        )
    rows = -(-len(images) // columns)
    sheet = np.full((rows * cell_px, columns * cell_px, 3), 96, np.uint8)
    for i, image in enumerate(images):
        top, left = i // columns * cell_px, i % columns * cell_px
        scale = cell_px / max(image.shape[:2])
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        sheet[top : top + size[1], left : left + size[0]] = cv2.resize(
            image, size, interpolation=way
        )
    return sheet
