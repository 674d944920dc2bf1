import cv2
import numpy as np
import pytest

from maskwatch.masks.preprocess import crop_face, to_batch


def ramp(height: int, width: int) -> np.ndarray:
    """Blue grows with x, green with y: a pixel's colour tells where it came from."""
    ys, xs = np.mgrid[:height, :width]
    return np.stack([xs, ys, np.zeros_like(xs)], axis=2).astype(np.uint8)


def test_a_crop_without_scaling_is_the_picture() -> None:
    crop = crop_face(ramp(200, 200), (40, 60, 104, 124), margin=0.0, size=64)
    assert np.array_equal(crop, ramp(200, 200)[60:124, 40:104])


def test_the_margin_is_taken_from_the_longer_side() -> None:
    crop = crop_face(ramp(200, 200), (80, 60, 100, 110), margin=0.2, size=70)
    assert crop[0, 0].tolist() == [55, 50, 0]
    assert crop[-1, -1].tolist() == [124, 119, 0]


@pytest.mark.parametrize("side", [50, 100, 230])
def test_scaling_keeps_the_middle_in_the_middle(side: int) -> None:
    image = ramp(250, 250)
    left = (250 - side) // 2
    crop = crop_face(image, (left, left, left + side, left + side), margin=0.0, size=48)
    middle = crop[23:25, 23:25].reshape(-1, 3).mean(axis=0)
    assert middle[:2] == pytest.approx([left + side / 2 - 0.5] * 2, abs=1.0)


def test_what_lies_outside_repeats_the_border() -> None:
    crop = crop_face(np.full((50, 50, 3), 77, np.uint8), (-20, -20, 30, 30), margin=0.5, size=32)
    assert (crop == 77).all()


@pytest.mark.parametrize("left", [0, 20_000, 39_900])
def test_a_face_is_cut_out_of_a_picture_however_wide(left: int) -> None:
    rng = np.random.default_rng(0)
    place = rng.integers(0, 256, (100, 100, 3), dtype=np.uint8)
    panorama = np.full((100, 40_000, 3), 90, np.uint8)
    panorama[:, left : left + 100] = place
    cut = crop_face(panorama, (left + 30, 30, left + 70, 70), 0.2, 64)
    assert (cut == crop_face(place, (30, 30, 70, 70), 0.2, 64)).all()


def test_shrinking_averages_instead_of_skipping() -> None:
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::8] = stripes[:, 1::8] = 200  # far from the middle of the eight that become one
    crop = crop_face(stripes, (0, 0, 512, 512), margin=0.0, size=64)
    assert np.abs(crop.astype(int) - 50).max() <= 2


def test_the_batch_is_rgb_in_the_given_order() -> None:
    blue = cv2.merge([np.full((4, 4), v, np.uint8) for v in (255, 0, 0)])
    batch = to_batch([blue, np.zeros((4, 4, 3), np.uint8)])
    assert batch.shape == (2, 4, 4, 3)
    assert batch[0, 0, 0].tolist() == [0, 0, 255]
    assert batch.flags.c_contiguous
