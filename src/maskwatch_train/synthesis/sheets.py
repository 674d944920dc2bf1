"""Contact sheets: many pictures on one, for looking at what a generator draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from maskwatch.types import Image

_CAPTION_PX = 22


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


def captioned_sheet(rows: Mapping[str, Sequence[Image]], columns: int, cell_px: int) -> Image:
    """Pictures in rows, each under its caption; a kind with more than a row's worth goes on below.

    Args:
        rows: pictures by caption; captions without pictures are left out.
        columns: cells per row.
        cell_px: side of a cell in pixels.

    Returns:
        ``(H, columns * cell_px, 3)`` uint8, BGR.

    Raises:
        ValueError: there are no pictures, or a size is below 1.
    """
    strips = []
    for caption, images in rows.items():
        if not images:
            continue
        title = np.full((_CAPTION_PX, columns * cell_px, 3), 32, np.uint8)
        place, white = (6, _CAPTION_PX - 7), (255, 255, 255)
        cv2.putText(title, caption, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, white, 1, cv2.LINE_AA)
        strips += [title, contact_sheet(images, columns, cell_px)]
    if not strips:
        raise ValueError("need pictures, got none")
    return np.vstack(strips)
