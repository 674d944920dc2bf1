from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maskwatch.errors import ModelError, ModelNotFound
from maskwatch.faces.ssd_res10 import PROTOTXT, WEIGHTS, SsdRes10Detector
from maskwatch.types import Frame
from tests.faces.photos import overlaps, photo
from tests.shared import shared


@pytest.fixture(scope="module")
def detector() -> SsdRes10Detector:
    return SsdRes10Detector(shared("models/ssd_res10"))


def test_it_finds_the_faces_of_a_photo(detector: SsdRes10Detector) -> None:
    frame, truth = photo()
    faces = detector(frame)
    assert len(faces) == 2
    assert overlaps(truth, faces).min() > 0.5


def test_the_threshold_drops_weaker_faces_and_keeps_the_order() -> None:
    frame, _ = photo()
    everything = SsdRes10Detector(shared("models/ssd_res10"), score_threshold=0.05)(frame)
    scores = [face.score for face in everything]
    assert scores == sorted(scores, reverse=True)
    limit = scores[1]
    kept = SsdRes10Detector(shared("models/ssd_res10"), score_threshold=limit)(frame)
    assert kept == everything[:2]


def test_boxes_stay_inside_the_picture(detector: SsdRes10Detector) -> None:
    frame, truth = photo()
    x0, y0, x1, y1 = (round(edge) for edge in truth[0])
    cut = np.ascontiguousarray(frame.image[y0 + 5 : y1 - 5, x0 + 5 : x1 - 5])
    height, width = cut.shape[:2]
    faces = detector(Frame("cut", 0, 0.0, cut))
    assert faces
    for face in faces:
        assert 0 <= face.box.x0 < face.box.x1 <= width
        assert 0 <= face.box.y0 < face.box.y1 <= height


@pytest.mark.parametrize("size", [(1, 1), (480, 640)])
def test_a_picture_without_faces_has_none(
    detector: SsdRes10Detector, size: tuple[int, int]
) -> None:
    assert detector(Frame("grey", 0, 0.0, np.full((*size, 3), 128, dtype=np.uint8))) == []


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    (tmp_path / PROTOTXT).touch()
    with pytest.raises(ModelNotFound, match="caffemodel: no such file"):
        SsdRes10Detector(tmp_path)


def test_files_that_are_no_network_are_refused(tmp_path: Path) -> None:
    (tmp_path / PROTOTXT).write_text("layer {", encoding="utf-8")
    (tmp_path / WEIGHTS).write_bytes(b"no weights")
    with pytest.raises(ModelError, match="not an SSD-ResNet10 network"):
        SsdRes10Detector(tmp_path)
