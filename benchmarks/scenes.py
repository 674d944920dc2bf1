"""Pictures with a given number of real faces, put together when they are needed and never kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
SIZES = ((640, 360), (1280, 720), (1920, 1080))
"""Width and height."""
FACES = (1, 5, 20, 50)
_CONTEXT = 0.6
"""Shown around a face on each side, in sizes of the face."""
_LARGEST = 0.25
"""Height of a face in heights of the picture, at most."""


@dataclass(frozen=True)
class Scene:
    """A picture and what it is called."""

    name: str
    picture: Picture


def face_crops(folder: Path, wanted: int) -> list[Picture]:
    """Faces with their surroundings.

    Args:
        folder: with ``labels.json`` and ``images/`` as the street photos have them, of which only
            the training side is used; or with any pictures, each of which is taken whole.
        wanted: how many, at most.
    """
    labels = folder / "labels.json"
    if not labels.exists():
        pictures = (cv2.imread(str(path)) for path in sorted(folder.glob("portrait_*.jpg")))
        return [np.asarray(each, np.uint8) for each in pictures if each is not None][:wanted]
    crops: list[Picture] = []
    for entry in json.loads(labels.read_text()):
        large = [face for face in entry["faces"] if _is_clear(face)]
        if entry["split"] != "train" or not large:
            continue
        image = cv2.imread(str(folder / "images" / entry["file"]))
        crops += [_cut_out(np.asarray(image, np.uint8), face["box"]) for face in large[:1]]
        if len(crops) >= wanted:
            break
    return crops[:wanted]


def scene(crops: list[Picture], faces: int, width: int, height: int) -> Scene:
    """So many faces in rows on a grey wall; the same every time."""
    rng = np.random.default_rng(faces)
    picture = rng.integers(110, 122, (height, width, 3), dtype=np.uint8)
    columns = int(np.ceil(np.sqrt(faces * width / height)))
    rows = int(np.ceil(faces / columns))
    cell_w, cell_h = width // columns, height // rows
    side = min(cell_w, cell_h, int(_LARGEST * height * (1 + 2 * _CONTEXT)))
    for i in range(faces):
        crop = cv2.resize(crops[i % len(crops)], (side, side), interpolation=cv2.INTER_AREA)
        x = (i % columns) * cell_w + (cell_w - side) // 2
        y = (i // columns) * cell_h + (cell_h - side) // 2
        picture[y : y + side, x : x + side] = crop
    return Scene(f"{faces} faces at {width}x{height}", picture)


def _is_clear(face: dict[str, object]) -> bool:
    """Bare and large, so that every contestant finds it: this is about time."""
    x0, y0, x1, y1 = face["box"]  # type: ignore[misc]
    is_sure = face["certainty"] == "sure" and face["state"] == "no_mask" and not face["slice"]
    return bool(is_sure and min(x1 - x0, y1 - y0) >= 64)


def _cut_out(image: Picture, box: list[float]) -> Picture:
    x0, y0, x1, y1 = box
    half = max(x1 - x0, y1 - y0) * (0.5 + _CONTEXT)
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    pad = int(2 * half)
    padded = cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    part = padded[
        int(y - half) + pad : int(y + half) + pad, int(x - half) + pad : int(x + half) + pad
    ]
    return np.array(part, np.uint8)
