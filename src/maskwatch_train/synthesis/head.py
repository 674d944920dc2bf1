"""Where a head is and how it is turned, from one box and five landmarks.

Head units: the distance from the midpoint of the eyes to the midpoint of the mouth is 1, x grows
to the right of the picture along the eye line, y grows from the eyes (0) to the mouth (1), z
grows from the face towards the camera. Proportions are those of an average adult head (distance
between the pupils 63 mm, eyes to mouth 70 mm, mouth to chin 44 mm, nose tip 28 mm in front of
the line from eyes to mouth, width at the cheeks 140 mm).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from maskwatch.types import Face, Point

EYES_MM = 63.0
EYES_TO_MOUTH_MM = 70.0
NOSE_DEPTH_MM = 28.0
HALF_WIDTH_MM = 70.0
NOSE_Y = 0.58
MOUTH_TO_CHIN = 0.63
_MAX_ANGLE = math.radians(75)
_MAX_PITCH = math.radians(30)


@dataclass(frozen=True, slots=True)
class Head:
    """A head in the picture."""

    origin: Point
    """Midpoint of the eyes in pixels of the picture."""
    unit_px: float
    """Pixels per head unit."""
    roll: float
    """Radians; how far the axis from eyes to mouth is turned clockwise from straight down."""
    yaw: float
    """Radians; positive when the nose points to the right of the picture."""
    pitch: float
    """Radians; positive when the person looks down. A rough estimate."""
    half_width: float
    """Half the width of the head at the cheeks, in head units."""
    nose_y: float
    """Height of the nose tip, in head units."""
    chin_y: float
    """Height of the chin tip, in head units."""

    def to_picture(self, x: float, y: float) -> Point:
        """Pixels of the picture for a point (x, y) in head units, as it appears (no depth)."""
        cos, sin = math.cos(self.roll), math.sin(self.roll)
        return Point(
            self.origin.x + self.unit_px * (x * cos - y * sin),
            self.origin.y + self.unit_px * (x * sin + y * cos),
        )


def fit_head(face: Face) -> Head:
    """Estimate the pose and proportions of a head.

    Raises:
        ValueError: the face has no landmarks, or its eyes and mouth fall together.
    """
    if face.landmarks is None:
        raise ValueError("face has no landmarks: a mask is placed by them")
    points = np.asarray(face.landmarks, dtype=np.float64)
    eyes, nose, mouth = points[:2].mean(axis=0), points[2], points[3:].mean(axis=0)
    down = mouth - eyes
    unit_px = float(np.hypot(*down))
    if not unit_px > 1.0:
        raise ValueError(f"eyes and mouth must lie apart, got {face.landmarks}")
    down /= unit_px
    across = np.array([down[1], -down[0]])
    eye_distance = abs(float((points[1] - points[0]) @ across)) / unit_px
    nose_x, nose_y = float((nose - eyes) @ across) / unit_px, float((nose - eyes) @ down) / unit_px
    # The nose stands out of the face by a known depth, so its sideways offset against the
    # (foreshortened) distance of the eyes gives the yaw.
    depth, width = nose_x / NOSE_DEPTH_MM, eye_distance / EYES_MM
    yaw = float(np.clip(math.atan2(depth, max(width, 1e-3)), -_MAX_ANGLE, _MAX_ANGLE))
    pitch = 0.6 * math.atan((nose_y - NOSE_Y) * EYES_TO_MOUTH_MM / NOSE_DEPTH_MM)
    half_width = HALF_WIDTH_MM * math.hypot(depth, width)
    return Head(
        origin=Point(float(eyes[0]), float(eyes[1])),
        unit_px=unit_px,
        roll=math.atan2(-float(down[0]), float(down[1])),
        yaw=yaw,
        pitch=float(np.clip(pitch, -_MAX_PITCH, _MAX_PITCH)),
        half_width=float(np.clip(0.7 * half_width + 0.3, 0.85, 1.3)),
        nose_y=float(np.clip(nose_y, 0.4, 0.8)),
        chin_y=_chin_y(face, eyes, down, unit_px),
    )


def _chin_y(face: Face, eyes: np.ndarray, down: np.ndarray, unit_px: float) -> float:
    """The chin from proportions, corrected by the bottom of the box when the head is upright."""
    uprightness = max(0.0, (float(down[1]) - 0.9) / 0.1)
    by_box = (face.box.y1 - float(eyes[1])) / unit_px
    by_proportion = 1.0 + MOUTH_TO_CHIN
    weight = 0.5 * uprightness
    return float(np.clip((1 - weight) * by_proportion + weight * by_box, 1.5, 1.85))
