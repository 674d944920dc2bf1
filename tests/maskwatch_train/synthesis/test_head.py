from __future__ import annotations

import math

import pytest

from maskwatch_train.synthesis.head import fit_head
from tests.maskwatch_train.synthesis.painted_face import bare_face


@pytest.mark.parametrize("degrees", [-50, -20, 0, 20, 50])
def test_yaw_is_read_from_the_nose(degrees):
    _, face = bare_face(yaw=math.radians(degrees))
    assert math.degrees(fit_head(face).yaw) == pytest.approx(degrees, abs=0.5)


@pytest.mark.parametrize("degrees", [-60, 0, 35])
def test_roll_is_read_from_the_axis_eyes_to_mouth(degrees):
    _, face = bare_face(roll=math.radians(degrees))
    assert math.degrees(fit_head(face).roll) == pytest.approx(degrees, abs=0.01)


def test_scale_and_origin_are_those_of_the_landmarks():
    _, face = bare_face(unit_px=48.0, centre=(150, 90))
    head = fit_head(face)
    assert head.unit_px == pytest.approx(48.0)
    assert head.origin == pytest.approx((150, 90))
    assert head.to_picture(0.0, 1.0) == pytest.approx((150, 138))


def test_a_nose_far_down_is_a_head_looking_down():
    _, face = bare_face()
    marks = face.landmarks
    lower = marks._replace(nose=marks.nose._replace(y=marks.nose.y + 10))
    assert fit_head(face).pitch == pytest.approx(0.0, abs=1e-6)
    assert fit_head(type(face)(face.box, 0.9, lower)).pitch > 0.1


def test_a_chin_far_below_the_mouth_is_not_believed():
    _, face = bare_face()
    deep = type(face)(face.box._replace(y1=face.box.y1 + 300), 0.9, face.landmarks)
    assert fit_head(deep).chin_y == pytest.approx(1.85)
