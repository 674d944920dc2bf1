"""What is laid over pictures: marked boxes, and pixels that hide a face.

Every mark says its state three times, by colour, by a symbol and in words, because one viewer in
twelve cannot tell red from green.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from maskwatch.advice import words_for
from maskwatch.geometry import FloatArray, area, box_array, shared_area
from maskwatch.palette import BLACK, STYLES
from maskwatch.types import Box, Fault, Image, MaskReading, State, Track

# Blocks across the shorter side of a hidden face. Networks can be trained to name people from
# fine mosaics (McPherson, Shokri, Shmatikov: "Defeating Image Obfuscation with Deep Learning",
# 2016), so this is as coarse as still lets a viewer see that somebody is there.
_BLOCKS = 5
_SMALLEST_BLOCK_PX = 4
_HIDE_MARGIN = 0.3
_MOST_COVERED = 0.5
"""Share of another face that a label may lie on."""
_MOST_SHARED = 0.05
"""Share of a label that may lie on others: on their margins, but on no letters."""
_LABELS_KEPT = 256
"""Of the many that people times percents make; at 4K each takes some 50 KB."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One box to draw and what its label says."""

    box: Box
    state: State
    fault: Fault | None = None
    coverage: float | None = None
    """Percent, 0 to 100; not shown when None or when the state is ``unknown``."""
    track: int | None = None

    @classmethod
    def of_reading(cls, reading: MaskReading) -> Mark:
        """The mark of one judgement in one picture."""
        return cls(reading.face.box, reading.state, reading.fault, reading.coverage)

    @classmethod
    def of_track(cls, track: Track) -> Mark:
        """The mark of a person in a video: the voted verdict, where the face is now."""
        verdict = track.verdict
        box = track.reading.face.box
        return cls(box, verdict.state, verdict.fault, verdict.coverage, track.id)

    @property
    def text(self) -> str:
        """Such as "#3 nose out 12%"."""
        parts = [] if self.track is None else [f"#{self.track}"]
        parts.append(words_for(self.state, self.fault))
        if self.coverage is not None and self.state is not State.UNKNOWN:
            parts.append(f"{self.coverage:.0f}%")
        return " ".join(parts)


def draw_marks(image: Image, marks: Sequence[Mark]) -> Image:
    """A copy of a picture with marks on it.

    Line width and text follow the size of the picture, so that both a thumbnail and a 4K frame
    can be read, and within that the size of the face. Labels stay inside the picture and make
    way for each other and for faces. Where there is no room for the words only the symbol is
    drawn, and in the thick of a crowd the box alone.

    Args:
        image: ``(H, W, 3)`` uint8 BGR; left as it is.
        marks: in any order; larger faces choose the place of their label first.
    """
    canvas = image.copy()
    height, width = canvas.shape[:2]
    ordered = sorted(marks, key=lambda mark: -mark.box.side)
    sizes = [_text_px(height, width, mark.box) for mark in ordered]
    for mark, text_px in zip(ordered, sizes, strict=True):
        _draw_box(canvas, mark, text_px)
    boxes = box_array(mark.box for mark in ordered)
    placed = np.zeros((0, 4))
    for i, (mark, text_px) in enumerate(zip(ordered, sizes, strict=True)):
        others = np.delete(boxes, i, axis=0)
        for text in (mark.text, ""):
            sprite = _label(mark.state, text, text_px)
            spot = _choose_spot(mark.box, sprite.shape[:2], (height, width), placed, others)
            if spot is not None:
                x0, y0, x1, y1 = _spot_box(spot, sprite)
                placed = np.vstack([placed, (x0, y0, x1, y1)])
                canvas[y0:y1, x0:x1] = sprite
                break
    return canvas


def pixelate(image: Image, boxes: Iterable[Box]) -> Image:
    """A copy of a picture in which faces cannot be recognised, nor be brought back.

    Each box is enlarged by 30 % on each side, so that hair and chin go too, and replaced by at
    most 5 blocks across its shorter side, each the mean of what it covers.

    Args:
        image: ``(H, W, 3)`` uint8 BGR; left as it is.
        boxes: in pixels; may reach outside the picture.
    """
    hidden = image.copy()
    height, width = image.shape[:2]
    for box in sorted(boxes, key=lambda box: box.side):  # where two overlap the coarser one stays
        margin = _HIDE_MARGIN * max(box.width, box.height)
        x0, y0 = max(0, math.floor(box.x0 - margin)), max(0, math.floor(box.y0 - margin))
        x1, y1 = min(width, math.ceil(box.x1 + margin)), min(height, math.ceil(box.y1 + margin))
        if x0 < x1 and y0 < y1:
            hidden[y0:y1, x0:x1] = _blocks(image[y0:y1, x0:x1])
    return hidden


def _blocks(part: Image) -> Image:
    """The same rectangle in few blocks."""
    height, width = part.shape[:2]
    block = max(_SMALLEST_BLOCK_PX, min(height, width) / _BLOCKS)
    few = (max(1, int(width / block)), max(1, int(height / block)))
    means = cv2.resize(part, few, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(means, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)


def _text_px(height: int, width: int, box: Box) -> int:
    """Height of a label's letters: by the face, within bounds that the picture sets."""
    short = min(height, width)
    smallest, largest = max(11.0, min(short / 54, 0.5 * box.width)), max(13.0, short / 26)
    return round(min(max(0.2 * box.width, smallest), largest))


def _draw_box(canvas: Image, mark: Mark, text_px: int) -> None:
    """The rectangle, with a dark rim that sets it off from a background of its own colour."""
    line = max(2, round(text_px / 7))
    corners = [round(v) for v in mark.box]
    top_left, bottom_right = (corners[0], corners[1]), (corners[2] - 1, corners[3] - 1)
    rim = 2 * max(1, line // 3)
    cv2.rectangle(canvas, top_left, bottom_right, BLACK, line + rim)
    cv2.rectangle(canvas, top_left, bottom_right, STYLES[mark.state].colour[::-1], line)


class _Spot(NamedTuple):
    """Top left corner of a label in whole pixels."""

    x: int
    y: int


def _spot_box(spot: _Spot, sprite: Image) -> tuple[int, int, int, int]:
    return spot.x, spot.y, spot.x + sprite.shape[1], spot.y + sprite.shape[0]


def _choose_spot(
    box: Box,
    label: tuple[int, int],
    picture: tuple[int, int],
    placed: FloatArray,
    faces: FloatArray,
) -> _Spot | None:
    """The first spot that touches the box and covers neither labels nor faces, else the least bad.

    None where even that would hide a face or a label, and where the picture is too small for it.

    Args:
        box: the face.
        label: height and width of the label.
        picture: height and width of the picture.
        placed: ``(N, 4)`` labels that lie already.
        faces: ``(M, 4)`` the other faces.
    """
    if label[0] > picture[0] or label[1] > picture[1]:
        return None  # cut off, 100 % would read 10
    spots = _candidates(box, label, picture)
    at = np.array([(x, y, x + label[1], y + label[0]) for x, y in spots], dtype=np.float64)
    on_labels, on_faces = shared_area(at, placed), shared_area(at, faces)
    # A covered label is lost; a covered face can still be guessed from its box.
    best = int(np.argmin(3 * on_labels.sum(axis=1) + on_faces.sum(axis=1)))
    shared = on_labels[best].sum() / (label[0] * label[1])
    hides_face = (on_faces[best] > _MOST_COVERED * area(faces)).any()
    return None if shared > _MOST_SHARED or hides_face else spots[best]


def _candidates(box: Box, label: tuple[int, int], picture: tuple[int, int]) -> list[_Spot]:
    """Above, below and inside the box, flush left or right, each moved into the picture."""
    (label_h, label_w), (height, width) = label, picture
    left, right = round(box.x0), round(box.x1) - label_w
    above, below = round(box.y0) - label_h, round(box.y1)
    inside_top, inside_bottom = round(box.y0), round(box.y1) - label_h
    rows = [above, below, inside_top, inside_bottom]
    rows = [y for y in rows if 0 <= y <= height - label_h] or [0]
    return [_Spot(min(max(x, 0), width - label_w), y) for y in rows for x in (left, right)]


@lru_cache(maxsize=_LABELS_KEPT)
def _label(state: State, text: str, text_px: int) -> Image:
    """Symbol and text on the state's colour, ``(h, w, 3)`` BGR; kept, as video repeats them.

    Without a text it is the symbol alone.
    """
    style = STYLES[state]
    font = ImageFont.load_default(text_px)
    ascent, descent = _font_extent(text_px)
    pad = max(2, round(text_px / 4))
    side = ascent
    height, width = ascent + descent + pad, math.ceil(font.getlength(text))
    all_wide = pad + side + pad + (width + pad if text else 0)
    picture = Pillow.new("RGB", (all_wide, height), style.colour)
    picture.paste(style.text, (pad, (height - side) // 2), _symbol(state, side))
    at = (2 * pad + side, pad // 2 + ascent)
    ImageDraw.Draw(picture).text(at, text, fill=style.text, font=font, anchor="ls")
    sprite = np.ascontiguousarray(np.asarray(picture)[:, :, ::-1])
    sprite.flags.writeable = False
    return sprite


def _font_extent(text_px: int) -> tuple[int, int]:
    """Rows above and below the base line that the letters of our words use."""
    _, top, _, bottom = ImageFont.load_default(text_px).getbbox("#hkp0%", anchor="ls")
    return math.ceil(-top), math.ceil(bottom)


# fmt: off
_HOOK = [
    (0.24, 0.3), (0.28, 0.17), (0.4, 0.09), (0.55, 0.07), (0.7, 0.13),
    (0.77, 0.27), (0.74, 0.4), (0.6, 0.5), (0.51, 0.58), (0.5, 0.68),
]
# fmt: on
# Shapes in a unit square, as glyphs may be missing from a font: strokes as (points, width).
_STROKES: dict[State, list[tuple[list[tuple[float, float]], float]]] = {
    State.MASK: [([(0.08, 0.55), (0.38, 0.85), (0.94, 0.18)], 0.19)],
    State.NO_MASK: [
        ([(0.14, 0.14), (0.86, 0.86)], 0.19),
        ([(0.86, 0.14), (0.14, 0.86)], 0.19),
    ],
    State.INCORRECT: [
        ([(0.5, 0.08), (0.96, 0.92), (0.04, 0.92), (0.5, 0.08), (0.96, 0.92)], 0.12),
        ([(0.5, 0.36), (0.5, 0.6)], 0.13),
        ([(0.5, 0.76), (0.5, 0.77)], 0.13),
    ],
    State.UNKNOWN: [(_HOOK, 0.16), ([(0.5, 0.91), (0.5, 0.92)], 0.18)],
}
_SUPERSAMPLING = 8


def _symbol(state: State, side: int) -> Pillow.Image:
    """Check mark, warning triangle, cross or question mark as an ``L`` coverage mask."""
    large = side * _SUPERSAMPLING
    mask = Pillow.new("L", (large, large), 0)
    pen = ImageDraw.Draw(mask)
    for points, stroke in _STROKES[state]:
        scaled = [(x * large, y * large) for x, y in points]
        radius = stroke * large / 2
        pen.line(scaled, fill=255, width=round(2 * radius), joint="curve")
        for x, y in scaled:
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return mask.resize((side, side), Pillow.Resampling.BOX)
