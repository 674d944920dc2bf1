"""Draw a mask on a bare face: the first stage of every synthetic training picture."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwatch.types import Face
from maskwatch_train.synthesis.board import Board
from maskwatch_train.synthesis.canvas import Canvas, Floats, open_canvas
from maskwatch_train.synthesis.fabric import Style, sample_style, weave
from maskwatch_train.synthesis.head import Head, fit_head
from maskwatch_train.synthesis.kinds import WearKind
from maskwatch_train.synthesis.light import read_light
from maskwatch_train.synthesis.surface import Surface, bend, project, visible_surface
from maskwatch_train.synthesis.wear import Placement, place

if TYPE_CHECKING:
    from maskwatch.types import Image

_HANGING_SHARE = 0.35
_EAR_ANGLE = math.radians(97)
_EAR_Y = 0.3
_CORNER_SHARPNESS = 22.0
_EAR_HIDDEN_YAW = 0.25
_MARGIN = 0.12
_NO_BANDS_SHARE = 0.12
_BAND_GREYS = (0.95, 0.95, 0.95, 0.85, 0.12)
_LINING = np.array([0.95, 0.95, 0.94], np.float32)
_LINING_SHARES = {WearKind.UNDER_CHIN: 0.35, WearKind.NOSE_OUT: 0.12, WearKind.OTHER: 0.1}
"""How often the upper rim is turned over and shows the white inside."""


def synthesise(image_bgr: Image, face: Face, kind: WearKind, rng: np.random.Generator) -> Image:
    """Draw a mask on a bare face.

    Style, colour, pattern, fit and light are drawn from ``rng``; the same generator state gives
    the same picture. What ``kind`` leaves exposed is not touched.

    Args:
        image_bgr: ``(H, W, 3)`` uint8, BGR; not changed.
        face: the bare face in it, with landmarks.
        kind: how the mask is worn.
        rng: source of every choice.

    Returns:
        A picture of the same shape.

    Raises:
        ValueError: the face has no landmarks, or its eyes and mouth fall together.
    """
    head = fit_head(face)
    # Two streams, so that the same seed gives the same mask in every way of wearing it.
    fit, look = (np.random.default_rng(seed) for seed in rng.integers(0, 2**63, 2))
    if kind == WearKind.OTHER and fit.random() < _HANGING_SHARE:
        return _draw_hanging(image_bgr, head, look)
    return draw_mask(image_bgr, head, place(kind, head, fit), kind, look)


def draw_mask(
    image_bgr: Image, head: Head, placement: Placement, kind: WearKind, rng: np.random.Generator
) -> Image:
    """Draw a mask at a known place, for instance one of the steps of pulling it down.

    Args:
        image_bgr: ``(H, W, 3)`` uint8, BGR; not changed.
        head: the head that wears it.
        placement: where its edges lie.
        kind: how it is worn, for the creases and the turned-over rim that go with it.
        rng: source of build, colour, pattern and shading.

    Returns:
        A picture of the same shape.
    """
    board = _board(image_bgr, _canvas_for(head, placement), rng)
    style = sample_style(rng)
    fabric = weave(style, board.light.skin / board.light.white, _fabric_width(board.canvas), rng)
    _wear(board, kind, placement, fabric, style, rng)
    return board.laid_on(image_bgr, rng)


def _draw_hanging(image: Image, head: Head, rng: np.random.Generator) -> Image:
    """Draw a mask that hangs from one ear."""
    reach = 1.9 * head.half_width
    board = _board(image, open_canvas(head, -reach, -0.3, reach, 2.7), rng)
    _hang_from_ear(board, rng)
    return board.laid_on(image, rng)


def _board(image: Image, canvas: Canvas, rng: np.random.Generator) -> Board:
    """A board in the light of the picture, whose true white nobody knows exactly."""
    light = read_light(image, canvas)
    white = np.minimum(light.white * np.float32(rng.uniform(0.88, 1.12)), 254)
    return Board(canvas, replace(light, white=white))


def _fabric_width(canvas: Canvas) -> int:
    return int(np.clip(2.0 * canvas.scale, 96, 420))


def _canvas_for(head: Head, placement: Placement) -> Canvas:
    """A canvas that holds the mask, its loops up to the ears, and the shadow below it."""
    reach = 1.35 * head.half_width
    shift = 0.45 * math.sin(head.yaw)
    sag = 0.9 * abs(math.sin(head.pitch))
    top = min(placement.top, placement.top_side, 0.0) - _MARGIN - sag
    bottom = max(placement.bottom, placement.bottom_side, _EAR_Y + 0.3) + 2 * _MARGIN + sag * 0.5
    return open_canvas(head, -reach + min(shift, 0) * 0.6, top, reach + max(shift, 0) * 0.6, bottom)


def _wear(
    board: Board,
    kind: WearKind,
    placement: Placement,
    fabric: Floats,
    style: Style,
    rng: np.random.Generator,
) -> None:
    """Paint the mask as it looks on the head: bands, outline, cloth, lining and shadow."""
    canvas = board.canvas
    surface = visible_surface(canvas, placement.tent)
    upper, lower = placement.edges(surface.angle)
    distance = _distance_inside(canvas.head, placement, surface, upper, lower)
    alpha: Floats = np.clip(distance * canvas.scale + 0.5, 0, 1)
    cloth = _map_fabric(fabric, placement, surface, upper, lower)
    shade = _shading(canvas, surface, rng)
    if kind == WearKind.UNDER_CHIN:
        shade = shade * _bunching(surface, upper, lower, rng)
    paint_bands(board, placement, style, rng)
    board.paint(alpha, cloth, shade)
    if rng.random() < _LINING_SHARES.get(kind, 0.0):
        turned = _turned_over(canvas, placement, surface, upper, lower, rng)
        board.paint(turned * alpha, _LINING * np.float32(rng.uniform(0.85, 1.02)), shade)
    board.add_shadow(_shadow_around(distance, rng))


def _bunching(surface: Surface, upper: Floats, lower: Floats, rng: np.random.Generator) -> Floats:
    """Shade of the creases across a mask that is pushed together under the chin."""
    v = (surface.y - upper) / np.maximum(lower - upper, 0.05)
    waves = np.sin(v * rng.uniform(8, 22) + surface.angle * rng.normal(0, 1.5) + rng.uniform(0, 6))
    creases: Floats = (1 + rng.uniform(0.0, 0.14) * waves).astype(np.float32)
    return creases


def _turned_over(
    canvas: Canvas,
    placement: Placement,
    surface: Surface,
    upper: Floats,
    lower: Floats,
    rng: np.random.Generator,
) -> Floats:
    """Coverage of the upper rim that is folded over and shows the inside of the mask."""
    share = surface.angle / placement.side_angle
    depth = (lower - upper) * rng.uniform(0.12, 0.5) * (1 - share**2)
    edge: Floats = np.clip((upper + depth - surface.y) * canvas.scale + 0.5, 0, 1)
    return edge


def _distance_inside(
    head: Head, placement: Placement, surface: Surface, upper: Floats, lower: Floats
) -> Floats:
    """Distance to the outline in head units, positive inside; corners come out rounded."""
    sideways = (placement.side_angle - np.abs(surface.angle)) * np.float32(head.half_width)
    below_top, above_bottom = surface.y - upper, lower - surface.y
    edges = [
        np.clip(d, -0.5, 1.0) * -_CORNER_SHARPNESS for d in (below_top, above_bottom, sideways)
    ]
    smooth = -np.log(np.exp(edges[0]) + np.exp(edges[1]) + np.exp(edges[2])) / _CORNER_SHARPNESS
    return np.asarray(np.minimum(smooth, surface.inside), np.float32)


def _map_fabric(
    fabric: Floats, placement: Placement, surface: Surface, upper: Floats, lower: Floats
) -> Floats:
    """The fabric wrapped onto the surface: ``(height, width, 3)`` shares of white."""
    rows, columns = fabric.shape[:2]
    u = surface.angle / np.float32(placement.side_angle) * 0.5 + 0.5
    v = (surface.y - upper) / np.maximum(lower - upper, 0.05)
    cloth = cv2.remap(
        fabric,
        (u * (columns - 1)).astype(np.float32),
        (v * (rows - 1)).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cloth, np.float32)


def _shading(canvas: Canvas, surface: Surface, rng: np.random.Generator) -> Floats:
    """Brightness over the mask on top of the face's own: form shading, darker sides."""
    soft = cv2.GaussianBlur(surface.depth, (0, 0), 0.05 * canvas.scale)
    slope_x = cv2.Sobel(soft, cv2.CV_32F, 1, 0, ksize=3, scale=canvas.scale / 8)
    slope_y = cv2.Sobel(soft, cv2.CV_32F, 0, 1, ksize=3, scale=canvas.scale / 8)
    facing = 1 / np.sqrt(1 + slope_x**2 + slope_y**2)
    # Light mostly from above; the side is the face's own matter, so it stays small.
    from_x, from_y, strength = rng.normal(0, 0.3), -rng.uniform(0.1, 0.8), rng.uniform(0.05, 0.2)
    lit = -(slope_x * from_x + slope_y * from_y) * facing
    falloff = rng.uniform(0.15, 0.45)
    shade = (1 - falloff * (1 - facing)) * (1 + strength * lit)
    return np.asarray(np.clip(shade, 0.25, 1.5), np.float32)


def _shadow_around(distance: Floats, rng: np.random.Generator) -> Floats:
    """The dark line where the mask lies on the skin; it reaches a few hundredths outside."""
    reach, depth = rng.uniform(0.015, 0.05), rng.uniform(0.05, 0.3)
    near: Floats = np.clip(1 + distance / np.float32(reach), 0, 1)
    return np.asarray(depth * near, np.float32)


def paint_bands(board: Board, placement: Placement, style: Style, rng: np.random.Generator) -> None:
    """Paint the elastic bands from the corners of the mask to the ears or around the head."""
    if rng.random() < _NO_BANDS_SHARE:
        return
    head = board.canvas.head
    coverage = np.zeros_like(board.alpha)
    thickness = rng.uniform(0.012, 0.03)
    lower_end = _EAR_Y + (0.55 if style is Style.CUP else 0.2)
    for side in (-1.0, 1.0):
        if side * head.yaw > _EAR_HIDDEN_YAW:
            continue
        corner = side * placement.side_angle * 0.97
        upper, lower = (float(edge) for edge in placement.edges(np.array(corner)))
        inset = 0.12 * (lower - upper)
        for start, end in ((upper + inset, _EAR_Y - 0.12), (lower - inset, lower_end)):
            board.canvas.line(coverage, _band(head, corner, start, end, rng), thickness)
    board.paint(coverage, np.full(3, rng.choice(_BAND_GREYS), np.float32))


def _band(
    head: Head, corner: float, start_y: float, end_y: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """``(N, 2)`` points of one band on the head, sagging a little, until the head hides it."""
    share = np.linspace(0, 1, 12)
    end = math.copysign(max(_EAR_ANGLE, abs(corner) + 0.05), corner)
    t = corner + (end - corner) * share
    y = start_y + (end_y - start_y) * share + rng.uniform(-0.02, 0.04) * np.sin(np.pi * share)
    x, _ = project(head, None, t, y)
    bow = bend(head, t)
    return np.column_stack([x, y + bow])


def _hang_from_ear(board: Board, rng: np.random.Generator) -> None:
    """Paint a mask that hangs from one ear by its loop, seen half from its side."""
    canvas, head = board.canvas, board.canvas.head
    near = -1.0 if head.yaw > 0 else 1.0
    side = near if abs(head.yaw) > _EAR_HIDDEN_YAW else float(rng.choice((-1.0, 1.0)))
    fabric = weave(
        sample_style(rng), board.light.skin / board.light.white, _fabric_width(canvas), rng
    )
    ear = np.array([float(project(head, None, np.array(side * 1.5), np.array(_EAR_Y))[0]), _EAR_Y])
    corners = _hanging_corners(ear, side, rng)
    rows, columns = fabric.shape[:2]
    # It hangs by its side, so the fabric is turned a quarter.
    flat = np.array([[0, rows], [0, 0], [columns, 0], [columns, rows]], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, canvas.pixels(corners).astype(np.float32))
    size = (canvas.width, canvas.height)
    cloth = np.asarray(
        cv2.warpPerspective(fabric, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.float32
    )
    coverage = np.zeros_like(board.alpha)
    for corner in corners[:2]:
        canvas.line(coverage, np.array([ear, corner]), rng.uniform(0.012, 0.03))
    board.paint(coverage, np.full(3, rng.choice(_BAND_GREYS), np.float32))
    alpha = np.zeros_like(board.alpha)
    canvas.fill(alpha, corners)
    across = (canvas.xs[None, :] - np.float32(corners[0, 0])) / np.ptp(corners[:, 0])
    ramp = np.clip(1 + rng.normal(0, 0.2) * across, 0.6, 1.25).astype(np.float32)
    board.paint(alpha, cloth, np.broadcast_to(ramp, alpha.shape))
    board.cast(rng.uniform(0.1, 0.3), 0.05)


def _hanging_corners(
    ear: NDArray[np.float64], side: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """``(4, 2)`` corners in head units of the hanging mask, clockwise from its upper left one."""
    swing = rng.normal(0, 0.12) + 0.1 * side
    width, length = rng.uniform(0.35, 0.75), rng.uniform(1.0, 1.4)
    top = ear + np.array([side * rng.uniform(-0.05, 0.2), rng.uniform(0.2, 0.4)])
    down = np.array([math.sin(swing), math.cos(swing)]) * length
    across = np.array([down[1], -down[0]]) / length * width / 2
    skew = np.array([0.0, rng.normal(0, 0.12)])
    return np.array(
        [top - across, top + across + skew, top + across + skew + down, top - across + down]
    )
