"""A face drawn by the tests: frontal or turned, at any place and size, with known landmarks."""

from __future__ import annotations

import math

import cv2
import numpy as np

from maskwatch.types import Box, Face, Landmarks, Point
from maskwatch_train.synthesis.head import Head

SIZE = 320


def bare_face(
    unit_px: float = 60.0,
    yaw: float = 0.0,
    roll: float = 0.0,
    centre: tuple[float, float] = (160, 120),
) -> tuple[np.ndarray, Face]:
    """A ``(320, 320, 3)`` BGR picture of an oval face, and the face as a detector would give it.

    ``centre`` is the midpoint of the eyes, ``unit_px`` the distance from there to the mouth, and
    angles are in radians.
    """
    cos, sin = math.cos(roll), math.sin(roll)

    def at(x: float, y: float) -> Point:
        return Point(
            centre[0] + unit_px * (x * cos - y * sin), centre[1] + unit_px * (x * sin + y * cos)
        )

    image = np.full((SIZE, SIZE, 3), (140, 130, 120), np.uint8)
    middle = at(0, 0.55)
    axes = (unit_px * 0.95, unit_px * 1.3)
    oval = ((middle.x, middle.y), (2 * axes[0], 2 * axes[1]), math.degrees(roll))
    cv2.ellipse(image, oval, (130, 160, 205), -1, cv2.LINE_AA)
    turn, nose_x = 0.45 * math.cos(yaw), 0.4 * math.sin(yaw)
    landmarks = Landmarks(
        at(-turn, 0), at(turn, 0), at(nose_x, 0.58), at(-0.8 * turn, 1), at(0.8 * turn, 1)
    )
    for point in landmarks:
        place = (round(point.x), round(point.y))
        cv2.circle(image, place, max(1, round(unit_px * 0.06)), (60, 60, 90), -1, cv2.LINE_AA)
    reach = unit_px * (0.95 + 0.35 * abs(sin))
    box = Box(
        middle.x - reach, middle.y - 1.25 * unit_px, middle.x + reach, middle.y + 1.1 * unit_px
    )
    return image, Face(box, 0.9, landmarks)


def changed_at(before: np.ndarray, after: np.ndarray, head: Head, x: float, y: float) -> float:
    """Mean absolute difference in a small patch around a point in head units."""
    point = head.to_picture(x, y)
    r = max(1, round(0.04 * head.unit_px))
    rows = slice(round(point.y) - r, round(point.y) + r + 1)
    columns = slice(round(point.x) - r, round(point.x) + r + 1)
    return float(np.abs(after[rows, columns].astype(int) - before[rows, columns]).mean())
