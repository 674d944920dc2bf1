"""Exported models and PyTorch agree on real pictures."""

import cv2
import numpy as np
import onnxruntime as ort
import pytest

torch = pytest.importorskip("torch")

from maskwatch.masks.labels import softmax  # noqa: E402
from maskwatch.masks.preprocess import crop_face, to_batch  # noqa: E402
from maskwatch_train.classifier.network import ExportedClassifier, create  # noqa: E402
from maskwatch_train.data.street import read_street  # noqa: E402
from maskwatch_train.detector.network import ExportedYuNet, load_yunet  # noqa: E402
from maskwatch_train.exporting.onnx import DETECTOR, classifier_signature, to_onnx  # noqa: E402
from maskwatch_train.pictures import read_picture  # noqa: E402
from tests.shared import shared  # noqa: E402


def test_the_detector_agrees_within_a_hundredth_of_score_and_half_a_pixel() -> None:
    network = ExportedYuNet(load_yunet(shared("models/yunet_n.safetensors")))
    session = ort.InferenceSession(to_onnx(network, DETECTOR).SerializeToString())
    faces = 0
    for picture in read_street(shared("data/street"), "val")[:8]:
        image = cv2.resize(read_picture(picture.path), (480, 320))
        pixels = image[None]
        with torch.no_grad():
            score, box, marks = (out.numpy() for out in network(torch.from_numpy(pixels)))
        exported = session.run(None, {"pixels": pixels})
        sure = score[..., 0] > 0.5
        faces += sure.sum()
        assert exported[0] == pytest.approx(score, abs=1e-2)
        # In strides of at least 8 px: 0.06 is half a pixel.
        assert exported[1][sure] == pytest.approx(box[sure], abs=0.06)
        assert exported[2][sure] == pytest.approx(marks[sure], abs=0.06)
    assert faces > 10


@pytest.mark.parametrize("backbone", ["mobilenetv2", "efficientnet-lite0"])
def test_the_classifier_agrees_within_five_hundredths_of_probability(backbone: str) -> None:
    torch.manual_seed(0)
    trained = create(backbone, shared("models"), 128)
    # A head several times as large as a trained one: rounding the weights shows most here.
    torch.nn.init.normal_(trained.backbone.get_classifier().weight, std=0.1)
    network = ExportedClassifier(trained.eval())
    session = ort.InferenceSession(to_onnx(network, classifier_signature(128)).SerializeToString())
    crops = [
        crop_face(read_picture(picture.path), face.box, 0.2, 128)
        for picture in read_street(shared("data/street"), "val")[:8]
        for face in picture.faces[:3]
    ]
    batch = to_batch(crops)
    with torch.no_grad():
        logits, boxes = (output.numpy() for output in network(torch.from_numpy(batch)))
    expected = softmax(logits, 1.0)
    exported_logits, exported_boxes = session.run(["logits", "boxes"], {"pixels": batch})
    exported = softmax(exported_logits, 1.0)
    # Fractions of the crop: half a pixel of 128.
    assert exported_boxes == pytest.approx(boxes, abs=4e-3)
    assert exported == pytest.approx(expected, abs=5e-2)
    assert (exported.argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.9
    assert np.ptp(expected, axis=0).max() > 0.2
