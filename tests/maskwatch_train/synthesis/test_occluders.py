from __future__ import annotations

import numpy as np
import pytest

from maskwatch.types import Box, Face
from maskwatch_train.synthesis import OccluderKind, occlude
from maskwatch_train.synthesis.head import fit_head
from tests.maskwatch_train.synthesis.painted_face import bare_face, changed_at

SEEDS = range(12)


@pytest.mark.parametrize("kind", OccluderKind)
def test_draws_something_near_the_head_and_leaves_its_input_alone(kind):
    image, face = bare_face()
    before = image.copy()
    for seed in SEEDS:
        drawn = occlude(image, face, kind, np.random.default_rng(seed))
        assert drawn.shape == image.shape
        assert drawn.dtype == np.uint8
        assert np.count_nonzero((drawn != image).any(axis=2)) > 300
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("kind", OccluderKind)
def test_same_seed_same_picture(kind):
    image, face = bare_face()
    first, again = (occlude(image, face, kind, np.random.default_rng(2)) for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_scarf_stays_below_the_chin(seed):
    image, face = bare_face()
    head = fit_head(face)
    drawn = occlude(image, face, OccluderKind.SCARF, np.random.default_rng(seed))
    for y in (head.nose_y, 1.0, head.chin_y - 0.12):
        assert changed_at(image, drawn, head, 0.0, y) < 3


@pytest.mark.parametrize("seed", SEEDS)
def test_a_wrap_covers_mouth_and_chin_and_leaves_the_eyes(seed):
    image, face = bare_face()
    head = fit_head(face)
    drawn = occlude(image, face, OccluderKind.WRAP, np.random.default_rng(seed))
    for y in (1.05, head.chin_y - 0.12):
        assert changed_at(image, drawn, head, 0.0, y) > 5
    for x in (-0.45, 0.45):
        assert changed_at(image, drawn, head, x, 0.0) == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_a_beard_covers_the_chin_and_leaves_nose_and_eyes(seed):
    image, face = bare_face()
    head = fit_head(face)
    drawn = occlude(image, face, OccluderKind.BEARD, np.random.default_rng(seed))
    assert changed_at(image, drawn, head, 0.0, head.chin_y - 0.12) > 10
    assert changed_at(image, drawn, head, 0.0, head.nose_y - 0.05) == 0
    assert changed_at(image, drawn, head, 0.45, 0.0) == 0


def test_a_hand_has_the_colour_of_the_face():
    image, face = bare_face()
    skin = np.array([130, 160, 205])
    for seed in SEEDS:
        drawn = occlude(image, face, OccluderKind.HAND, np.random.default_rng(seed))
        hand = drawn[(np.abs(drawn.astype(int) - image).max(axis=2) > 12)].astype(float)
        # Hue, not brightness: the light on the hand is its own matter.
        assert np.abs(hand.mean(axis=0) / hand.mean() - skin / skin.mean()).max() < 0.15


def test_refuses_a_face_without_landmarks():
    image, _ = bare_face()
    bare = Face(Box(1, 1, 9, 9), 0.9)
    with pytest.raises(ValueError, match="no landmarks"):
        occlude(image, bare, OccluderKind.HAND, np.random.default_rng(0))
