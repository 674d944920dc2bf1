from __future__ import annotations

import numpy as np
import pytest

from maskwatch.tracks.surroundings import StillnessSettings, Surroundings
from maskwatch.types import Box, Image


def room(seed: int = 0) -> Image:
    """A grey wall with a little noise."""
    rng = np.random.default_rng(seed)
    return rng.integers(100, 108, (360, 640, 3), dtype=np.uint8)


def with_somebody(x: int, y: int) -> Image:
    image = room(1)
    image[y : y + 120, x : x + 50] = 200
    return image


def watching() -> Surroundings:
    surroundings = Surroundings()
    surroundings.remember(room())
    return surroundings


def test_nothing_is_known_at_first() -> None:
    assert Surroundings().have_changed(room(), [])


def test_noise_is_no_change() -> None:
    assert not watching().have_changed(room(1), [])


def test_a_trembling_camera_is_no_change() -> None:
    """Thin lines, such as the edges of furniture, that lie a little further to the side."""
    before, after = room(), room(1)
    before[:, 20::80] = 220
    after[:, 23::80] = 220  # no sample lies there
    surroundings = Surroundings()
    surroundings.remember(before)
    assert not surroundings.have_changed(after, [])


def test_somebody_who_comes_is_a_change() -> None:
    assert watching().have_changed(with_somebody(300, 200), [])


def test_the_body_below_a_known_face_is_none() -> None:
    assert not watching().have_changed(with_somebody(300, 200), [Box(310, 160, 340, 200)])


def test_somebody_beside_a_known_face_is_one() -> None:
    assert watching().have_changed(with_somebody(300, 200), [Box(10, 160, 40, 200)])


def test_a_known_face_beyond_the_edge_hides_nothing_else() -> None:
    assert watching().have_changed(with_somebody(500, 200), [Box(-90, 160, -60, 200)])


def test_another_size_is_a_change() -> None:
    assert watching().have_changed(room()[:, :320], [])


@pytest.mark.parametrize("name", ["samples", "changed_grey", "changed_squares"])
def test_settings_must_be_positive(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        StillnessSettings(**{name: 0})
