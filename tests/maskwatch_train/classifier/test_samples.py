from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwatch.masks.labels import LABELS, UNREADABLE_INDEX
from maskwatch.masks.preprocess import crop_face
from maskwatch.types import Box, Face, Fault, Landmarks, Point, State
from maskwatch_train.classifier.augment import augment, cut_randomly, plain_crop, ruin
from maskwatch_train.classifier.samples import (
    CONTEXT_SIZE,
    Source,
    background_samples,
    cut_sample,
    mistaken_samples,
)
from maskwatch_train.data.bala import hold_out
from maskwatch_train.data.labelled import LabelledPicture


def picture(height: int = 300, width: int = 400) -> np.ndarray:
    ys, xs = np.mgrid[:height, :width]
    return np.stack([xs % 256, ys % 256, (xs + ys) // 4 % 256], axis=2).astype(np.uint8)


def test_a_sample_keeps_its_landmarks_on_the_same_pixels() -> None:
    image = np.zeros((300, 400, 3), np.uint8)
    image[148:153, 198:203] = 255
    marks = Landmarks(*(5 * [Point(200.5, 150.5)]))
    sample = cut_sample(image, Box(150, 100, 230, 200), State.NO_MASK, None, marks, Source.BOX)
    assert sample.face.landmarks is not None
    x, y = (int(v) for v in sample.face.landmarks.nose)
    assert sample.image[y, x].tolist() == [255, 255, 255]
    assert max(sample.face.box.width, sample.face.box.height) == pytest.approx(100)


def test_training_and_running_crop_alike() -> None:
    box = Box(150, 100, 230, 200)
    sample = cut_sample(picture(), box, State.MASK, None, None, Source.BOX)
    direct = crop_face(picture(), box, 0.2, 96).astype(int)
    stored = plain_crop(sample, 96, 0.2).astype(int)
    # Apart from where the ramp wraps around, both are the same picture up to one resampling.
    assert np.median(np.abs(direct - stored)) <= 1


def test_labels_are_outputs_of_the_network() -> None:
    box = Box(150, 100, 230, 200)
    sample = cut_sample(picture(), box, State.INCORRECT, Fault.CHIN_OUT, None, Source.BOX)
    assert LABELS[sample.label] == "chin_out"
    assert not sample.is_bare


def test_background_keeps_away_from_faces() -> None:
    faces = np.array([[100, 50, 300, 250]], np.float32)
    white = np.zeros((300, 400, 3), np.uint8)
    white[50:250, 100:300] = 255
    samples = background_samples(white, faces, 6, np.random.default_rng(0))
    assert samples
    assert all(sample.label == UNREADABLE_INDEX for sample in samples)
    middle = slice(CONTEXT_SIZE // 2 - 10, CONTEXT_SIZE // 2 + 10)
    assert all(sample.image[middle, middle].max() == 0 for sample in samples)


def test_what_the_detector_half_takes_for_a_face_is_background() -> None:
    # Doubtful and apart; doubtful on a face; sure; doubtful but tiny.
    found = [
        Face(Box(10, 10, 60, 60), 0.45),
        Face(Box(110, 60, 200, 200), 0.45),
        Face(Box(320, 200, 380, 260), 0.7),
        Face(Box(70, 10, 80, 20), 0.45),
    ]
    faces = np.array([[100, 50, 300, 250]], np.float32)
    samples = mistaken_samples(picture(), faces, found, below=0.5)
    assert [sample.size for sample in samples] == [50]
    assert samples[0].label == UNREADABLE_INDEX


def test_the_box_follows_the_face_through_the_crop() -> None:
    image = np.zeros((300, 400, 3), np.uint8)
    cv2.ellipse(image, (190, 150), (40, 50), 0, 0, 360, (255, 255, 255), cv2.FILLED)
    sample = cut_sample(image, Box(150, 100, 230, 200), State.MASK, None, None, Source.BOX)
    for seed in range(40):
        crop, placed = cut_randomly(sample.image, sample, 128, 0.2, np.random.default_rng(seed))
        ys, xs = np.nonzero(crop[..., 0] > 127)
        shown = np.clip(np.array(placed) * 128, 0, 128)
        extent = [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
        assert extent == pytest.approx(shown.tolist(), abs=3)


def test_augmenting_depends_on_the_generator_alone() -> None:
    sample = cut_sample(picture(), Box(150, 100, 230, 200), State.MASK, None, None, Source.BOX)
    crops = [augment(sample.image, sample, 64, 0.2, np.random.default_rng(n))[0] for n in (1, 1, 2)]
    assert crops[0].shape == (64, 64, 3)
    assert np.array_equal(crops[0], crops[1])
    assert not np.array_equal(crops[0], crops[2])


def test_a_ruined_crop_has_lost_its_detail() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (128, 128, 3), dtype=np.uint8)
    for _ in range(12):
        ruined = ruin(noise, rng).astype(float)
        assert (
            np.abs(np.diff(ruined, axis=1)).mean()
            < 0.15 * np.abs(np.diff(noise.astype(float), axis=1)).mean()
        )


def test_holding_out_never_splits_a_group() -> None:
    pictures = [
        LabelledPicture(Path(f"{i}.jpg"), State.MASK, "train", f"g{i // 3}") for i in range(90)
    ]
    kept, held = hold_out(pictures, 10)
    assert len(held) == 9
    assert not {p.group for p in kept} & {p.group for p in held}
