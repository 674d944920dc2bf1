from __future__ import annotations

from pathlib import Path

import pytest

from maskwatch.errors import ModelError, ModelNotFound
from maskwatch_train.evaluate.judging.stock_yunet import StockYuNet
from tests.faces.photos import overlaps, photo
from tests.shared import shared


@pytest.mark.parametrize("long_side", [None, 640, 320])
def test_it_finds_the_faces_of_a_photo_at_any_scale(long_side: int | None) -> None:
    frame, truth = photo()
    faces = StockYuNet(shared("models/yunet_n_640_640.onnx"), long_side)(frame)
    assert overlaps(truth, faces).min() > 0.5
    assert faces[0].score >= faces[1].score
    for face in faces[:2]:
        marks = face.landmarks
        assert marks is not None
        assert face.box.x0 < marks.right_eye.x < marks.left_eye.x < face.box.x1


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"yunet\.onnx: no such file"):
        StockYuNet(tmp_path / "yunet.onnx")


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "yunet.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="not a YuNet network"):
        StockYuNet(tmp_path / "yunet.onnx")
