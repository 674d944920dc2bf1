from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskwatch.masks.quality import (
    LEAST_POSE,
    LEAST_SHARPNESS,
    nose_offset,
    pose_factor,
    reading_quality,
    relative_sharpness,
    sharpness_factor,
    size_factor,
)
from maskwatch.types import Box, Face, Image, Landmarks, Point


def scene(contrast: float = 1.0) -> Image:
    """A 128 px picture with structure at the scale of a face's features."""
    rng = np.random.default_rng(5)
    coarse = rng.integers(0, 256, (24, 24, 3)).astype(np.float32)
    fine = cv2.resize(coarse, (128, 128), interpolation=cv2.INTER_CUBIC)
    crop: Image = np.clip(128 + (fine - 128) * contrast, 0, 255).astype(np.uint8)
    return crop


def blurred(crop: Image, sigma: float) -> Image:
    return cv2.GaussianBlur(crop, (0, 0), sigma).astype(np.uint8)


def landmarks(nose_x: float, tilt: float = 0.0) -> Landmarks:
    """Eyes at x = 40 and 80, turned by ``tilt`` degrees around the middle of the face."""
    points = np.array([[40, 50], [80, 50], [nose_x, 70], [45, 90], [75, 90]], dtype=float)
    angle = np.deg2rad(tilt)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return Landmarks(*(Point(*row) for row in (points - 60) @ turn.T + 60))


def face(side: float = 80, score: float = 1.0, nose_x: float = 60) -> Face:
    return Face(Box(0, 0, side, side * 1.2), score, landmarks(nose_x))


@pytest.mark.parametrize(
    ("side", "factor"), [(8, 0.0), (16, 0.0), (48, 0.5), (80, 1.0), (500, 1.0)]
)
def test_size_counts_between_its_limits(side: float, factor: float) -> None:
    assert size_factor(side) == pytest.approx(factor)


def test_blur_lowers_sharpness_step_by_step() -> None:
    values = [relative_sharpness(blurred(scene(), sigma)) for sigma in (0.3, 2, 4, 8, 16)]
    assert values == sorted(values, reverse=True)
    assert sharpness_factor(values[0]) == 1.0
    assert sharpness_factor(values[-1]) == pytest.approx(LEAST_SHARPNESS)


def test_smear_in_one_direction_lowers_sharpness_too() -> None:
    kernel = np.full((1, 25), 1 / 25)
    smeared = cv2.filter2D(scene(), -1, kernel).astype(np.uint8)
    assert relative_sharpness(smeared) < 0.5 * relative_sharpness(scene())


def test_low_contrast_is_not_blur() -> None:
    assert relative_sharpness(scene(contrast=0.4)) == pytest.approx(
        relative_sharpness(scene()), rel=0.15
    )


def test_enlarging_a_small_sharp_face_is_not_blur() -> None:
    small = cv2.resize(scene(), (40, 40), interpolation=cv2.INTER_AREA)
    enlarged = cv2.resize(small, (128, 128), interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    assert relative_sharpness(enlarged) > 0.5 * relative_sharpness(scene())
    assert relative_sharpness(enlarged) > 2 * relative_sharpness(blurred(scene(), 6))


def test_a_flat_picture_is_not_sharp() -> None:
    assert relative_sharpness(np.full((128, 128, 3), 90, dtype=np.uint8)) == 0.0


@pytest.mark.parametrize(
    ("nose_x", "offset", "factor"),
    [
        (60, 0.0, 1.0),
        (66, 0.3, 1.0),
        (73, 0.65, 1 - (1 - LEAST_POSE) / 2),
        (80, 1.0, LEAST_POSE),
        (100, 2.0, LEAST_POSE),
        (40, 1.0, LEAST_POSE),
    ],
)
@pytest.mark.parametrize("tilt", [0, 30, -80])
def test_pose_counts_by_the_nose_however_the_head_is_tilted(
    nose_x: float, offset: float, factor: float, tilt: float
) -> None:
    # Around the middle of the eyes the tilt moves the nose, not along their line.
    assert nose_offset(landmarks(nose_x, tilt)) == pytest.approx(offset)
    assert pose_factor(landmarks(nose_x, tilt)) == pytest.approx(factor)


def test_eyes_on_one_point_are_a_profile() -> None:
    point = Point(10, 10)
    collapsed = Landmarks(point, point, Point(20, 20), point, point)
    assert nose_offset(collapsed) == float("inf")
    assert pose_factor(collapsed) == LEAST_POSE


def test_without_landmarks_the_pose_is_not_held_against_the_face() -> None:
    assert pose_factor(None) == 1.0


def test_quality_is_the_product_of_its_parts() -> None:
    crop = scene()
    assert reading_quality(face(), crop) == pytest.approx(1.0)
    assert reading_quality(face(score=0.5), crop) == pytest.approx(0.5)
    assert reading_quality(face(side=48, score=0.5), crop) == pytest.approx(0.25)
    assert reading_quality(face(side=48, score=0.5, nose_x=80), crop) == pytest.approx(
        0.25 * LEAST_POSE
    )


@given(
    arrays(np.uint8, (32, 32, 3)),
    st.floats(1, 1000),
    st.floats(0, 1),
    st.floats(-500, 500),
)
def test_quality_lies_between_0_and_1(
    crop: Image, side: float, score: float, nose_x: float
) -> None:
    assert 0 <= reading_quality(face(side, score, nose_x), crop) <= 1
