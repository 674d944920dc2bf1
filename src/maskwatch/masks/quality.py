"""How far a reading deserves to be trusted: size, sharpness, detector score and frontal pose.

Each part is a factor in [0, 1]; their product is the quality with which a reading votes on the
verdict of its person. It is no probability of being right: only the ratio of two qualities counts.
"""

from __future__ import annotations

import cv2
import numpy as np

from maskwatch.types import Face, Image, Landmarks

USELESS_PX, AMPLE_PX = 16.0, 80.0
"""Face sizes with size factor 0 and 1: a few pixels per feature, and as many as a network uses."""
SHARPNESS_GRID = 32
"""Side in pixels at which sharpness is compared: a small sharp face is not a blurred one."""
BLURRED, SHARP = 0.1, 0.8
"""Relative Laplacian variances with sharpness factor 0 and 1.

Faces in focus measured 0.9 to 1.9, the same faces blurred by a Gaussian of 2.3 % of the crop's side
0.3, of 6 % 0.08; a face of 110 px in clear motion blur 0.45.
"""
FRONTAL, PROFILE = 0.3, 1.0
"""Offsets of the nose (see ``nose_offset``) with factor 1 and with the least."""
LEAST_POSE = 0.25
"""Factor of a profile: mask and chin are still seen, half of the face is not."""
LEAST_SHARPNESS = 0.1
"""Factor of a blurred face; like a profile, it still counts where there is nothing better."""

_NOISE_VARIANCE = 25.0
"""Grey variance of sensor noise and compression, so that a flat picture does not become sharp."""


def reading_quality(face: Face, crop: Image) -> float:
    """Quality of the reading of one face, in [0, 1].

    Args:
        face: as detected, in pixels of the original picture.
        crop: ``(S, S, 3)`` uint8 BGR, the square that the classifier looks at (S about 128).
    """
    return (
        size_factor(face.box.side)
        * sharpness_factor(relative_sharpness(crop))
        * face.score
        * pose_factor(face.landmarks)
    )


def size_factor(side_px: float) -> float:
    """0 for a face of ``USELESS_PX`` or less, 1 from ``AMPLE_PX`` on, linear between."""
    return _ramp(side_px, USELESS_PX, AMPLE_PX)


def sharpness_factor(sharpness: float) -> float:
    """``LEAST_SHARPNESS`` for a blurred face to 1 for a sharp one, see ``relative_sharpness``."""
    return LEAST_SHARPNESS + (1 - LEAST_SHARPNESS) * _ramp(sharpness, BLURRED, SHARP)


def relative_sharpness(crop: Image) -> float:
    """Variance of the Laplacian as a multiple of the grey variance: 0 (flat) to about 2 (crisp).

    The variance of the Laplacian is the focus measure of Pech-Pacheco et al., "Diatom autofocusing
    in brightfield microscopy", ICPR 2000. Dividing by the grey variance takes out contrast, so
    that a dark picture or a plain mask is not called blurred. An eighth on each side, which is
    mostly background, is left out.

    Args:
        crop: ``(S, S, 3)`` uint8 BGR.
    """
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    grid = cv2.resize(grey, (SHARPNESS_GRID, SHARPNESS_GRID), interpolation=cv2.INTER_AREA)
    edge = SHARPNESS_GRID // 8
    inner = grid[edge:-edge, edge:-edge].astype(np.float32)
    return float(cv2.Laplacian(inner, cv2.CV_32F).var() / (inner.var() + _NOISE_VARIANCE))


def pose_factor(landmarks: Landmarks | None) -> float:
    """1 for a face turned to the camera, down to ``LEAST_POSE`` for a profile.

    Without landmarks nothing is known against the pose: 1.
    """
    if landmarks is None:
        return 1.0
    return 1 - (1 - LEAST_POSE) * _ramp(nose_offset(landmarks), FRONTAL, PROFILE)


def nose_offset(landmarks: Landmarks) -> float:
    """How far the nose lies from the middle of the eyes, along the line through the eyes.

    Returns:
        0 for a frontal face, 1 when the nose is level with an eye, more in profile; infinite when
        both eyes lie on one point. The tilt of the head does not matter.
    """
    right, left, nose = (np.array(point) for point in landmarks[:3])
    axis = left - right
    squared = float(axis @ axis)
    if squared == 0:
        return float("inf")
    return 2 * abs(float((nose - (left + right) / 2) @ axis)) / squared


def _ramp(value: float, zero: float, one: float) -> float:
    return min(1.0, max(0.0, (value - zero) / (one - zero)))
