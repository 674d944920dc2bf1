"""A contact sheet with a captioned row for each kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from maskwatch_train.synthesis.sheets import contact_sheet

if TYPE_CHECKING:
    from maskwatch.types import Image

_CAPTION_PX = 22


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
