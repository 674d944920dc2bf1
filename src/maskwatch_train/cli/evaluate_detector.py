"""``maskwatch-train evaluate-detector``: a face detector beside others."""

from __future__ import annotations

from maskwatch.faces.base import FaceDetector
from maskwatch.faces.mtcnn import MtcnnDetector, MtcnnSettings
from maskwatch.faces.ssd_res10 import SsdRes10Detector
from maskwatch.faces.yunet import YuNetDetector
from maskwatch.models import DEFAULT_DETECTOR
from maskwatch_train.cli.data.progress import advancing
from maskwatch_train.cli.options import DataFolder, DetectorFolder, Report, Split, WeightsFolder
from maskwatch_train.cli.say import say
from maskwatch_train.data import street
from maskwatch_train.data.sets import read_set
from maskwatch_train.evaluate.judging.stock_yunet import StockYuNet
from maskwatch_train.evaluate.scoring.detector import (
    LOWEST_SCORE,
    detector_markdown,
    evaluate_detector,
    run_detector,
)
from maskwatch_train.evaluate.scoring.report import write_report
from maskwatch_train.exporting.onnx import DETECTOR_NAME


def detectors(
    data: DataFolder,
    weights: WeightsFolder,
    report: Report,
    split: Split = "val",
    detector: DetectorFolder = DEFAULT_DETECTOR,
) -> None:
    """Compare a face detector with the unmodified weights, SSD-ResNet10 and MTCNN."""
    images = read_set(data / street.NAME, split).images
    ours = YuNetDetector.from_folder(detector).with_threshold(LOWEST_SCORE)
    stock = weights / "yunet_n_640_640.onnx"
    # The first is what the others' unmatched detections are compared with.
    candidates: dict[str, FaceDetector] = {
        "YuNet, unmodified weights": StockYuNet(stock, ours.settings.long_side, LOWEST_SCORE),
        DETECTOR_NAME: ours,
        "SSD-ResNet10": SsdRes10Detector(weights / "ssd_res10", LOWEST_SCORE),
        "MTCNN": MtcnnDetector(settings=MtcnnSettings(score_threshold=0.3)),
    }
    results = []
    for name, candidate in candidates.items():
        say(f"{name} on {len(images)} pictures")
        watched = advancing(images, "Finding faces", len(images))
        results.append(evaluate_detector(images, run_detector(name, candidate, watched)))
    text = detector_markdown(results, f"Face detectors on street, {split}")
    write_report(report, f"detectors-{split}", {"split": split, "detectors": results}, text)
    say(text)
