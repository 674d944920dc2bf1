from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwatch.tracks.motion import (
    Motion,
    begin,
    correct,
    expected_box,
    expected_travel,
    predict,
)
from maskwatch.types import Box


def box_at(x: float, size: float = 40.0) -> Box:
    return Box(x - size / 2, 100 - size / 2, x + size / 2, 100 + size / 2)


def followed(velocity: float, fps: float, seconds: float = 2.0) -> Motion:
    """After watching a face walk to the right with ``velocity`` (px/s), starting at x = 0."""
    motion = begin(box_at(0))
    for index in range(1, round(seconds * fps) + 1):
        motion = correct(predict(motion, 1 / fps), box_at(velocity * index / fps))
    return motion


def test_a_face_seen_once_is_expected_where_it_was() -> None:
    assert predict(begin(box_at(50)), 0.5).box == pytest.approx(box_at(50))


@pytest.mark.parametrize("fps", [5, 10, 25, 30])
def test_the_velocity_of_a_walker_is_learned_at_any_frame_rate(fps: float) -> None:
    motion = followed(120, fps)
    assert motion.velocity[0] == pytest.approx(120, rel=0.15)
    assert motion.velocity[1] == pytest.approx(0, abs=1e-6)


def test_a_lost_walker_is_expected_ahead_but_not_ever_farther() -> None:
    motion = followed(120, 25)
    last_x = motion.position[0]
    ahead = [predict(motion, t).position[0] - last_x for t in (0.2, 1.0, 10.0)]
    assert 0.14 * 120 < ahead[0] < 0.2 * 120
    assert ahead[1] < ahead[2] < 0.6 * 120


@pytest.mark.parametrize(("since", "until"), [(0.0, 0.1), (0.1, 0.5), (0.0, 5.0)])
def test_how_far_a_walker_should_come_is_what_lies_between_the_expected_boxes_in_sizes(
    since: float, until: float
) -> None:
    motion = followed(120, 25)
    before, after = expected_box(motion, since), expected_box(motion, until)
    assert after == pytest.approx(predict(motion, until).box)
    sizes = (after.middle[0] - before.middle[0]) / 40
    assert expected_travel(motion, since, until) == pytest.approx(sizes, rel=0.02)
    assert sizes > 0.2


def test_the_size_grows_with_an_approaching_face() -> None:
    motion = begin(box_at(0, 40))
    for index in range(1, 21):
        motion = correct(predict(motion, 0.1), box_at(0, 40 * 1.05**index))
    assert motion.box.width == pytest.approx(40 * 1.05**20, rel=0.05)
    assert predict(motion, 0.3).box.width > motion.box.width


@given(st.floats(0, 3), st.floats(0, 3))
def test_two_steps_in_time_are_one_long_step(first: float, second: float) -> None:
    motion = begin(box_at(10))
    stepwise, at_once = predict(predict(motion, first), second), predict(motion, first + second)
    np.testing.assert_allclose(stepwise.position, at_once.position)
    np.testing.assert_allclose(stepwise.covariance, at_once.covariance, rtol=1e-9, atol=1e-9)


@given(
    st.lists(
        st.tuples(st.floats(0, 5), st.floats(-500, 500), st.floats(5, 200)),
        min_size=1,
        max_size=20,
    )
)
def test_the_belief_stays_sane_whatever_is_seen(looks: list[tuple[float, float, float]]) -> None:
    motion = begin(box_at(0))
    for dt, x, size in looks:
        motion = correct(predict(motion, dt), box_at(x, size))
        place, joint, speed = motion.covariance
        assert np.isfinite(motion.position).all()
        assert (place > 0).all()
        assert (place * speed - joint**2 >= -1e-6 * place * speed).all()
        assert motion.box.side > 0
