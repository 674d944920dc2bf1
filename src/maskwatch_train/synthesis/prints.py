"""Patterns printed on or woven into plain cloth."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np

from maskwatch_train.synthesis.canvas import Floats

Rng: TypeAlias = np.random.Generator

_PRINT_SCALE = 128.0
"""Width in pixels of a fabric for which the sizes below are meant."""


def smooth_noise(width: int, height: int, cells: tuple[int, int], rng: Rng) -> Floats:
    """``(height, width)`` noise about 0 with the given number of blobs across and down."""
    grid = rng.standard_normal((cells[1] + 1, cells[0] + 1)).astype(np.float32)
    return np.asarray(cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def print_pattern(fabric: Floats, rng: Rng) -> Floats:
    """The fabric with a printed or woven pattern in one or two more colours."""
    print_on = _PATTERNS[int(rng.integers(len(_PATTERNS)))]
    base = fabric[0, 0]
    contrast = np.clip(1 - base if rng.random() < 0.4 else rng.uniform(0, 1, 3), 0.05, 0.95)
    second = rng.uniform(0.05, 0.95, 3)
    return print_on(
        fabric.copy(),
        contrast.astype(np.float32),
        second.astype(np.float32),
        fabric.shape[1] / _PRINT_SCALE,
        rng,
    )


def _dots(fabric: Floats, ink: Floats, _second: Floats, scale: float, rng: Rng) -> Floats:
    step, radius = rng.uniform(8, 22) * scale, rng.uniform(0.15, 0.35)
    for row, y in enumerate(np.arange(0, fabric.shape[0], step)):
        for x in np.arange((row % 2) * step / 2, fabric.shape[1], step):
            cv2.circle(
                fabric,
                (round(x), round(y)),
                max(1, round(step * radius)),
                ink.tolist(),
                -1,
                cv2.LINE_AA,
            )
    return fabric


def _stripes(fabric: Floats, ink: Floats, _second: Floats, scale: float, rng: Rng) -> Floats:
    angle = float(rng.choice((0, math.pi / 2, math.pi / 4)))
    wave = _wave(fabric, angle, rng.uniform(5, 26) * scale)
    return _mix(fabric, ink, np.clip((wave - rng.uniform(-0.5, 0.5)) * 3 + 0.5, 0, 1))


def _checks(fabric: Floats, ink: Floats, second: Floats, scale: float, rng: Rng) -> Floats:
    period = rng.uniform(8, 26) * scale
    for angle, colour in ((0.0, ink), (math.pi / 2, ink if rng.random() < 0.6 else second)):
        share = np.clip(_wave(fabric, angle, period) * 3 + 0.5, 0, 1) * rng.uniform(0.35, 0.6)
        fabric = _mix(fabric, colour, share)
    return fabric


def _flowers(fabric: Floats, ink: Floats, second: Floats, scale: float, rng: Rng) -> Floats:
    height, width = fabric.shape[:2]
    for _ in range(int(rng.integers(10, 28))):
        centre, size = rng.uniform((0, 0), (width, height)), rng.uniform(3, 9) * scale
        colour = (ink if rng.random() < 0.6 else second).tolist()
        for angle in np.arange(5) * (2 * math.pi / 5) + rng.uniform(0, 1):
            petal = centre + size * 0.7 * np.array([math.cos(angle), math.sin(angle)])
            cv2.circle(
                fabric,
                (round(petal[0]), round(petal[1])),
                max(1, round(size * 0.5)),
                colour,
                -1,
                cv2.LINE_AA,
            )
        cv2.circle(
            fabric,
            (round(centre[0]), round(centre[1])),
            max(1, round(size * 0.3)),
            (0.4, 0.8, 0.9),
            -1,
            cv2.LINE_AA,
        )
    return fabric


def _camouflage(fabric: Floats, ink: Floats, second: Floats, _scale: float, rng: Rng) -> Floats:
    height, width = fabric.shape[:2]
    cells = int(rng.integers(5, 12))
    for colour in (ink, second, fabric[0, 0] * 0.5):
        blob = smooth_noise(width, height, (cells, max(2, round(cells * 0.7))), rng)
        fabric = _mix(fabric, colour, np.clip((blob - 0.4) * 8, 0, 1))
    return fabric


def _logo(fabric: Floats, ink: Floats, _second: Floats, scale: float, rng: Rng) -> Floats:
    height, width = fabric.shape[:2]
    letters = "".join(
        rng.choice(list("ABCDEFGHIJKLMNOPRSTUVXYZ0123456789"), int(rng.integers(2, 8)))
    )
    at = (round(width * rng.uniform(0.08, 0.6)), round(height * rng.uniform(0.3, 0.85)))
    size = rng.uniform(0.3, 1.0) * scale
    cv2.putText(
        fabric,
        letters,
        at,
        int(rng.choice((0, 2, 3))),
        size,
        ink.tolist(),
        max(1, round(2 * size)),
        cv2.LINE_AA,
    )
    return fabric


def _two_halves(fabric: Floats, ink: Floats, _second: Floats, _scale: float, rng: Rng) -> Floats:
    """One part of another colour: an upper or lower panel, or a side."""
    height, width = fabric.shape[:2]
    v, u = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j].astype(np.float32)
    edge = (u if rng.random() < 0.4 else v) - rng.uniform(0.35, 0.65)
    return _mix(fabric, ink, np.clip(edge * 40, 0, 1))


def _wave(fabric: Floats, angle: float, period: float) -> Floats:
    """A cosine in [-1, 1] across the fabric; ``period`` in its pixels."""
    height, width = fabric.shape[:2]
    along = np.arange(width)[None, :] * math.cos(angle) + np.arange(height)[:, None] * math.sin(
        angle
    )
    return np.cos(along * (2 * math.pi / period)).astype(np.float32)


def _mix(fabric: Floats, colour: Floats, share: Floats) -> Floats:
    weight = share.astype(np.float32)[..., None]
    return (fabric * (1 - weight) + colour * weight).astype(np.float32)


_PATTERNS: tuple[Callable[[Floats, Floats, Floats, float, Rng], Floats], ...] = (
    _dots,
    _stripes,
    _checks,
    _flowers,
    _camouflage,
    _logo,
    _two_halves,
)
