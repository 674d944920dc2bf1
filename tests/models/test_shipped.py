"""What the models of the package do on pictures that every machine has: the drawn samples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwatch.faces.yunet import YuNetDetector
from maskwatch.frames.images import read_image
from maskwatch.geometry import iou_matrix
from maskwatch.masks.onnx import OnnxMaskClassifier
from maskwatch.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR
from maskwatch.types import Box, Face, Frame, Image, State

WORN = ["bare", "mask", "nose_out", "under_chin", "chin_out", "hand"]
FACE = Box(178.0, 65.0, 270.0, 176.0)
"""In every portrait, which is 512 px wide."""
WIDTH, HEIGHT = 1280, 720


@pytest.fixture(scope="module")
def detector() -> YuNetDetector:
    return YuNetDetector.from_folder(DEFAULT_DETECTOR, threads=1)


@pytest.fixture(scope="module")
def classifier() -> OnnxMaskClassifier:
    return OnnxMaskClassifier.from_folder(DEFAULT_CLASSIFIER, threads=1)


def portrait(checkout: Path, worn: str) -> Image:
    return read_image(checkout / "samples" / f"portrait_{worn}.jpg")


def seen_at(picture: Image, side: float, angle: float = 0.0) -> tuple[Frame, Box]:
    """A frame of 720p with the portrait so that its face is so many pixels wide, and its place.

    The middle of the face is that of the frame, and the head leans by so many degrees.
    """
    turn = cv2.getRotationMatrix2D(FACE.middle, angle, side / FACE.width)
    turn[:, 2] += np.array([WIDTH, HEIGHT]) / 2 - FACE.middle
    smooth = picture
    if side < FACE.width:  # or fine detail would be passed over
        smooth = cv2.GaussianBlur(picture, (0, 0), 0.4 * FACE.width / side)
    image = cv2.warpAffine(
        smooth, turn, (WIDTH, HEIGHT), borderMode=cv2.BORDER_CONSTANT, borderValue=(120, 130, 140)
    )
    half = (side / 2, side / 2 * FACE.height / FACE.width)
    middle = (WIDTH / 2, HEIGHT / 2)
    box = Box(middle[0] - half[0], middle[1] - half[1], middle[0] + half[0], middle[1] + half[1])
    return Frame("made", 0, 0.0, np.asarray(image, np.uint8)), box


@pytest.mark.parametrize("worn", WORN)
@pytest.mark.parametrize("side", [24, 32, 64, 128, 256, 512])
def test_a_face_is_found_from_far_away_until_it_fills_the_picture(
    detector: YuNetDetector, checkout: Path, worn: str, side: int
) -> None:
    frame, place = seen_at(portrait(checkout, worn), side)
    (found,) = detector(frame)
    assert iou_matrix(np.array([found.box]), np.array([place]))[0, 0] > 0.5


@pytest.mark.parametrize("worn", WORN)
@pytest.mark.parametrize("angle", [-45, 45])
def test_a_face_that_leans_is_found(
    detector: YuNetDetector, checkout: Path, worn: str, angle: int
) -> None:
    frame, place = seen_at(portrait(checkout, worn), 100, angle)
    found = np.array([face.box for face in detector(frame)])
    assert (iou_matrix(found, np.array([place])) > 0.4).sum() == 1


def darkened(image: Image) -> Image:
    noise = np.random.default_rng(0).integers(0, 8, image.shape)
    return np.clip(image * 0.02 + noise, 0, 255).astype(np.uint8)


def blurred(image: Image) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 25), np.uint8)


@pytest.mark.parametrize("worn", WORN)
@pytest.mark.parametrize("ruined", [darkened, blurred])
def test_a_face_that_nobody_could_read_is_unknown_with_a_reason(
    classifier: OnnxMaskClassifier, checkout: Path, worn: str, ruined: Callable[[Image], Image]
) -> None:
    frame, place = seen_at(portrait(checkout, worn), 100)
    spoilt = Frame("made", 0, 0.0, ruined(frame.image))
    (reading,) = classifier(spoilt, [Face(place, 0.9)])
    assert reading.state is State.UNKNOWN
    assert reading.reason


@pytest.mark.parametrize("place", [Box(300, 330, 420, 470), Box(20, 20, 120, 140)])
def test_what_is_no_face_is_unknown(
    classifier: OnnxMaskClassifier, checkout: Path, place: Box
) -> None:
    """A space suit and a wall."""
    frame = Frame("made", 0, 0.0, portrait(checkout, "bare"))
    (reading,) = classifier(frame, [Face(place, 0.9)])
    assert reading.state is State.UNKNOWN


@pytest.mark.parametrize("folder", [DEFAULT_DETECTOR, DEFAULT_CLASSIFIER])
def test_the_oldest_onnx_runtime_that_is_allowed_can_read_the_files(folder: Path) -> None:
    """1.20 knows operators up to set 21 and files up to version 10."""
    onnx = pytest.importorskip("onnx")
    model = onnx.load(folder / "model.onnx")
    assert model.ir_version <= 10
    versions = {each.domain: each.version for each in model.opset_import}
    assert versions[""] <= 21
    assert {node.domain for node in model.graph.node} == {""}
