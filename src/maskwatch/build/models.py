"""Detectors and classifiers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from maskwatch.build.names import named
from maskwatch.errors import ModelError
from maskwatch.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR

if TYPE_CHECKING:
    from maskwatch.faces.base import FaceDetector
    from maskwatch.masks.base import MaskClassifier

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
}
"""Devices and the ONNX Runtime execution provider of each."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """Which models, and how they run."""

    detector: str = "yunet"
    """A key of ``DETECTORS``."""
    detector_folder: Path | None = None
    """None for the weights in the package."""
    classifier_folder: Path | None = None
    """None for the weights in the package."""
    threads: int | None = None
    """Of one inference; None leaves the choice to ONNX Runtime."""
    device: str = "cpu"
    """A key of ``PROVIDERS``."""

    @property
    def provider(self) -> str:
        """The ONNX Runtime execution provider; raises UsageError for an unknown device."""
        return named(PROVIDERS, self.device, "device")


@dataclass(frozen=True, slots=True)
class BuiltDetector:
    """A detector, and from which score on its faces count."""

    detect: FaceDetector
    """Delivers faces from the floor on that was asked for."""
    score: float
    """The threshold at which the detector is meant to be used, or the one asked for."""


def build_detector(
    options: BuildOptions, *, score: float | None = None, floor: float = 1.0
) -> BuiltDetector:
    """The face detector of a name.

    Args:
        options: which, and how it runs.
        score: from which score on faces count; None for what the model recommends.
        floor: weaker faces, down to this score, are delivered too.

    Raises:
        UsageError: there is no detector or device of that name.
        ModelError: its files are missing, damaged, or cannot be run.
        MissingExtra: it needs a package that is not installed.
    """
    return named(DETECTORS, options.detector, "detector")(options, score, floor)


def build_classifier(options: BuildOptions) -> MaskClassifier:
    """The mask classifier of a model folder.

    Raises:
        UsageError: there is no device of that name.
        ModelError: a file is missing, damaged, or cannot be run.
    """
    from maskwatch.masks.onnx import OnnxMaskClassifier

    return OnnxMaskClassifier.from_folder(
        options.classifier_folder or DEFAULT_CLASSIFIER,
        threads=options.threads,
        provider=options.provider,
    )


def _yunet(options: BuildOptions, score: float | None, floor: float) -> BuiltDetector:
    from maskwatch.faces.yunet import YuNetDetector

    detector = YuNetDetector.from_folder(
        options.detector_folder or DEFAULT_DETECTOR,
        threads=options.threads,
        provider=options.provider,
    )
    wanted = detector.settings.score_threshold if score is None else score
    return BuiltDetector(detector.with_threshold(min(wanted, floor)), wanted)


def _ssd_res10(options: BuildOptions, score: float | None, floor: float) -> BuiltDetector:
    from maskwatch.faces.ssd_res10 import SsdRes10Detector

    if options.detector_folder is None:
        raise ModelError("the detector ssd-res10 has no weights in the package: give its folder")
    wanted = 0.5 if score is None else score
    return BuiltDetector(SsdRes10Detector(options.detector_folder, min(wanted, floor)), wanted)


def _mtcnn(options: BuildOptions, score: float | None, floor: float) -> BuiltDetector:
    from maskwatch.faces.mtcnn import MtcnnDetector, MtcnnSettings

    wanted = MtcnnSettings().score_threshold if score is None else score
    settings = MtcnnSettings(score_threshold=min(wanted, floor))
    detector = MtcnnDetector(options.detector_folder, settings, options.threads, options.provider)
    return BuiltDetector(detector, wanted)


DETECTORS = {"yunet": _yunet, "ssd-res10": _ssd_res10, "mtcnn": _mtcnn}
"""What makes each face detector; modules load on use."""
