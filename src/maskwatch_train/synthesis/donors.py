"""Real masks cut out of photographs of people who wear one, to be put on bare faces.

A mask is found by GrabCut (Rother, Kolmogorov, Blake: "GrabCut", SIGGRAPH 2004) in an upright
window on the head: what lies between nose and chin surely belongs to it, what lies above the eyes
or beside the head surely does not. Cut-outs that do not look like a mask are refused.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from maskwatch.types import Face, Image
from maskwatch_train.synthesis.canvas import Canvas, Floats, open_canvas
from maskwatch_train.synthesis.head import Head, fit_head

_LEFT, _TOP, _RIGHT, _BOTTOM = -1.5, -0.7, 1.5, 2.5
"""The window in head units."""
_TURN_SHIFT = 0.28
"""How far the middle of a mask moves sideways when the head turns by a quarter, in head units."""
_ROUNDS = 4
_EDGE_BLUR = 0.02
"""Softness of the cut, in head units."""


@dataclass(frozen=True, slots=True, eq=False)
class Donor:
    """A mask that somebody wears well, cut out.

    Attributes:
        canvas: the upright window on the head that wears it.
        cut: ``(height, width, 4)`` uint8 over the canvas: BGR, and 255 where the mask is.
        top: height of the upper edge at the middle of the face, in head units.
        bottom: height of the lower edge there.
        half_width: from the middle (`middle_of`) to the farther side of the mask.
        level: ``(3,)`` BGR median around the eyes, which says how the head is lit.
    """

    canvas: Canvas
    cut: Image
    half_width: float
    top: float
    bottom: float
    level: Floats

    @property
    def head(self) -> Head:
        """The head that wears it."""
        return self.canvas.head


def cut_out(image_bgr: Image, face: Face) -> Donor | None:
    """The mask that a face wears; None when it cannot be told from its surroundings.

    Args:
        image_bgr: ``(H, W, 3)`` uint8, BGR.
        face: a face that wears a mask well, with landmarks.

    Raises:
        ValueError: the face has no landmarks, or its eyes and mouth fall together.
    """
    head = fit_head(face)
    canvas = open_canvas(head, _LEFT, _TOP, _RIGHT, _BOTTOM, fineness=1.0)
    window = canvas.take(image_bgr)
    found = _segment(window, canvas)
    middle = middle_of(head)
    edges = _edges(found, canvas, middle)
    if edges is None or not _like_a_mask(found, canvas, *edges):
        return None
    columns = np.flatnonzero(found.any(axis=0))
    half_width = max(middle - float(canvas.xs[columns[0]]), float(canvas.xs[columns[-1]]) - middle)
    alpha = cv2.GaussianBlur(found.astype(np.float32), (0, 0), _EDGE_BLUR * canvas.scale)
    # Half of the soft edge shows skin: the cut goes a little inside.
    coverage = np.clip(255 * (2 * alpha - 1), 0, 255).astype(np.uint8)
    return Donor(
        canvas=canvas,
        cut=np.dstack([window, coverage]),
        half_width=half_width,
        top=edges[0],
        bottom=edges[1],
        level=eye_level(window, canvas),
    )


def middle_of(head: Head) -> float:
    """Where the middle of a mask lies on a head, as x in head units."""
    return _TURN_SHIFT * math.sin(head.yaw)


def eye_level(window: Image, canvas: Canvas) -> Floats:
    """``(3,)`` BGR median of what lies around and between the eyes."""
    rows = (canvas.ys > -0.25) & (canvas.ys < 0.15)
    columns = np.abs(canvas.xs - 0.2 * np.sin(canvas.head.yaw)) < 0.55 * canvas.head.half_width
    patch = window[rows][:, columns].reshape(-1, 3)
    return np.asarray(np.maximum(np.median(patch, axis=0), 6), np.float32)


def _segment(window: Image, canvas: Canvas) -> np.ndarray:
    """``(height, width)`` bool: the largest piece that GrabCut takes for the mask."""
    head = canvas.head
    x = canvas.xs[None, :] - middle_of(head)
    y = canvas.ys[:, None]
    mask = np.full((canvas.height, canvas.width), cv2.GC_PR_BGD, np.uint8)
    across, down = x / (0.95 * head.half_width), (y - 1.0) / (head.chin_y - 0.75)
    mask[across**2 + down**2 < 1] = cv2.GC_PR_FGD
    low, high = head.nose_y + 0.08, head.chin_y - 0.3
    mask[(np.abs(x) < 0.33) & (y > low) & (y < high)] = cv2.GC_FGD
    outside = (y < 0.02) | (np.abs(x) > 1.25 * head.half_width) | (y > head.chin_y + 0.45)
    mask[np.broadcast_to(outside, mask.shape)] = cv2.GC_BGD
    cv2.setRNGSeed(1)  # it starts from clusters that are drawn at random
    outside_model, inside_model = np.zeros((1, 65)), np.zeros((1, 65))
    # OpenCV's types do not know that there need be no rectangle beside a mask.
    cv2.grabCut(  # type: ignore[call-overload]
        window, mask, None, outside_model, inside_model, _ROUNDS, cv2.GC_INIT_WITH_MASK
    )
    found = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    for step in (cv2.MORPH_CLOSE, cv2.MORPH_OPEN):
        found = np.asarray(cv2.morphologyEx(found, step, kernel), np.uint8)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(found)
    if count < 2:
        return np.zeros(found.shape, bool)
    return np.asarray(pieces == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])))


def _edges(found: np.ndarray, canvas: Canvas, middle: float) -> tuple[float, float] | None:
    """Heights of the upper and the lower edge at the middle of the face; None without any."""
    share = found[:, np.abs(canvas.xs - middle) < 0.12].mean(axis=1)
    rows = np.flatnonzero(share > 0.5)
    if len(rows) == 0:
        return None
    return float(canvas.ys[rows[0]]), float(canvas.ys[rows[-1]])


def _like_a_mask(found: np.ndarray, canvas: Canvas, top: float, bottom: float) -> bool:
    """Whether a piece has the place, the size and the plain outline of a mask worn well."""
    head = canvas.head
    if not (0.08 < top < head.nose_y and head.chin_y - 0.25 < bottom < head.chin_y + 0.38):
        return False
    contours = cv2.findContours(found.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    outline = max(contours, key=cv2.contourArea)
    hull = cv2.contourArea(cv2.convexHull(outline))
    area = cv2.contourArea(outline) / canvas.scale**2
    wide = np.flatnonzero(found.any(axis=0))
    width = (wide[-1] - wide[0]) / canvas.scale
    solid = found.sum() / max(hull, 1.0)
    return bool(solid > 0.92 and 0.9 < width < 2.3 and 0.7 < area < 2.6)
