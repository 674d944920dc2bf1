from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwatch.faces.yunet import Detections
from maskwatch.types import Box
from maskwatch_train.data.labelled import LabelledImage
from maskwatch_train.detector.dataset import label_scene, turn_scene
from maskwatch_train.detector.prepare import street_scene


def test_unlabelled_detections_are_faces_ignored_or_background_by_their_score() -> None:
    boxes = np.array([[10, 10, 50, 50], [60, 10, 100, 50], [110, 10, 150, 50]], np.float32)
    seen = Detections(boxes, np.array([0.9, 0.6, 0.45], np.float32), np.ones((3, 5, 2), np.float32))
    nothing = np.zeros((0, 4), np.float32)
    image = np.zeros((60, 160, 3), np.uint8)
    scene = label_scene(image, nothing, np.zeros(0, bool), nothing, seen)
    assert scene.boxes.tolist() == boxes[:1].tolist()
    assert scene.ignored.tolist() == boxes[1:2].tolist()


def test_a_labelled_face_keeps_its_box_and_takes_the_landmarks() -> None:
    labelled = np.array([[10, 10, 50, 60], [200, 10, 240, 60]], np.float32)
    seen = Detections(
        np.array([[12, 8, 52, 58]], np.float32),
        np.array([0.6], np.float32),
        np.full((1, 5, 2), 7, np.float32),
    )
    image = np.zeros((80, 260, 3), np.uint8)
    scene = label_scene(image, labelled, np.ones(2, bool), np.zeros((0, 4), np.float32), seen)
    assert scene.boxes.tolist() == labelled.tolist()
    assert (scene.landmarks[0] == 7).all()
    assert np.isnan(scene.landmarks[1]).all()
    assert len(scene.ignored) == 0


def test_parts_of_a_labelled_face_are_no_faces_beside_it() -> None:
    labelled = np.array([[10, 10, 110, 130]], np.float32)
    boxes = np.array([[30, 80, 80, 125], [30, 90, 80, 120], [100, 20, 140, 70]], np.float32)
    seen = Detections(boxes, np.array([0.9, 0.6, 0.9], np.float32), np.ones((3, 5, 2), np.float32))
    image = np.zeros((150, 150, 3), np.uint8)
    scene = label_scene(image, labelled, np.ones(1, bool), np.zeros((0, 4), np.float32), seen)
    assert scene.boxes.tolist() == [*labelled.tolist(), boxes[2].tolist()]
    assert len(scene.ignored) == 0


def test_the_teacher_has_no_say_where_somebody_saw_no_face(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((60, 160, 3), np.uint8))
    boxes = np.array([[10, 10, 50, 50], [60, 10, 100, 50], [110, 10, 150, 50]], np.float32)
    seen = Detections(boxes, np.array([0.9, 0.6, 0.9], np.float32), np.ones((3, 5, 2), np.float32))
    nothing = Box(12, 10, 50, 50), Box(60, 10, 100, 48)
    image = LabelledImage(tmp_path / "a.png", "train", "1", (), nothing)
    scene = street_scene(image, seen)
    assert scene.boxes.tolist() == boxes[2:].tolist()
    assert len(scene.ignored) == 0


@pytest.mark.parametrize("degrees", [-70.0, -20.0, 0.0, 45.0])
def test_boxes_and_landmarks_turn_with_the_picture(degrees: float) -> None:
    image = np.zeros((200, 300, 3), np.uint8)
    cv2.ellipse(image, (180, 110), (20, 30), 0, 0, 360, (0, 255, 0), cv2.FILLED)
    cv2.circle(image, (172, 100), 3, (255, 255, 0), cv2.FILLED)
    oval = np.array([[160, 80, 200, 140]], np.float32)
    seen = Detections(oval, np.array([0.9], np.float32), np.full((1, 5, 2), (172, 100), np.float32))
    scene = label_scene(image, oval, np.ones(1, bool), np.zeros((0, 4), np.float32), seen)

    turned = turn_scene(scene, degrees)

    ys, xs = np.nonzero(turned.image[..., 1] > 180)
    extent = [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
    assert turned.boxes[0].tolist() == pytest.approx(extent, abs=2)
    ys, xs = np.nonzero(turned.image[..., 0] > 180)
    assert turned.landmarks[0, 0].tolist() == pytest.approx([xs.mean(), ys.mean()], abs=1)


def test_a_face_that_turns_out_of_the_picture_is_not_taught() -> None:
    image = np.zeros((100, 400, 3), np.uint8)
    corner = np.array([[350, 20, 390, 70]], np.float32)
    nothing = np.zeros((0, 4), np.float32)
    scene = label_scene(image, corner, np.ones(1, bool), nothing, Detections.none())

    assert len(turn_scene(scene, 60).boxes) == 0
    assert len(turn_scene(scene, 3).boxes) == 1
