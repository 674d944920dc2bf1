from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.shared import shared

from maskwatch.faces.yunet import YuNetSettings, decode
from maskwatch_train.data.street import read_street
from maskwatch_train.detector.network import ExportedYuNet, YuNet, load_yunet
from maskwatch_train.errors import DataError
from maskwatch_train.pictures import read_picture

torch = pytest.importorskip("torch")

from safetensors.torch import save_file  # noqa: E402


def test_the_network_has_as_many_parameters_as_the_paper_says() -> None:
    assert sum(parameter.numel() for parameter in YuNet().parameters()) == 75_856


def test_it_equals_opencv_on_real_images() -> None:
    network = ExportedYuNet(load_yunet(shared("models/yunet_n.safetensors")))
    reference = cv2.FaceDetectorYN.create(
        str(shared("models/yunet_n_640_640.onnx")), "", (640, 640), 0.6, 0.3, 5000
    )
    faces = 0
    for picture in read_street(shared("data/street"), "val")[:12]:
        image = cv2.resize(read_picture(picture.path), (640, 640))
        pixels = torch.from_numpy(image[None])
        with torch.no_grad():
            score, bbox, kps = (out.numpy() for out in network(pixels))
        (ours,) = decode(score, bbox, kps, (640, 640), YuNetSettings(0.6, 0.3, vote_iou=1.0))
        rows = reference.detect(image)[1]
        rows = np.zeros((0, 15)) if rows is None else rows[np.argsort(-rows[:, 14])]
        theirs = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], axis=1)
        assert len(ours.scores) == len(rows)
        assert ours.boxes == pytest.approx(theirs, abs=1.0)
        assert ours.scores == pytest.approx(rows[:, 14], abs=1e-3)
        assert ours.landmarks.reshape(-1, 10) == pytest.approx(rows[:, 4:14], abs=1.0)
        faces += len(rows)
    assert faces > 12


def test_weights_that_are_missing_or_another_network_s_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.safetensors: no such file"):
        load_yunet(tmp_path / "none.safetensors")
    save_file({"layer": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(DataError, match=r"other\.safetensors: not the weights of this face"):
        load_yunet(tmp_path / "other.safetensors")
