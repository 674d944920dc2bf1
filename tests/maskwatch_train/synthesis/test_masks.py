from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from maskwatch.types import Box, Face, Landmarks, Point
from maskwatch_train.synthesis import WearKind, draw_mask, synthesise
from maskwatch_train.synthesis.head import fit_head
from maskwatch_train.synthesis.wear import place
from tests.maskwatch_train.synthesis.painted_face import bare_face, changed_at

POSES = {
    "frontal": {"yaw": 0.0, "roll": 0.0},
    "tilted": {"yaw": 0.0, "roll": math.radians(25)},
    "turned left": {"yaw": math.radians(-35), "roll": 0.0},
    "turned right and tilted": {"yaw": math.radians(35), "roll": math.radians(-20)},
}
# Nose tip, mouth and chin (a little above its tip) by kind: True where the mask must lie.
COVERED = {
    WearKind.MASK: (True, True, True),
    WearKind.NOSE_OUT: (False, True, True),
    WearKind.UNDER_CHIN: (False, False, None),
    WearKind.CHIN_OUT: (True, True, False),
}
SEEDS = range(12)


def _places(head):
    nose = 0.4 * math.sin(head.yaw)
    # The whole mouth turns with the head, but only the nose stands out of the face.
    return ((nose, head.nose_y - 0.03), (0.0, 1.0), (0.0, head.chin_y - 0.12))


@pytest.mark.parametrize("pose", POSES)
@pytest.mark.parametrize("kind", COVERED)
def test_covers_exactly_what_the_kind_covers(kind, pose):
    image, face = bare_face(**POSES[pose])
    head = fit_head(face)
    for seed in SEEDS:
        drawn = synthesise(image, face, kind, np.random.default_rng(seed))
        for (x, y), covered in zip(_places(head), COVERED[kind], strict=True):
            change = changed_at(image, drawn, head, x, y)
            if covered:
                assert change > 3, (seed, y)
            elif covered is not None:
                assert change < 0.2, (seed, y)  # the soft rim at most


@pytest.mark.parametrize("seed", SEEDS)
def test_a_mask_under_the_chin_shows_between_mouth_and_neck(seed):
    image, face = bare_face()
    head = fit_head(face)
    drawn = synthesise(image, face, WearKind.UNDER_CHIN, np.random.default_rng(seed))
    heights = np.arange(1.2, head.chin_y + 0.6, 0.05)
    assert max(changed_at(image, drawn, head, 0.0, y) for y in heights) > 10


@pytest.mark.parametrize("seed", SEEDS)
def test_other_leaves_mouth_and_chin_free_but_changes_the_picture(seed):
    image, face = bare_face()
    head = fit_head(face)
    drawn = synthesise(image, face, WearKind.OTHER, np.random.default_rng(seed))
    assert np.count_nonzero((drawn != image).any(axis=2)) > 0.05 * head.unit_px**2
    assert changed_at(image, drawn, head, 0.0, 1.0) == 0
    assert changed_at(image, drawn, head, 0.0, head.chin_y - 0.12) == 0


@pytest.mark.parametrize("kind", WearKind)
def test_same_seed_same_picture_other_seed_another(kind):
    image, face = bare_face()
    first, again = (synthesise(image, face, kind, np.random.default_rng(5)) for _ in range(2))
    other = synthesise(image, face, kind, np.random.default_rng(6))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("kind", WearKind)
@pytest.mark.parametrize("unit_px", [8.0, 30.0, 60.0])
def test_touches_only_the_head_and_never_its_input(kind, unit_px):
    image, face = bare_face(unit_px)
    before = image.copy()
    head = fit_head(face)
    for seed in SEEDS:
        drawn = synthesise(image, face, kind, np.random.default_rng(seed))
        assert drawn.shape == image.shape
        assert drawn.dtype == np.uint8
        rows, columns = np.nonzero((drawn != image).any(axis=2))
        away = np.hypot(columns - head.origin.x, rows - head.origin.y - 0.7 * head.unit_px)
        assert away.max() < 2.6 * head.unit_px + 3
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("kind", WearKind)
def test_a_face_at_the_rim_is_drawn_as_far_as_it_shows(kind):
    image, face = bare_face(centre=(5, 310))
    drawn = synthesise(image, face, kind, np.random.default_rng(0))
    assert drawn.shape == image.shape


def test_a_face_beyond_the_picture_leaves_it_unchanged():
    image, face = bare_face(unit_px=20, centre=(-400, -400))
    drawn = synthesise(image, face, WearKind.MASK, np.random.default_rng(0))
    np.testing.assert_array_equal(drawn, image)


def test_a_grey_picture_gets_a_grey_mask():
    image, face = bare_face()
    grey = np.repeat(image.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    for seed in SEEDS:
        drawn = synthesise(grey, face, WearKind.MASK, np.random.default_rng(seed))
        assert np.ptp(drawn, axis=2).max() <= 2


def test_a_mask_in_a_dark_picture_is_dark():
    image, face = bare_face()
    dark = image // 5
    for seed in SEEDS:
        drawn = synthesise(dark, face, WearKind.MASK, np.random.default_rng(seed))
        assert drawn[drawn != dark].mean() < 60


def test_a_mask_is_darker_where_the_face_lies_in_shadow():
    image, face = bare_face()
    head = fit_head(face)
    fading = np.linspace(0.3, 1.0, image.shape[1])[None, :, None]

    def left_to_right(shares, seed):
        shaded = (image * shares).astype(np.uint8)
        drawn = synthesise(shaded, face, WearKind.MASK, np.random.default_rng(seed))
        left, right = (
            drawn[round(at.y) - 6 : round(at.y) + 7, round(at.x) - 6 : round(at.x) + 7].mean()
            for at in (head.to_picture(x, 1.0) for x in (-0.5, 0.5))
        )
        return left / right

    for seed in SEEDS:  # the cloth is the same from either side
        assert left_to_right(fading, seed) < 0.9 * left_to_right(fading[:, ::-1], seed)


def test_the_rim_of_a_mask_bends_upwards_at_the_sides_of_a_head_that_looks_down():
    image, face = bare_face()
    straight = fit_head(face)

    def rim(head, x):
        """The topmost row that is drawn on in a column."""
        column = round(head.to_picture(x * head.half_width, 0.0).x)
        tops = []
        for seed in SEEDS:
            placement = place(WearKind.MASK, straight, np.random.default_rng(seed))
            drawn = draw_mask(image, head, placement, WearKind.MASK, np.random.default_rng(seed))
            changes = np.abs(drawn[:, column].astype(int) - image[:, column]).mean(axis=1)
            tops.append(np.flatnonzero(changes > 3)[0])
        return np.median(tops)

    down = replace(straight, pitch=0.4)
    higher = [rim(straight, x) - rim(down, x) for x in (-0.6, 0.0, 0.6)]
    assert higher[0] > higher[1] + 3
    assert higher[2] > higher[1] + 3


def test_a_mask_is_as_sharp_as_the_picture():
    image, face = bare_face()
    grain = np.random.default_rng(0).normal(0, 12, image.shape)
    sharp = np.clip(image + grain, 0, 255).astype(np.uint8)
    blurred = cv2.GaussianBlur(sharp, (0, 0), 2.0)
    head = fit_head(face)
    at = head.to_picture(0.0, 1.0)
    inner = (slice(round(at.y) - 15, round(at.y) + 16), slice(round(at.x) - 20, round(at.x) + 21))

    def detail(picture, seed):
        drawn = synthesise(picture, face, WearKind.MASK, np.random.default_rng(seed))
        return cv2.Laplacian(drawn[inner], cv2.CV_64F).std()

    assert all(detail(blurred, seed) < 0.5 * detail(sharp, seed) for seed in SEEDS)


def test_the_same_seed_gives_the_same_cloth_however_it_is_worn():
    image, face = bare_face()
    jaw = (slice(180, 200), slice(140, 180))

    def cloth(kind, seed):
        return np.median(
            synthesise(image, face, kind, np.random.default_rng(seed))[jaw], axis=(0, 1)
        )

    well = np.array([cloth(WearKind.MASK, seed) for seed in SEEDS])
    nose_out = np.array([cloth(WearKind.NOSE_OUT, seed) for seed in SEEDS])
    same = np.abs(well - nose_out).mean()
    different = np.abs(well - np.roll(nose_out, 1, axis=0)).mean()
    assert same < 0.3 * different


def test_draw_mask_follows_the_placement():
    image, face = bare_face()
    head = fit_head(face)
    placement = place(WearKind.NOSE_OUT, head, np.random.default_rng(0))
    drawn = draw_mask(image, head, placement, WearKind.NOSE_OUT, np.random.default_rng(1))
    assert changed_at(image, drawn, head, 0.0, placement.top - 0.15) == 0
    assert changed_at(image, drawn, head, 0.0, placement.top + 0.15) > 3
    assert changed_at(image, drawn, head, 0.0, placement.bottom - 0.15) > 3


def test_refuses_a_face_without_landmarks():
    image, _ = bare_face()
    with pytest.raises(ValueError, match="no landmarks"):
        synthesise(image, Face(Box(1, 1, 9, 9), 0.9), WearKind.MASK, np.random.default_rng(0))


def test_refuses_landmarks_that_fall_together():
    image, _ = bare_face()
    point = Point(100.0, 100.0)
    face = Face(Box(50, 50, 150, 150), 0.9, Landmarks(*[point] * 5))
    with pytest.raises(ValueError, match="must lie apart"):
        synthesise(image, face, WearKind.MASK, np.random.default_rng(0))


@pytest.mark.parametrize("kind", WearKind)
def test_a_kind_drawn_by_numpy_counts_as_the_kind(kind):
    # Generator.choice turns members of a string enumeration into plain strings of numpy.
    image, face = bare_face()
    drawn = np.random.default_rng(0).choice([kind])
    for seed in SEEDS:
        np.testing.assert_array_equal(
            synthesise(image, face, drawn, np.random.default_rng(seed)),
            synthesise(image, face, kind, np.random.default_rng(seed)),
        )
