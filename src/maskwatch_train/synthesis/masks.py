"""Draw a mask on a bare face: the first stage of every synthetic training picture."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from maskwatch.types import Face
from maskwatch_train.synthesis.canvas import Canvas, Floats, Layer, lay, open_canvas
from maskwatch_train.synthesis.fabric import Style, sample_style, weave
from maskwatch_train.synthesis.head import Head, fit_head
from maskwatch_train.synthesis.kinds import WearKind
from maskwatch_train.synthesis.light import Light, desaturate, read_light
from maskwatch_train.synthesis.surface import Surface, project, visible_surface
from maskwatch_train.synthesis.wear import Placement, place

if TYPE_CHECKING:
    from maskwatch.types import Image

_HANGING_SHARE = 0.35
_EAR_ANGLE = math.radians(97)
_EAR_Y = 0.3
_CORNER_SHARPNESS = 22.0
_MARGIN = 0.12


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
    if kind is WearKind.OTHER and rng.random() < _HANGING_SHARE:
        return _hang_from_ear(image_bgr, head, rng)
    placement = place(kind, head, rng)
    canvas = _canvas_for(head, placement)
    light = read_light(image_bgr, canvas)
    style = sample_style(rng)
    fabric = weave(style, light.skin / light.white, _fabric_width(canvas), rng)
    layer = _wear(canvas, placement, fabric, style, light, rng)
    return lay(image_bgr, canvas, layer, *_camera_of(light, canvas), rng)


def _camera_of(light: Light, canvas: Canvas) -> tuple[float, float]:
    """Blur and grain for the layer; in small faces the reduction itself already softens."""
    return (light.blur_px if canvas.head.unit_px > 12 else 0.0), light.grain


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
    canvas: Canvas,
    placement: Placement,
    fabric: Floats,
    style: Style,
    light: Light,
    rng: np.random.Generator,
) -> Layer:
    """The mask as it looks on the head: outline, cloth, shading, loops and shadow."""
    surface = visible_surface(canvas, placement.tent)
    upper, lower = placement.edges(surface.angle)
    distance = _distance_inside(canvas.head, placement, surface, upper, lower)
    alpha = np.clip(distance * canvas.scale + 0.5, 0, 1).astype(np.float32)
    cloth = _map_fabric(fabric, placement, surface, upper, lower)
    shade = _shading(canvas, surface, light, rng)
    colour = desaturate(cloth * (light.white * shade[..., None]), light)
    shadow = _shadow_below(canvas, distance, alpha, rng)
    bands = _loops(canvas, placement, style, rng)
    if bands is not None:
        strap = float(rng.choice((0.92, 0.92, 0.85, 0.12)))
        outside = bands * (1 - alpha)
        total = alpha + outside
        share = (outside / np.maximum(total, 1e-4))[..., None]
        band_colour = desaturate(light.white * strap * light.slow[..., None], light)
        colour = colour * (1 - share) + band_colour * share
        alpha = total
    return Layer(np.clip(colour, 0, 255), alpha, shadow)


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
    return np.minimum(smooth, surface.inside).astype(np.float32)


def _map_fabric(
    fabric: Floats, placement: Placement, surface: Surface, upper: Floats, lower: Floats
) -> Floats:
    """The fabric wrapped onto the surface: ``(height, width, 3)`` shares of white."""
    rows, columns = fabric.shape[:2]
    u = surface.angle / np.float32(placement.side_angle) * 0.5 + 0.5
    v = (surface.y - upper) / np.maximum(lower - upper, 0.05)
    return cv2.remap(
        fabric,
        (u * (columns - 1)).astype(np.float32),
        (v * (rows - 1)).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )


def _shading(canvas: Canvas, surface: Surface, light: Light, rng: np.random.Generator) -> Floats:
    """Brightness over the mask: the face's own slow light, form shading, darker sides."""
    soft = cv2.GaussianBlur(surface.depth, (0, 0), 0.05 * canvas.scale)
    slope_x = cv2.Sobel(soft, cv2.CV_32F, 1, 0, ksize=3, scale=canvas.scale / 8)
    slope_y = cv2.Sobel(soft, cv2.CV_32F, 0, 1, ksize=3, scale=canvas.scale / 8)
    facing = 1 / np.sqrt(1 + slope_x**2 + slope_y**2)
    # Light mostly from above; the side is the face's own matter, so it stays small.
    from_x, from_y, strength = rng.normal(0, 0.3), -rng.uniform(0.1, 0.8), rng.uniform(0.05, 0.2)
    lit = -(slope_x * from_x + slope_y * from_y) * facing
    falloff = rng.uniform(0.15, 0.45)
    shade = light.slow * (1 - falloff * (1 - facing)) * (1 + strength * lit)
    return np.clip(shade, 0.25, 1.5).astype(np.float32)


def _shadow_below(
    canvas: Canvas, distance: Floats, alpha: Floats, rng: np.random.Generator
) -> Floats:
    """The dark line where the mask lies on the skin; it reaches only a few hundredths outside."""
    reach, depth = rng.uniform(0.02, 0.05), rng.uniform(0.05, 0.3)
    near = np.clip(1 + distance / reach, 0, 1) * (distance < 0)
    down = np.float32([[1, 0, 0], [0, 1, 0.02 * canvas.scale]])
    moved = cv2.warpAffine(near, down, (canvas.width, canvas.height))
    return (
        depth * np.maximum(near * 0.5, np.minimum(moved, near + 0.3)) * (1 - alpha) * (near > 0)
    ).astype(np.float32)


def _loops(
    canvas: Canvas, placement: Placement, style: Style, rng: np.random.Generator
) -> Floats | None:
    """Coverage of the elastic bands from the corners of the mask to the ears or around the head."""
    if rng.random() < 0.12:
        return None
    target = np.zeros((canvas.height, canvas.width), np.float32)
    thickness = rng.uniform(0.012, 0.03)
    around_head = style is Style.CUP
    for side in (-1.0, 1.0):
        if side * canvas.head.yaw > 0.25:  # that ear is on the far side
            continue
        corner = np.array(side * placement.side_angle * 0.97)
        upper, lower = (float(edge) for edge in placement.edges(corner))
        inset = 0.12 * (lower - upper)
        ends = (
            (upper + inset, _EAR_Y - 0.12),
            (lower - inset, _EAR_Y + (0.55 if around_head else 0.2)),
        )
        for start, end in ends:
            canvas.line(target, _band(canvas.head, corner, start, end, rng), thickness)
    return target


def _band(
    head: Head, corner: np.ndarray, start_y: float, end_y: float, rng: np.random.Generator
) -> np.ndarray:
    """``(N, 2)`` points of one band on the head, sagging a little, until the head hides it."""
    share = np.linspace(0, 1, 12)
    end = math.copysign(max(_EAR_ANGLE, abs(float(corner)) + 0.05), float(corner))
    t = float(corner) + (end - float(corner)) * share
    y = start_y + (end_y - start_y) * share + rng.uniform(-0.02, 0.04) * np.sin(np.pi * share)
    x, _ = project(head, None, t, y)
    bow = 1.2 * head.half_width * (np.cos(t) - 1) * math.sin(head.pitch)
    return np.column_stack([x, y + bow])


def _hang_from_ear(image: Image, head: Head, rng: np.random.Generator) -> Image:
    """Draw a mask that hangs from one ear, beside the cheek and the jaw."""
    near = -1.0 if head.yaw > 0 else 1.0
    side = near if abs(head.yaw) > 0.2 else float(rng.choice((-1.0, 1.0)))
    reach = 1.9 * head.half_width
    canvas = open_canvas(head, -reach, -0.3, reach, 2.7)
    light = read_light(image, canvas)
    style = sample_style(rng)
    fabric = weave(style, light.skin / light.white, _fabric_width(canvas), rng)
    ear_x = float(project(head, None, np.array(side * 1.5), np.array(_EAR_Y))[0])
    hung = _hanging_layer(canvas, (ear_x, _EAR_Y), side, fabric, light, rng)
    return lay(image, canvas, hung, *_camera_of(light, canvas), rng)


def _hanging_layer(
    canvas: Canvas,
    ear: tuple[float, float],
    side: float,
    fabric: Floats,
    light: Light,
    rng: np.random.Generator,
) -> Layer:
    """A mask seen half from its side, held by its loop at ``ear`` (head units)."""
    swing = rng.normal(0, 0.12) + 0.1 * side
    width, length = rng.uniform(0.35, 0.75), rng.uniform(1.0, 1.4)
    top = np.array([ear[0] + side * rng.uniform(-0.05, 0.2), ear[1] + rng.uniform(0.2, 0.4)])
    down = np.array([math.sin(swing), math.cos(swing)])
    across = np.array([down[1], -down[0]]) * width / 2
    skew = np.array([0.0, rng.normal(0, 0.12)])
    corners = np.array(
        [
            top - across,
            top + across + skew,
            top + across + skew + down * length,
            top - across + down * length,
        ]
    )
    rows, columns = fabric.shape[:2]
    # It hangs by its side, so the fabric is turned a quarter.
    flat = np.array([[0, rows], [0, 0], [columns, 0], [columns, rows]], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, canvas.pixels(corners).astype(np.float32))
    size = (canvas.width, canvas.height)
    cloth = cv2.warpPerspective(fabric, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    alpha = np.zeros((canvas.height, canvas.width), np.float32)
    canvas.fill(alpha, corners)
    ramp = (canvas.xs - top[0]) / width * rng.normal(0, 0.25)
    colour = desaturate(
        cloth * (light.white * (light.slow * np.clip(1 + ramp, 0.6, 1.3))[..., None]), light
    )
    loops = np.zeros_like(alpha)
    for corner in corners[:2]:
        canvas.line(loops, np.array([ear, corner]), rng.uniform(0.012, 0.03))
    outside = loops * (1 - alpha)
    total = alpha + outside
    share = (outside / np.maximum(total, 1e-4))[..., None]
    colour = colour * (1 - share) + light.white * 0.9 * share
    shadow = (
        cv2.GaussianBlur(alpha, (0, 0), 0.05 * canvas.scale) * rng.uniform(0.1, 0.3) * (1 - alpha)
    )
    return Layer(np.clip(colour, 0, 255).astype(np.float32), total.astype(np.float32), shadow)
