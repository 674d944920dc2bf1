import numpy as np

from maskwatch.faces.yunet import Detections
from maskwatch_train.detector.dataset import label_scene


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
