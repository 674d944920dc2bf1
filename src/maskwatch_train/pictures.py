"""Reading training pictures."""

from __future__ import annotations

from pathlib import Path

import cv2

from maskwatch.types import Image
from maskwatch_train.errors import DataError


def read_picture(path: Path) -> Image:
    """BGR pixels of a picture; raises DataError if there are none."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise DataError(path, "not a readable picture")
    return image  # type: ignore[return-value]
