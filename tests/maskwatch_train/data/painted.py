"""Pictures that tests paint: patterns that are told apart by hash, and sets made of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from maskwatch.types import Image


def pattern(seed: int, width: int = 64, height: int = 64) -> Image:
    """Soft coloured blobs, different for every seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def save(path: Path, image: Image) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)
    return path


def save_pattern(path: Path, seed: int, width: int = 64, height: int = 64) -> Path:
    return save(path, pattern(seed, width, height))
