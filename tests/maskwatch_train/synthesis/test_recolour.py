from __future__ import annotations

import cv2
import numpy as np
import pytest

from maskwatch.types import Box
from maskwatch_train.synthesis.recolour import Recolour, blue_mask, recolour

BOX = Box(40, 20, 160, 180)
MIDDLE, FOREHEAD = (130, 100), (50, 100)


def masked(bgr: tuple[int, int, int] = (215, 190, 120)) -> np.ndarray:
    """A skin-coloured picture with a mask of one colour that a fold darkens."""
    image = np.full((200, 200, 3), (120, 150, 200), np.uint8)
    cv2.ellipse(image, (100, 130), (50, 38), 0, 0, 360, bgr, -1)
    image[140:144] = (image[140:144] * 0.8).astype(np.uint8)
    return image


def test_a_light_blue_mask_is_found_where_it_is() -> None:
    coverage = blue_mask(masked(), BOX)
    assert coverage is not None
    assert coverage[MIDDLE] == pytest.approx(1)
    assert coverage[FOREHEAD] == 0
    painted = (masked() != masked((120, 150, 200))).any(axis=2)
    assert coverage.sum() == pytest.approx(painted.sum(), rel=0.06)


@pytest.mark.parametrize("bgr", [(240, 240, 240), (20, 20, 20), (60, 60, 200), (120, 150, 200)])
def test_masks_of_other_colours_and_bare_faces_are_left_alone(bgr: tuple[int, int, int]) -> None:
    assert blue_mask(masked(bgr), BOX) is None
    for kind in Recolour:
        assert recolour(masked(bgr), BOX, kind, np.random.default_rng(0)) is None


def test_a_ragged_or_a_small_patch_is_no_mask() -> None:
    ragged = masked((240, 240, 240))
    for x in range(60, 145, 24):
        ragged[100:165, x : x + 10] = (215, 190, 120)
    assert blue_mask(ragged, BOX) is None
    small = masked((120, 150, 200))
    small[120:150, 90:110] = (215, 190, 120)
    assert blue_mask(small, BOX) is None


@pytest.mark.parametrize(
    ("kind", "darkest", "brightest"), [(Recolour.DARK, 10, 90), (Recolour.LIGHT, 180, 255)]
)
def test_dark_is_dark_and_light_is_light_for_every_seed(
    kind: Recolour, darkest: int, brightest: int
) -> None:
    for seed in range(10):
        drawn = recolour(masked(), BOX, kind, np.random.default_rng(seed))
        assert drawn is not None
        assert darkest <= drawn[MIDDLE].max() <= brightest
        assert np.array_equal(drawn[FOREHEAD], masked()[FOREHEAD])


def test_folds_stay_to_be_seen() -> None:
    drawn = recolour(masked(), BOX, Recolour.LIGHT, np.random.default_rng(1))
    assert drawn is not None
    assert drawn[142, 100].max() / drawn[130, 100].max() == pytest.approx(0.8, abs=0.03)


def test_unchanged_is_unchanged_and_a_pattern_has_several_colours() -> None:
    rng = np.random.default_rng(2)
    same = recolour(masked(), BOX, Recolour.UNCHANGED, rng)
    assert np.array_equal(same, masked())
    plain = recolour(masked(), BOX, Recolour.RANDOM, rng)
    printed = recolour(masked(), BOX, Recolour.PATTERN, rng)
    assert plain is not None
    assert printed is not None
    assert plain[115:135, 70:130].std(axis=(0, 1)).max() < 3
    assert printed[115:135, 70:130].std(axis=(0, 1)).max() > 10


def test_the_same_seed_gives_the_same_picture() -> None:
    first, again = (
        recolour(masked(), BOX, Recolour.PATTERN, np.random.default_rng(5)) for _ in range(2)
    )
    assert np.array_equal(first, again)
