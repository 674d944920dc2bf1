from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from maskwatch_train.synthesis import WearKind, cut_out, synthesise, transplant
from maskwatch_train.synthesis.head import fit_head
from tests.maskwatch_train.synthesis.painted_face import bare_face, changed_at

KINDS = [kind for kind in WearKind if kind is not WearKind.OTHER]


def worn(seed: int = 0, **pose: float):
    """A painted face with a drawn mask, where the mask is, and the face."""
    image, face = bare_face(**pose)
    drawn = synthesise(image, face, WearKind.MASK, np.random.default_rng(seed))
    return drawn, np.abs(drawn.astype(int) - image).max(axis=2) > 25, face


def donors(count: int = 6, **pose: float):
    cut = [cut_out(image, face) for image, _, face in (worn(seed, **pose) for seed in range(count))]
    return [donor for donor in cut if donor is not None]


@pytest.mark.parametrize("roll", [0.0, math.radians(25)])
def test_what_is_cut_out_is_the_mask(roll):
    overlaps = []
    for seed in range(8):
        image, mask, face = worn(seed, roll=roll)
        donor = cut_out(image, face)
        if donor is None:
            continue
        truth = donor.canvas.take(np.repeat(mask[..., None], 3, axis=2).astype(np.uint8) * 255)
        there, found = truth[..., 0] > 127, donor.cut[..., 3] > 127
        overlaps.append((there & found).sum() / (there | found).sum())
    assert len(overlaps) >= 4
    assert np.median(overlaps) > 0.8


def test_a_bare_face_gives_no_mask():
    assert cut_out(*bare_face()) is None


def test_edges_are_given_in_head_units():
    image, _, face = worn()
    donor = cut_out(image, face)
    assert donor is not None
    head = fit_head(face)
    assert 0 < donor.top < head.nose_y < 1 < donor.bottom < head.chin_y + 0.4
    assert 0.5 < donor.half_width < 1.3


def test_a_face_without_landmarks_is_refused():
    image, face = bare_face()
    with pytest.raises(ValueError, match="landmarks"):
        cut_out(image, replace(face, landmarks=None))


@pytest.mark.parametrize("kind", KINDS)
def test_covers_what_the_kind_covers_and_nothing_else(kind):
    given = donors()
    image, face = bare_face(unit_px=50, centre=(150, 110))
    head = fit_head(face)
    nose, mouth, chin = (0.0, head.nose_y - 0.03), (0.0, 1.05), (0.0, head.chin_y - 0.12)
    for seed in range(6):
        out = transplant(image, face, given, kind, np.random.default_rng(seed))
        assert out is not None
        change = {place: changed_at(image, out, head, *place) for place in (nose, mouth, chin)}
        assert (change[nose] > 3) == (kind in {WearKind.MASK, WearKind.CHIN_OUT}), seed
        assert (change[mouth] > 3) == (kind is not WearKind.UNDER_CHIN), seed
        if kind in {WearKind.MASK, WearKind.NOSE_OUT}:
            assert change[chin] > 3, seed
        if kind is WearKind.CHIN_OUT:
            assert change[chin] < 1, seed
        below = np.arange(1.2, head.chin_y + 0.6, 0.05)
        if kind is WearKind.UNDER_CHIN:
            assert max(changed_at(image, out, head, 0.0, y) for y in below) > 10, seed


def test_the_same_seed_gives_the_same_picture_and_the_input_stays():
    given = donors()
    image, face = bare_face()
    before = image.copy()
    first, again, other = (
        transplant(image, face, given, WearKind.MASK, np.random.default_rng(seed))
        for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, again)
    assert (np.asarray(first) != other).any()
    np.testing.assert_array_equal(image, before)


def test_a_mask_comes_from_a_head_that_looks_the_same_way_or_its_mirror_image():
    given = donors(yaw=math.radians(35))
    assert given
    image, face = bare_face(yaw=math.radians(-35))
    assert transplant(image, face, given, WearKind.MASK, np.random.default_rng(0)) is not None
    image, face = bare_face(yaw=0.0)
    assert transplant(image, face, given, WearKind.MASK, np.random.default_rng(0)) is None


def test_a_mask_in_a_dark_picture_is_dark():
    given = donors()
    image, face = bare_face()
    dark = image // 4
    for seed in range(6):
        out = transplant(dark, face, given, WearKind.MASK, np.random.default_rng(seed))
        assert out is not None
        bright = transplant(image, face, given, WearKind.MASK, np.random.default_rng(seed))
        assert bright is not None
        changed = (out != dark).any(axis=2)
        assert out[changed].mean() < 0.75 * bright[changed].mean()
