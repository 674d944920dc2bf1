"""Make the pictures of ``gate/``: what a mask classifier must not get wrong.

One public-domain portrait with masks and other things drawn by ``maskwatch_train.synthesis``, small
and large, mirrored, dark and soft. Seeded; needs what ``make_samples.py`` needs::

    python scripts/make_gate_samples.py
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from make_samples import PORTRAIT_FACE

from maskwatch_train.synthesis import OccluderKind, WearKind, occlude, synthesise

if TYPE_CHECKING:
    from maskwatch.types import Image

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "samples"
GATE = ROOT / "gate"
ROOM = 0.75
"""Kept around the face, as a share of its height."""
SIZES_PX = (36, 48, 64, 90)
"""Widths of the face."""
EACH = 5
DARK_GREY = 45.0
"""Mean grey of the lower face of a picture that is made for its dark mask."""
SLICES = {
    OccluderKind.HAND: "hand",
    OccluderKind.BEARD: "beard",
    OccluderKind.SCARF: "scarf",
    OccluderKind.WRAP: "scarf",
}


@dataclass(frozen=True)
class Wanted:
    """One group of pictures."""

    name: str
    state: str
    fault: str | None
    slice: str
    draw: Callable[[Image, np.random.Generator], Image]
    dark: bool = False


def main() -> None:
    """Write the pictures and their labels."""
    portrait = cv2.imread(str(SAMPLES / "portrait_bare.jpg"))
    (GATE / "images").mkdir(parents=True, exist_ok=True)
    for old in (GATE / "images").iterdir():
        old.unlink()
    entries = [entry for wanted in groups() for entry in pictures(portrait, wanted)]
    (GATE / "labels.json").write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")


def groups() -> Iterator[Wanted]:
    """Everything that is drawn, and the label that goes with it."""

    def wear(kind: WearKind) -> Callable[[Image, np.random.Generator], Image]:
        return lambda image, rng: synthesise(image, PORTRAIT_FACE, kind, rng)

    def hold(kind: OccluderKind) -> Callable[[Image, np.random.Generator], Image]:
        return lambda image, rng: occlude(image, PORTRAIT_FACE, kind, rng)

    yield Wanted("bare", "no_mask", None, "", lambda image, _: image)
    for kind in (WearKind.MASK, WearKind.NOSE_OUT, WearKind.UNDER_CHIN, WearKind.CHIN_OUT):
        state = "mask" if kind is WearKind.MASK else "incorrect"
        yield Wanted(kind.value, state, kind.fault, "", wear(kind))
    yield Wanted("dark_mask", "mask", None, "", wear(WearKind.MASK), dark=True)
    for other in OccluderKind:
        yield Wanted(other.value, "no_mask", None, SLICES.get(other, "object"), hold(other))


def pictures(portrait: Image, wanted: Wanted) -> Iterator[dict[str, Any]]:
    """Writes the pictures of one group; yields their entries of ``labels.json``."""
    made, seed = 0, 0
    while made < EACH:
        seed += 1
        rng = np.random.default_rng([seed, *wanted.name.encode()])
        drawn = wanted.draw(portrait, rng)
        if wanted.dark and lower_grey(drawn) > DARK_GREY:
            continue
        image, box = taken(drawn, SIZES_PX[made % len(SIZES_PX)], made, rng)
        name = f"{wanted.name}_{made}.jpg"
        cv2.imwrite(str(GATE / "images" / name), image, [cv2.IMWRITE_JPEG_QUALITY, 88])
        yield {
            "file": name,
            "width": image.shape[1],
            "height": image.shape[0],
            "split": "test",
            "group": "portrait",
            "faces": [
                {
                    "box": box,
                    "state": wanted.state,
                    "fault": wanted.fault,
                    "slice": wanted.slice,
                    "certainty": "sure",
                }
            ],
        }
        made += 1


def lower_grey(image: Image) -> float:
    """Mean grey where a mask is."""
    x0, y0, x1, y1 = (int(v) for v in PORTRAIT_FACE.box)
    part = image[y0 + (y1 - y0) * 6 // 10 : y1 - 6, x0 + 22 : x1 - 22]
    return float(cv2.cvtColor(part, cv2.COLOR_BGR2GRAY).mean())


def taken(
    image: Image, width_px: int, number: int, rng: np.random.Generator
) -> tuple[Image, list[float]]:
    """The face with room around it as a camera would take it, and its box."""
    box = np.array(PORTRAIT_FACE.box)
    room = ROOM * (box[3] - box[1])
    left, top = np.maximum(box[:2] - room, 0).astype(int)
    right, bottom = (box[2:] + room).astype(int)
    part = image[top:bottom, left:right]
    scale = width_px / (box[2] - box[0])
    size = (round(part.shape[1] * scale), round(part.shape[0] * scale))
    part = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    x0, y0, x1, y1 = ((box - [left, top, left, top]) * scale).tolist()
    if number % 2:
        part, x0, x1 = part[:, ::-1], size[0] - x1, size[0] - x0
    light = float(rng.choice([1.0, 1.15, 0.8, 0.5]))
    part = np.clip(part * light, 0, 255).astype(np.uint8)
    if number % 3 == 2:
        part = cv2.GaussianBlur(part, (0, 0), width_px / 60)
    return np.ascontiguousarray(part), [round(v, 1) for v in (x0, y0, x1, y1)]


if __name__ == "__main__":
    main()
