"""``python -m benchmarks.distance``: who is found in large pictures, and how finer looks help.

Labelled pictures are laid side by side into squares, as many as fit: what is looked at gets larger,
and the faces in it stay as large as they were.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from maskwatch.build.models import BuildOptions, build_classifier, build_detector
from maskwatch.faces.base import FaceDetector, find
from maskwatch.masks.base import MaskClassifier
from maskwatch.types import Box
from maskwatch_train.data.labelled import LabelledFace, LabelledImage
from maskwatch_train.data.street import read_street
from maskwatch_train.evaluate.scoring.end_to_end import SeenSet, evaluate_end_to_end, see_images
from maskwatch_train.pictures import read_picture

_CELL_PX = 1024
_GREY = 114
_SEED = 1
_BANDS_PX = (20, 32, 48, 96)
"""Least sizes of the faces that are told apart, by their longer side."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What one way to look made of all squares of one size."""

    side_px: int
    looks: str
    found: float
    """Share of the labelled faces of 32 px or more."""
    right_side: float
    """Of the same faces, those found and rightly told to be mask or violation."""
    found_by_size: dict[int, float]
    """Share of the faces from this size on, up to the next."""
    stray_violations: float
    """Per labelled picture: detections of 32 px or more that fit no label and are violations."""
    seconds: float
    """Per square, reading it included."""


def squares(images: Sequence[LabelledImage], side: int, folder: Path) -> Iterator[LabelledImage]:
    """Squares of so many pixels with pictures in an order that chance made, one at a time."""
    order = np.random.default_rng(_SEED).permutation(len(images))
    across = side // _CELL_PX
    count = across * across
    path = folder / "square.bmp"
    for start in range(0, len(order), count):
        canvas = np.full((side, side, 3), _GREY, dtype=np.uint8)
        faces: list[LabelledFace] = []
        for cell, index in enumerate(order[start : start + count]):
            picture = read_picture(images[index].path)
            height, width = picture.shape[:2]
            y, x = (_CELL_PX * each for each in divmod(cell, across))
            canvas[y : y + height, x : x + width] = picture
            faces += (_moved(face, x, y) for face in images[index].faces)
        cv2.imwrite(str(path), canvas)
        yield LabelledImage(path, images[0].split, f"square {start}", tuple(faces))


def figure(
    images: Sequence[LabelledImage],
    side: int,
    looks: str,
    detector: FaceDetector,
    classifier: MaskClassifier,
) -> Figure:
    """Looks at all squares of one size."""
    with tempfile.TemporaryDirectory() as folder:
        made = images if side == _CELL_PX else squares(images, side, Path(folder))
        begin = time.perf_counter()
        seen = see_images(detector, classifier, made)
        seconds = (time.perf_counter() - begin) / seen.images
    scored = evaluate_end_to_end(seen, repeats=0)
    shares = scored["shares"]
    return Figure(
        side_px=side,
        looks=looks,
        found=shares["found"]["value"],
        right_side=shares["found and right side"]["value"],
        found_by_size=_found_by_size(seen),
        stray_violations=scored["stray_violations_per_image"] * seen.images / len(images),
        seconds=seconds,
    )


def _found_by_size(seen: SeenSet) -> dict[int, float]:
    sizes = [max(item.face.box.width, item.face.box.height) for item in seen.faces]
    bands = np.digitize(sizes, _BANDS_PX)
    found = np.array([item.reading is not None for item in seen.faces])
    return {least: float(found[bands == i].mean()) for i, least in enumerate(_BANDS_PX, start=1)}


def _moved(face: LabelledFace, x: int, y: int) -> LabelledFace:
    box = face.box
    return replace(face, box=Box(box.x0 + x, box.y0 + y, box.x1 + x, box.y1 + y))


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.distance", description=__doc__)
    parser.add_argument("--street", type=Path, required=True, help="folder with labels.json")
    parser.add_argument("--split", default="val")
    parser.add_argument(
        "--sides", type=int, nargs="+", default=[1024, 1280, 2048, 3072, 4096, 6144]
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    wanted = parser.parse_args()
    images = read_street(wanted.street, wanted.split)
    options = BuildOptions(threads=wanted.threads)
    finely, classifier = build_detector(options).detect, build_classifier(options)
    figures = []
    ways = {"one at 640": lambda frame: find(finely, frame, None), "finer": finely}
    for side in wanted.sides:
        for looks, detector in ways.items():
            figures.append(figure(images, side, looks, detector, classifier))
            print(figures[-1], flush=True)
    wanted.out.write_text(json.dumps([asdict(each) for each in figures], indent=1) + "\n")


if __name__ == "__main__":
    main()
