"""Draw things that are no mask before a face: hands, drinks, phones, scarves, beards, paper."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwatch.types import Face
from maskwatch_train.synthesis.board import Board
from maskwatch_train.synthesis.canvas import Floats, open_canvas
from maskwatch_train.synthesis.fabric import weave_cloth
from maskwatch_train.synthesis.head import fit_head
from maskwatch_train.synthesis.kinds import OccluderKind
from maskwatch_train.synthesis.light import read_light
from maskwatch_train.synthesis.prints import smooth_noise
from maskwatch_train.synthesis.surface import Surface, visible_surface

if TYPE_CHECKING:
    from maskwatch.types import Image

Rng: TypeAlias = np.random.Generator

_NAIL = np.array([0.9, 0.92, 1.06], np.float32)


def occlude(image_bgr: Image, face: Face, kind: OccluderKind, rng: Rng) -> Image:
    """Draw something that is no mask before or on a face.

    It mostly hides the lower face or part of it and leaves the eyes free. The state of the face
    stays what it was: no mask, or the mask that still shows.

    Args:
        image_bgr: ``(H, W, 3)`` uint8, BGR; not changed.
        face: a face in it, with landmarks.
        kind: what to draw.
        rng: source of every choice.

    Returns:
        A picture of the same shape.

    Raises:
        ValueError: the face has no landmarks, or its eyes and mouth fall together.
    """
    head = fit_head(face)
    reach = 2.0 * head.half_width
    canvas = open_canvas(head, -reach, -0.5, reach, 2.9, fineness=1.0)
    board = Board(canvas, read_light(image_bgr, canvas))
    _DRAWERS[kind](board, rng)
    return board.laid_on(image_bgr, rng)


def _skin(board: Board, rng: Rng) -> Floats:
    """The wearer's skin as a share of white, a shade lighter or darker than the face."""
    skin = np.clip(board.light.skin / board.light.white, 0.08, 0.95) * rng.uniform(0.85, 1.1)
    return np.asarray(skin, np.float32)


def _mouth_x(board: Board) -> float:
    """Where objects held to the mouth are, across the picture: the lips stand out of the face."""
    return 0.12 * math.sin(board.canvas.head.yaw)


def _turn(vector: tuple[float, float], angle: float) -> NDArray[np.float64]:
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([vector[0] * cos - vector[1] * sin, vector[0] * sin + vector[1] * cos])


def _hand(board: Board, rng: Rng) -> None:
    """A hand on the mouth, the chin or a cheek, coming from below or from the side."""
    side = float(rng.choice((-1.0, 1.0)))
    target = np.array([_mouth_x(board) + side * rng.uniform(0, 0.3), rng.uniform(0.35, 1.35)])
    # The direction in which the fingers point: up, or across the face.
    direction = side * rng.uniform(-1.4, 0.5)
    _draw_hand(board, target, direction, rng, fingers=4, curl=rng.uniform(0.35, 1.0))
    board.cast(rng.uniform(0.1, 0.3), 0.06)


def _draw_hand(
    board: Board,
    fingertips: NDArray[np.float64],
    direction: float,
    rng: Rng,
    *,
    fingers: int,
    curl: float,
) -> None:
    """Palm, wrist and fingers; ``direction`` 0 points up, positive turns clockwise."""
    skin = _skin(board, rng)
    size = rng.uniform(0.85, 1.1)
    length, spacing, radius = 0.85 * curl * size, 0.235 * size, 0.115 * size
    up, across = _turn((0, -1), direction), _turn((1, 0), direction)
    knuckles = fingertips - up * length
    wrist = knuckles - up * 0.95 * size
    board.capsule(wrist, wrist - up * 3, (0.36 * size, 0.42 * size), skin)
    board.capsule(knuckles - up * 0.45, wrist, (0.46 * size, 0.36 * size), skin)
    spread = rng.uniform(0.0, 0.12)
    for i in range(fingers):
        offset = i - (fingers - 1) / 2
        root = knuckles + across * offset * spacing - up * 0.3 * size
        reach = length * (1 - 0.1 * offset**2 + rng.normal(0, 0.03)) + 0.3 * size
        way = _turn((0, -1), direction + offset * spread)
        tip = root + way * reach
        tone = skin * np.float32(rng.uniform(0.95, 1.04))
        board.capsule(root, tip, (radius * 1.08, radius * 0.85), tone)
        if rng.random() < 0.7:
            nail = np.clip(tone * _NAIL, 0, 1)
            small = (radius * 0.45, radius * 0.45)
            board.capsule(tip - way * 0.08, tip - way * 0.01, small, nail, 0.6)


def _any_colour(rng: Rng) -> Floats:
    """White, black or brown, or any colour at all."""
    common = ((0.93, 0.93, 0.93), (0.1, 0.1, 0.1), (0.35, 0.5, 0.65))
    if rng.random() < 0.5:
        return np.array(common[int(rng.integers(len(common)))], np.float32)
    return rng.uniform(0.05, 0.95, 3).astype(np.float32)


def _barrel(
    board: Board,
    top: NDArray[np.float64],
    tilt: float,
    length: float,
    half_widths: tuple[float, float],
    albedo: Floats,
    gloss: float,
) -> None:
    """A round vessel seen from the side: from ``top`` downwards, shaded like a cylinder."""
    x = board.canvas.xs[None, :] - np.float32(top[0])
    y = board.canvas.ys[:, None] - np.float32(top[1])
    cos, sin = math.cos(tilt), math.sin(tilt)
    along, aside = -x * sin + y * cos, x * cos + y * sin
    share = np.clip(along / length, 0, 1)
    half = half_widths[0] + (half_widths[1] - half_widths[0]) * share
    bulge = 0.12 * half_widths[0] * np.sqrt(np.clip(1 - (aside / half) ** 2, 0, 1))
    inside = np.minimum(half - np.abs(aside), np.minimum(along + bulge, length + bulge - along))
    alpha = np.clip(inside * board.canvas.scale + 0.5, 0, 1).astype(np.float32)
    turn = np.clip(aside / half, -1, 1)
    shade = 0.55 + 0.45 * np.sqrt(1 - turn**2) + gloss * np.exp(-(((turn + 0.35) / 0.12) ** 2))
    shade = shade * np.where(np.abs(along - 0.06) < 0.02, 0.75, 1.0)
    board.paint(alpha, albedo, shade.astype(np.float32))


def _cup(board: Board, rng: Rng) -> None:
    """A cup or a glass held to the mouth or before the chin, with the fingers that hold it."""
    top = np.array([_mouth_x(board) + rng.normal(0, 0.15), rng.uniform(0.85, 1.35)])
    width = rng.uniform(0.35, 0.55)
    tilt = rng.normal(0, 0.25)
    _barrel(
        board,
        top,
        tilt,
        rng.uniform(0.9, 1.5),
        (width, width * rng.uniform(0.7, 1.0)),
        _any_colour(rng),
        rng.uniform(0, 0.25),
    )
    _grip(board, top + _turn((0, 0.6), tilt), width, rng)
    board.cast(0.2, 0.06)


def _grip(board: Board, at: NDArray[np.float64], half_width: float, rng: Rng) -> None:
    """Fingers around something, coming from one side."""
    if rng.random() < 0.2:
        return
    side = float(rng.choice((-1.0, 1.0)))
    tips = at + np.array([-side * half_width * rng.uniform(-0.3, 0.6), rng.uniform(-0.1, 0.2)])
    _draw_hand(
        board, tips, -side * rng.uniform(1.1, 1.6), rng, fingers=int(rng.integers(3, 5)), curl=0.8
    )


def _bottle(board: Board, rng: Rng) -> None:
    """A bottle at the lips, tilted, with a neck and a cap or none."""
    tilt = float(rng.choice((-1.0, 1.0))) * rng.uniform(0.05, 0.9)
    mouth = np.array([_mouth_x(board) + rng.normal(0, 0.05), rng.uniform(0.95, 1.15)])
    colour, neck = _any_colour(rng), rng.uniform(0.12, 0.18)
    body = mouth + _turn((0, 0.4), tilt)
    _barrel(board, mouth, tilt, 0.5, (neck, neck * 1.3), colour * np.float32(0.9), 0.3)
    _barrel(board, body, tilt, 2.4, (rng.uniform(0.3, 0.42),) * 2, colour, 0.3)
    _grip(board, body + _turn((0, 0.5), tilt), 0.35, rng)
    board.cast(0.2, 0.06)


def _phone(board: Board, rng: Rng) -> None:
    """A phone at one cheek, or held up before the lower face."""
    head = board.canvas.head
    before_face = rng.random() < 0.4
    side = float(rng.choice((-1.0, 1.0))) if abs(head.yaw) < 0.2 else -math.copysign(1, head.yaw)
    x = rng.normal(0, 0.2) if before_face else side * head.half_width * rng.uniform(0.8, 1.05)
    centre = np.array([x, rng.uniform(1.1, 1.7) if before_face else rng.uniform(0.5, 1.0)])
    half = np.array([rng.uniform(0.42, 0.55), rng.uniform(0.9, 1.1)])
    if not before_face:  # seen more from its edge
        half[0] *= rng.uniform(0.3, 0.7)
    tilt = rng.normal(0, 0.2) + (0 if before_face else -side * 0.3)
    colour = np.full(3, rng.choice((0.07, 0.12, 0.2, 0.9)), np.float32) + rng.uniform(0, 0.05, 3)
    alpha = _rounded_box(board, centre, half, tilt, 0.12)
    board.paint(alpha, colour.astype(np.float32))
    lens = centre + _turn((half[0] * 0.5, -half[1] * 0.75), tilt)
    board.capsule(lens, lens + 0.01, (0.08, 0.08), np.full(3, 0.04, np.float32))
    _grip(board, centre + _turn((0, 0.5), tilt), float(half[0]), rng)
    board.cast(0.2, 0.06)


def _rounded_box(
    board: Board, centre: NDArray[np.float64], half: NDArray[np.float64], tilt: float, corner: float
) -> Floats:
    """Coverage of a rectangle with round corners, turned clockwise by ``tilt``."""
    x = board.canvas.xs[None, :] - np.float32(centre[0])
    y = board.canvas.ys[:, None] - np.float32(centre[1])
    cos, sin = math.cos(tilt), math.sin(tilt)
    away_x = np.abs(x * cos + y * sin) - half[0] + corner
    away_y = np.abs(-x * sin + y * cos) - half[1] + corner
    outside = np.hypot(np.maximum(away_x, 0), np.maximum(away_y, 0)) - corner
    alpha: Floats = np.clip(0.5 - outside * board.canvas.scale, 0, 1).astype(np.float32)
    return alpha


def _microphone(board: Board, rng: Rng) -> None:
    """A microphone before the mouth or the chin: a dark or foam-covered head on a stick."""
    at = np.array([_mouth_x(board) + rng.normal(0, 0.3), rng.uniform(1.0, 1.55)])
    radius, tilt = rng.uniform(0.2, 0.38), rng.normal(0, 0.5)
    foot = at + _turn((0, 2.5), tilt)
    stick = np.full(3, rng.uniform(0.05, 0.25), np.float32)
    board.capsule(at, foot, (radius * 0.45, radius * 0.5), stick)
    foam = (
        np.full(3, rng.uniform(0.06, 0.35), np.float32) if rng.random() < 0.75 else _any_colour(rng)
    )
    mesh = smooth_noise(board.canvas.width, board.canvas.height, (90, 90), rng)
    rough = foam * (1 + np.float32(0.12) * mesh[..., None])
    board.capsule(at, at + _turn((0, 0.15), tilt), (radius, radius), rough)
    board.cast(0.2, 0.06)


def _scarf(board: Board, rng: Rng) -> None:
    """A scarf or a high collar round the neck, all of it below the chin."""
    _winding(board, board.canvas.head.chin_y + rng.uniform(0.06, 0.3), rng)


def _wrap(board: Board, rng: Rng) -> None:
    """The same, pulled up to somewhere between the bridge of the nose and the mouth."""
    _winding(board, board.canvas.head.nose_y + rng.uniform(-0.2, 0.3), rng)


def _winding(board: Board, middle: float, rng: Rng) -> None:
    """Cloth wound round the neck, from a height in head units down over the chin."""
    canvas, head = board.canvas, board.canvas.head
    shift = -0.3 * math.sin(head.yaw)
    x = (canvas.xs[None, :] - shift) / (head.half_width * rng.uniform(1.0, 1.35))
    rise = rng.uniform(0.1, 0.5)
    edge = (
        middle - rise * np.clip(np.abs(x), 0, 1.2) ** 2 + 0.03 * np.sin(4 * x + rng.uniform(0, 6))
    )
    below = canvas.ys[:, None] - edge
    flank = rng.uniform(1.0, 1.2) + 0.5 * np.clip(below, 0, 1) - np.abs(x)
    height = max(head.chin_y - middle, 0.0) + rng.uniform(0.5, 1.4)
    inside = np.minimum(np.minimum(below, flank), height + 0.15 * np.cos(2 * x) - below)
    alpha = np.clip(inside * canvas.scale + 0.5, 0, 1).astype(np.float32)
    fabric = weave_cloth(board.light.skin / board.light.white, 256, rng)
    rows, columns = fabric.shape[:2]
    map_x = np.broadcast_to((x * 0.4 + 0.5) * columns, below.shape) % (columns - 1)
    cloth = cv2.remap(
        fabric,
        map_x.astype(np.float32),
        ((below * 0.7 * rows) % (rows - 1)).astype(np.float32),
        cv2.INTER_LINEAR,
    )
    folds = np.sin((below + 0.15 * x * rng.normal()) * rng.uniform(9, 22) + rng.uniform(0, 6))
    shade = (1 + rng.uniform(0.08, 0.22) * folds) * (1 - 0.3 * np.clip(np.abs(x), 0, 1.2) ** 2)
    board.paint(alpha, np.asarray(cloth, np.float32), np.clip(shade, 0.2, 1.3).astype(np.float32))
    board.cast(0.15, 0.03)


def _beard(board: Board, rng: Rng) -> None:
    """A beard over jaw and chin, with or without a moustache: hair noise with a frayed edge."""
    canvas, head = board.canvas, board.canvas.head
    surface = visible_surface(canvas, None)
    noise = smooth_noise(canvas.width, canvas.height, (70, 35), rng)
    depth = _beard_depth(surface, head.nose_y, head.chin_y, rng) + np.float32(0.03) * noise
    alpha = np.clip(depth / rng.uniform(0.05, 0.2), 0, 1) * rng.uniform(0.6, 0.97)
    alpha = np.minimum(alpha, np.clip((surface.inside + 0.06) * canvas.scale, 0, 1))
    hair = np.array(_HAIR[int(rng.integers(len(_HAIR)))]) * rng.uniform(0.7, 1.2)
    strands = smooth_noise(canvas.width, canvas.height, (110, 30), rng)
    shade = np.clip(1 + 0.28 * strands + 0.1 * noise, 0.3, 2.0)
    board.paint(alpha.astype(np.float32), hair.astype(np.float32), shade.astype(np.float32))


_HAIR = (
    (0.09, 0.1, 0.11),
    (0.1, 0.14, 0.2),
    (0.2, 0.3, 0.42),
    (0.55, 0.56, 0.57),
    (0.1, 0.2, 0.42),
)


def _beard_depth(surface: Surface, nose_y: float, chin_y: float, rng: Rng) -> Floats:
    """How deep a point lies within the beard, in head units; negative outside."""
    share = np.clip(np.abs(surface.angle) / math.radians(70), 0, 1.4)
    upper = 1.26 - (1.26 - rng.uniform(0.4, 1.0)) * share ** rng.uniform(0.9, 2.0)
    lower = chin_y + rng.uniform(0.0, 0.45) * np.exp(-((share / 0.5) ** 2)) - 0.25 * share**2
    beard = np.minimum(surface.y - upper, lower - surface.y)
    if rng.random() < 0.7:
        line = nose_y + 0.66 * (1 - nose_y) + 0.7 * share**2
        lip = np.minimum(rng.uniform(0.09, 0.17) - np.abs(surface.y - line), 0.62 - share)
        beard = np.maximum(beard, lip)
    depth: Floats = beard.astype(np.float32)
    return depth


def _paper(board: Board, rng: Rng) -> None:
    """A sheet, a card or a book held before the mouth and chin, with lines of print."""
    centre = np.array([rng.normal(0, 0.25), 0.0])
    half = rng.uniform((0.5, 0.4), (1.4, 1.0))
    centre[1] = rng.uniform(0.75, 1.25) + half[1]
    tilt = rng.normal(0, 0.15)
    white = rng.random() < 0.7
    sheet = np.full(3, rng.uniform(0.82, 0.97), np.float32) if white else _any_colour(rng)
    alpha = _rounded_box(board, centre, half, tilt, 0.02)
    ramp = 1 + rng.normal(0, 0.1) * (board.canvas.xs[None, :] - centre[0]) / half[0]
    board.paint(alpha, sheet, np.broadcast_to(ramp, alpha.shape))
    ink = np.zeros_like(alpha)
    step = rng.uniform(0.1, 0.22)
    for y in np.arange(-half[1] + step, half[1] - step / 2, step):
        length = half[0] * rng.uniform(0.3, 0.85)
        ends = [centre + _turn((x, y), tilt) for x in (-half[0] * 0.85, length)]
        board.canvas.line(ink, np.array(ends), step * 0.25)
    if rng.random() < 0.7:
        board.paint(ink * np.float32(0.75), np.full(3, 0.15, np.float32))
    _grip(board, centre + _turn((half[0] * rng.choice((-1, 1)), 0.2), tilt), 0.1, rng)
    board.cast(0.2, 0.06)


_DRAWERS: dict[OccluderKind, Callable[[Board, Rng], None]] = {
    OccluderKind.HAND: _hand,
    OccluderKind.CUP: _cup,
    OccluderKind.BOTTLE: _bottle,
    OccluderKind.PHONE: _phone,
    OccluderKind.MICROPHONE: _microphone,
    OccluderKind.SCARF: _scarf,
    OccluderKind.WRAP: _wrap,
    OccluderKind.BEARD: _beard,
    OccluderKind.PAPER: _paper,
}
