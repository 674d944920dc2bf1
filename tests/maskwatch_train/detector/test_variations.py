"""Training pictures of the detector: whatever is done to them, truth moves along."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from maskwatch.faces.yunet import Detections  # noqa: E402
from maskwatch_train.detector.dataset import (  # noqa: E402
    Scene,
    SceneDataset,
    Variations,
    flip_scene,
    label_scene,
    mosaic,
    random_window,
    resize_scene,
    window,
)
from maskwatch_train.detector.degrade import NONE, USUAL, Degradation, degrade  # noqa: E402

COLOURS = [(220, 30, 30), (30, 220, 30), (30, 30, 220), (200, 200, 30)]
SIDE = 320


def scene_of(*places: tuple[int, int, int, int]) -> Scene:
    """A dark picture whose faces are lighter, the right eye of each at its upper left corner."""
    image = np.full((240, 400, 3), 20, np.uint8)
    for number, (x0, y0, x1, y1) in enumerate(places):
        image[y0:y1, x0:x1] = COLOURS[number]
    boxes = np.array(places, np.float32).reshape(-1, 4)
    corners = boxes[:, [0, 1, 2, 1, 0, 1, 0, 3, 2, 3]].reshape(-1, 5, 2)
    corners[:, 2] = (boxes[:, :2] + boxes[:, 2:]) / 2
    seen = Detections(boxes, np.full(len(boxes), 0.9, np.float32), corners)
    nothing = np.zeros((0, 4), np.float32)
    return label_scene(image, boxes, np.zeros(len(boxes), bool), nothing, seen)


FACES = scene_of((40, 60, 110, 150), (250, 40, 340, 150))


def light(scene: Scene) -> np.ndarray:
    """Where faces are painted, apart from the flat grey that fills what is beyond a picture."""
    return np.ptp(scene.image.astype(int), axis=2) > 60


def assert_truth_fits(scene: Scene, tolerance: float = 0.12) -> None:
    """Every box is full of its face, and no face lies outside of boxes and ignored regions."""
    left = light(scene)
    for box in scene.boxes:
        x0, y0, x1, y1 = (round(float(v)) for v in box)
        assert light(scene)[y0:y1, x0:x1].mean() > 1 - tolerance
    for box in np.concatenate([scene.boxes, scene.ignored]):
        x0, y0, x1, y1 = (round(float(v)) for v in box)
        left[max(y0 - 3, 0) : y1 + 3, max(x0 - 3, 0) : x1 + 3] = False
    assert left.mean() < 0.002


def test_a_mirrored_face_has_its_right_eye_on_the_other_side() -> None:
    flipped = flip_scene(FACES)
    assert_truth_fits(flipped)
    first = flipped.boxes[0]
    right_eye, left_eye, nose, right_mouth, left_mouth = flipped.landmarks[0]
    assert right_eye.tolist() == first[[0, 1]].tolist()
    assert left_eye.tolist() == first[[2, 1]].tolist()
    assert nose.tolist() == ((first[:2] + first[2:]) / 2).tolist()
    assert right_mouth.tolist() == first[[0, 3]].tolist()
    assert left_mouth.tolist() == first[[2, 3]].tolist()
    again = flip_scene(flipped)
    assert (again.image == FACES.image).all()
    assert np.allclose(again.boxes, FACES.boxes)
    assert np.allclose(again.landmarks, FACES.landmarks)


@pytest.mark.parametrize("scale", [0.4, 1.7])
def test_boxes_and_landmarks_grow_with_the_picture(scale: float) -> None:
    resized = resize_scene(FACES, scale)
    assert_truth_fits(resized)
    assert np.allclose(resized.landmarks, FACES.landmarks * scale)


def test_a_face_of_which_little_shows_is_neither_taught_nor_punished() -> None:
    # Of the first the right third is left, of the second everything.
    part = window(FACES, 87, 0, (240, 300), 20)
    assert_truth_fits(part)
    assert part.boxes.tolist() == [[163, 40, 253, 150]]
    assert part.ignored.tolist() == [[0, 60, 23, 150]]


@pytest.mark.parametrize("seed", range(12))
def test_truth_moves_along_into_windows_and_mosaics(seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert_truth_fits(random_window(FACES, SIDE, rng))
    four = mosaic([FACES, flip_scene(FACES), scene_of((90, 30, 200, 170)), FACES], SIDE, rng)
    assert four.image.shape == (SIDE, SIDE, 3)
    assert_truth_fits(four)


def test_most_windows_hold_a_face() -> None:
    rng = np.random.default_rng(0)
    held = [len(random_window(FACES, SIDE, rng).boxes) > 0 for _ in range(60)]
    assert np.mean(held) > 0.7


def test_an_item_depends_on_the_seed_the_epoch_and_its_place_alone() -> None:
    def item(seed: int, epoch: int, index: int) -> object:
        varied = Variations(0.25, 0.25, 0.0, USUAL)
        dataset = SceneDataset([FACES, scene_of((90, 30, 200, 170))], 64, seed, varied)
        dataset.epoch = epoch
        if index:
            _ = dataset[0]  # what was asked for before makes no difference
        pixels, _ = dataset[index]
        return pixels

    first = item(1, 2, 1)
    assert torch.equal(first, item(1, 2, 1))
    for other in ((2, 2, 1), (1, 3, 1), (1, 2, 0)):
        assert not torch.equal(first, item(*other))


def smooth() -> np.ndarray:
    ys, xs = np.mgrid[:120, :160].astype(np.float32)
    image = np.stack([60 + xs / 2, 90 + ys, 200 - xs / 2], axis=2).astype(np.uint8)
    image[40:80, 60:100] = (40, 90, 230)
    return image


def test_nothing_happens_to_a_picture_where_the_recipe_wants_nothing() -> None:
    assert (degrade(smooth(), np.random.default_rng(0), NONE) == smooth()).all()


@pytest.mark.parametrize("option", sorted(Degradation.__dataclass_fields__))
def test_every_option_of_a_recipe_changes_pictures(option: str) -> None:
    changed = degrade(smooth(), np.random.default_rng(1), replace(NONE, **{option: 1.0}))
    assert changed.shape == smooth().shape
    assert np.abs(changed.astype(int) - smooth()).max() > 8
