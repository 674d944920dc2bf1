"""Real masks on bare faces, worn well or wrongly."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from maskwatch.types import Face, Image
from maskwatch_train.synthesis.board import Board
from maskwatch_train.synthesis.canvas import Canvas, Floats, Layer, lay, open_canvas
from maskwatch_train.synthesis.donors import Donor, eye_level, middle_of
from maskwatch_train.synthesis.fabric import Style
from maskwatch_train.synthesis.head import Head, fit_head
from maskwatch_train.synthesis.kinds import WearKind
from maskwatch_train.synthesis.light import read_light
from maskwatch_train.synthesis.masks import paint_bands
from maskwatch_train.synthesis.wear import Placement, place

_MAX_TURN_APART = 0.45
"""Radians between the yaw of the giving and that of the taking head."""
_MAX_GAIN = 1.9
_SEAM_BLUR_PX = 0.4
"""Standard deviation of what softens the cut; the mask brings its own blur and grain."""
_TRIES = 24
"""Masks that are looked at before a head is given up."""


def transplant(
    image_bgr: Image, face: Face, donors: Sequence[Donor], kind: WearKind, rng: np.random.Generator
) -> Image | None:
    """Put a real mask on a bare face.

    Args:
        image_bgr: ``(H, W, 3)`` uint8, BGR; not changed.
        face: the bare face in it, with landmarks.
        donors: masks to choose from.
        kind: how the mask is worn; not ``other``.
        rng: source of every choice.

    Returns:
        A picture of the same shape, or None when no mask comes from a head that looks the same way.
    """
    head = fit_head(face)
    chosen = _choose(head, donors, rng)
    if chosen is None:
        return None
    donor, mirrored = chosen
    placement = place(kind, head, rng)
    reach = 1.35 * head.half_width
    canvas = open_canvas(head, -reach, -0.4, reach, placement.bottom + 0.5)
    colour, alpha = _moved(donor, mirrored, canvas, placement, kind)
    level = eye_level(canvas.take(image_bgr), canvas)
    gain = np.clip(level / donor.level, 1 / _MAX_GAIN, _MAX_GAIN) ** np.float32(0.7)
    colour = np.clip(colour * gain, 0, 255)
    around = cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.015, 0.05) * canvas.scale)
    shadow = np.asarray(rng.uniform(0.1, 0.4) * around * (1 - alpha), np.float32)
    picture = _with_bands(image_bgr, canvas, placement, rng)
    return lay(picture, canvas, Layer(colour, alpha, shadow), _SEAM_BLUR_PX, 0.0, rng)


def _with_bands(
    image: Image, canvas: Canvas, placement: Placement, rng: np.random.Generator
) -> Image:
    """The bands that hold the mask, which were not cut out with it."""
    board = Board(canvas, read_light(image, canvas))
    paint_bands(board, placement, Style.SURGICAL, rng)
    return board.laid_on(image, rng)


def _choose(
    head: Head, donors: Sequence[Donor], rng: np.random.Generator
) -> tuple[Donor, bool] | None:
    """A mask from a head that looks the same way, and whether it has to be mirrored for that."""
    for _ in range(_TRIES):
        donor = donors[int(rng.integers(len(donors)))]
        for mirrored in (False, True) if rng.random() < 0.5 else (True, False):
            yaw = -donor.head.yaw if mirrored else donor.head.yaw
            if abs(yaw - head.yaw) < _MAX_TURN_APART:
                return donor, mirrored
    return None


def _moved(
    donor: Donor, mirrored: bool, canvas: Canvas, placement: Placement, kind: WearKind
) -> tuple[Floats, Floats]:
    """Colour and coverage of the mask where it lies now, over the canvas."""
    x, y = np.meshgrid(canvas.xs, canvas.ys)
    x = x - np.float32(middle_of(canvas.head))
    if kind is WearKind.UNDER_CHIN:
        across, down, inside = _round_the_jaw(donor, mirrored, canvas.head, placement, x, y)
    else:
        # The mask keeps its own outline and is pushed together between its edges.
        share = (y - placement.top) / (placement.bottom - placement.top)
        down = donor.top + share * (donor.bottom - donor.top)
        across = x * np.float32(donor.head.half_width / canvas.head.half_width)
        across = -across if mirrored else across
        inside = np.ones_like(x)
    columns = (across + middle_of(donor.head) - donor.canvas.left) * donor.canvas.scale - 0.5
    rows = (down - donor.canvas.top) * donor.canvas.scale - 0.5
    cut = cv2.remap(
        donor.cut, columns.astype(np.float32), rows.astype(np.float32), cv2.INTER_LINEAR
    ).astype(np.float32)
    alpha = cut[..., 3] / 255 * inside
    return cut[..., :3], np.asarray(alpha, np.float32)


def _round_the_jaw(
    donor: Donor, mirrored: bool, head: Head, placement: Placement, x: Floats, y: Floats
) -> tuple[Floats, Floats, Floats]:
    """Places in the donor, in head units, for a mask that is pulled down and hangs in a curve.

    Returns:
        Across and down in the donor, and 1 inside of the new outline.
    """
    reach = head.half_width * np.sin(placement.side_angle)
    share = np.clip(x / reach, -1, 1)
    upper, lower = placement.edges(np.arcsin(np.clip(x / head.half_width, -1, 1)))
    depth = (y - upper) / np.maximum(lower - upper, 0.05)
    corner = 1 - np.clip(np.abs(share), 0, 1) ** 6 * 0.5
    inside = (np.abs(x) < reach) & (np.abs(depth - 0.5) < 0.5 * corner)
    across = np.asarray(share * 0.75 * donor.half_width * (-1 if mirrored else 1), np.float32)
    # A little inside of the edges, where the cloth is sure to be.
    down = donor.top + (0.08 + 0.84 * np.clip(depth, 0, 1)) * (donor.bottom - donor.top)
    return across, np.asarray(down, np.float32), inside.astype(np.float32)
