"""What a mask is made of: colours, patterns, folds and seams, drawn flat before it is worn.

A fabric is a picture of the whole mask as it would lie on a table under white light: its width
spans the mask from side to side, its height from the upper to the lower edge. Values are shares
of white in [0, 1], gamma-coded like pictures.
"""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

import cv2
import numpy as np

from maskwatch_train.synthesis.canvas import Floats
from maskwatch_train.synthesis.prints import print_pattern, smooth_noise

Rng: TypeAlias = np.random.Generator
Bgr: TypeAlias = tuple[float, float, float]

_ASPECT = 0.72


class Style(Enum):
    """The common builds of masks."""

    SURGICAL = "surgical"
    CLOTH = "cloth"
    FOLDED = "folded"
    """A filtering mask with one vertical fold (KN95)."""
    CUP = "cup"
    """A stiff moulded filtering mask (N95)."""


_STYLES = (Style.SURGICAL, Style.CLOTH, Style.FOLDED, Style.CUP)
_STYLE_SHARES = (0.5, 0.3, 0.12, 0.08)

# Shares judged by eye from street photographs: light blue leads, then white and black.
_SURGICAL_COLOURS: tuple[tuple[float, Bgr], ...] = (
    (0.44, (0.95, 0.85, 0.62)),
    (0.18, (0.96, 0.96, 0.95)),
    (0.15, (0.14, 0.13, 0.13)),
    (0.08, (0.80, 0.84, 0.52)),
    (0.05, (0.86, 0.74, 0.95)),
    (0.05, (0.55, 0.55, 0.55)),
    (0.05, (0.62, 0.42, 0.25)),
)
_CLOTH_COLOURS: tuple[tuple[float, Bgr], ...] = (
    (0.28, (0.12, 0.11, 0.11)),
    (0.12, (0.92, 0.92, 0.91)),
    (0.12, (0.34, 0.22, 0.14)),
    (0.10, (0.50, 0.50, 0.50)),
    (0.05, (0.20, 0.16, 0.62)),
    (0.04, (0.62, 0.74, 0.82)),
)
_FILTER_COLOURS: tuple[tuple[float, Bgr], ...] = (
    (0.68, (0.93, 0.93, 0.92)),
    (0.14, (0.14, 0.13, 0.13)),
    (0.10, (0.62, 0.61, 0.60)),
    (0.08, (0.85, 0.75, 0.60)),
)
_SKIN_TONED = 0.07


def sample_style(rng: Rng) -> Style:
    """A build of mask, as often as it is seen."""
    return _STYLES[int(rng.choice(len(_STYLES), p=_STYLE_SHARES))]


def weave(style: Style, skin: Floats, width: int, rng: Rng) -> Floats:
    """Draw the fabric of a mask.

    Args:
        style: its build.
        skin: ``(3,)`` BGR share of white of the wearer's skin; some cloth masks look like it.
        width: columns of the result; its height follows.
        rng: source of every choice.

    Returns:
        ``(height, width, 3)`` BGR shares of white.
    """
    height = round(width * _ASPECT)
    if style is Style.SURGICAL:
        colour = _sample_colour(_SURGICAL_COLOURS, skin, rng, any_colour=0.03)
        fabric = _plain(colour, width, height)
        if rng.random() < 0.06:
            fabric = print_pattern(fabric, rng)
        return fabric * _pleats(width, height, rng) * _hems(width, height, rng, wire=True)
    if style is Style.CLOTH:
        return weave_cloth(skin, width, rng)
    colour = _sample_colour(_FILTER_COLOURS, skin, rng, any_colour=0.08)
    fabric = _plain(colour, width, height)
    if style is Style.FOLDED:
        shade = _fold(width, height, rng) * _hems(width, height, rng, wire=rng.random() < 0.5)
    else:
        shade = _rings(width, height, rng)
    return _with_valve(fabric * shade, rng) if rng.random() < 0.3 else fabric * shade


def weave_cloth(skin: Floats, width: int, rng: Rng) -> Floats:
    """Draw cloth: any colour, often with a pattern; arguments and result as for :func:`weave`."""
    height = round(width * _ASPECT)
    colour = _sample_colour(_CLOTH_COLOURS, skin, rng, any_colour=0.29)
    fabric = _plain(colour, width, height)
    if rng.random() < 0.45:
        fabric = print_pattern(fabric, rng)
    shade = _centre_seam(width, height, rng) * _hems(width, height, rng, wire=False)
    cloth: Floats = fabric * shade
    return cloth


def _sample_colour(
    table: tuple[tuple[float, Bgr], ...], skin: Floats, rng: Rng, any_colour: float
) -> Floats:
    """One colour of the table, or of the wearer's skin, or any colour, each a little different."""
    draw = rng.random()
    if draw < any_colour:
        hsv = np.array([[[rng.uniform(0, 180), rng.uniform(40, 230), rng.uniform(40, 240)]]])
        base = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR)[0, 0] / 255
    elif draw < any_colour + _SKIN_TONED * (any_colour > 0.1):
        base = np.asarray(skin, np.float64)
    else:
        shares = np.array([share for share, _ in table])
        base = np.array(table[int(rng.choice(len(table), p=shares / shares.sum()))][1])
    jittered = base * rng.uniform(0.88, 1.1) + rng.normal(0, 0.025, 3)
    return np.asarray(np.clip(jittered, 0.03, 0.98), np.float32)


def _plain(colour: Floats, width: int, height: int) -> Floats:
    return np.broadcast_to(colour, (height, width, 3)).astype(np.float32)


def _ridge(position: Floats, at: float, spread: float, depth: float) -> Floats:
    """Shade of a fold over a coordinate: dark right after ``at``, a little light before it."""
    offset = (position - at) / spread
    dark = np.exp(-np.square(offset - 0.5) * 2)
    light = np.exp(-np.square(offset + 1.0))
    return np.asarray(1 - depth * dark + 0.3 * depth * light, np.float32)


def _pleats(width: int, height: int, rng: Rng) -> Floats:
    """Three or so folds across, slightly bent, and a few creases."""
    v = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    u = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    bend = np.float32(rng.uniform(-0.05, 0.08)) * (1 - u * u)
    position = v + bend + 0.012 * smooth_noise(width, height, (4, 2), rng)
    depth = rng.uniform(0.06, 0.24)
    shade = np.ones((height, width), np.float32)
    start, step = rng.uniform(0.24, 0.38), rng.uniform(0.14, 0.21)
    for i in range(3):
        shade *= _ridge(position, start + i * step, 0.022, depth * rng.uniform(0.6, 1.2))
    shade *= 1 + np.float32(0.04) * smooth_noise(width, height, (5, 4), rng)
    return shade[..., None]


def _hems(width: int, height: int, rng: Rng, *, wire: bool) -> Floats:
    """Stitched borders, and the bulge of a wire along the upper one."""
    v = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    u = np.abs(np.linspace(-1, 1, width, dtype=np.float32))[None, :]
    hem, depth = rng.uniform(0.03, 0.07), rng.uniform(0.02, 0.14)
    shade = _ridge(v, hem, 0.012, depth) * _ridge(1 - v, hem, 0.012, depth)
    shade = shade * _ridge(1 - u, hem * 0.8, 0.015, depth)
    if wire:
        along = np.clip((0.55 - u) * 8, 0, 1)
        shade = shade * (1 - along * (1 - _ridge(v, hem * 1.6, 0.02, rng.uniform(0, 0.16))))
    return np.asarray(shade, np.float32)[..., None]


def _centre_seam(width: int, height: int, rng: Rng) -> Floats:
    """A curved seam down the middle, or none, and soft wrinkles."""
    v = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    u = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    wrinkles = 1 + np.float32(rng.uniform(0.02, 0.07)) * smooth_noise(width, height, (5, 6), rng)
    if rng.random() < 0.4:
        return np.asarray(wrinkles, np.float32)[..., None]
    seam = _ridge(u + 0 * v, rng.normal(0, 0.02), 0.02, rng.uniform(0.08, 0.25))
    return np.asarray(wrinkles * seam, np.float32)[..., None]


def _fold(width: int, height: int, rng: Rng) -> Floats:
    """A sharp vertical fold: the two halves catch different light."""
    u = np.linspace(-1, 1, width, dtype=np.float32)[None, :] * np.ones((height, 1), np.float32)
    sides = 1 + np.float32(rng.uniform(-0.09, 0.09)) * np.tanh(u * 12)
    crease = _ridge(u, 0.0, 0.025, rng.uniform(-0.1, 0.2))
    wrinkles = 1 + np.float32(0.025) * smooth_noise(width, height, (4, 4), rng)
    return np.asarray(sides * crease * wrinkles, np.float32)[..., None]


def _rings(width: int, height: int, rng: Rng) -> Floats:
    """The pressed rim of a moulded cup, and its slightly rough surface."""
    v = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    u = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    radius = np.sqrt(u * u + v * v)
    shade = _ridge(radius, rng.uniform(0.78, 0.86), 0.03, rng.uniform(0.08, 0.2))
    if rng.random() < 0.5:
        shade = shade * _ridge(
            np.abs(v) + 0 * u, rng.uniform(0.2, 0.4), 0.03, rng.uniform(0.05, 0.15)
        )
    rough = 1 + np.float32(0.015) * smooth_noise(width, height, (30, 24), rng)
    return np.asarray(shade * rough, np.float32)[..., None]


def _with_valve(fabric: Floats, rng: Rng) -> Floats:
    """The fabric with a round exhalation valve beside the middle."""
    height, width = fabric.shape[:2]
    centre = (
        round(width * (0.5 + rng.choice((-1, 1)) * rng.uniform(0.12, 0.22))),
        round(height * 0.58),
    )
    radius = max(2, round(width * rng.uniform(0.06, 0.1)))
    grey = float(rng.choice((0.9, 0.75, 0.25, 0.12)))
    result = fabric.copy()
    cv2.circle(result, centre, radius, (grey * 0.6,) * 3, -1, cv2.LINE_AA)
    cv2.circle(result, centre, max(1, round(radius * 0.9)), (grey,) * 3, -1, cv2.LINE_AA)
    for i in (-1, 0, 1):
        y = centre[1] + round(i * radius * 0.45)
        half = round(radius * 0.6)
        ends = (centre[0] - half, y), (centre[0] + half, y)
        cv2.line(result, *ends, (grey * 0.6,) * 3, max(1, width // 150), cv2.LINE_AA)
    return result
