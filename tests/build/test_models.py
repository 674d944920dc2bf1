import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from maskwatch.build.models import BuildOptions, build_classifier, build_detector
from maskwatch.errors import CardError, ModelError, ModelNotFound, UsageError
from maskwatch.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR


def test_unknown_names_are_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="no detector is called 'haar'; there are yunet"):
        build_detector(BuildOptions(detector="haar"))
    with pytest.raises(UsageError, match="no device is called 'tpu'; there are cpu"):
        build_detector(BuildOptions(device="tpu"))


@pytest.mark.parametrize("detector", ["yunet", "mtcnn"])
def test_a_device_that_onnx_runtime_lacks_is_said(detector: str, tmp_path: Path) -> None:
    folder = None
    if detector == "mtcnn":
        folder = tmp_path
        (folder / "pnet.onnx").touch()
    options = BuildOptions(detector=detector, detector_folder=folder, device="directml")
    with pytest.raises(ModelError, match="DmlExecutionProvider is not in this ONNX Runtime"):
        build_detector(options)


def test_the_detector_of_the_package_delivers_from_the_floor_on() -> None:
    built = build_detector(BuildOptions(), floor=0.2)
    assert built.detect.settings.score_threshold == 0.2
    assert 0.3 <= built.score <= 0.9
    asked = build_detector(BuildOptions(), score=0.1, floor=0.2)
    assert (asked.score, asked.detect.settings.score_threshold) == (0.1, 0.1)


def test_folders_without_models_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"card\.json"):
        build_detector(BuildOptions(detector_folder=tmp_path))
    with pytest.raises(ModelNotFound, match=r"card\.json"):
        build_classifier(BuildOptions(classifier_folder=tmp_path))


def copy_with(folder: Path, copy: Path, setting: str, value: Any) -> Path:
    """A model folder in whose card one setting is another."""
    shutil.copytree(folder, copy)
    card = json.loads((copy / "card.json").read_text())
    card["settings"][setting] = value
    (copy / "card.json").write_text(json.dumps(card))
    return copy


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("size", "128", "size is '128', expected a whole number above 0"),
        ("size", 64, "size is 64, but the network takes 128 x 128"),
        ("temperature", 0, "temperature is 0, expected a number above 0"),
        ("abstain_below", float("nan"), "abstain_below is nan, expected a number from 0 to 1"),
        ("second_look_below", 2, "second_look_below is 2"),
    ],
)
def test_a_classifier_whose_card_says_what_cannot_be_is_refused(
    tmp_path: Path, setting: str, value: Any, reason: str
) -> None:
    folder = copy_with(DEFAULT_CLASSIFIER, tmp_path / "model", setting, value)
    with pytest.raises(CardError, match=rf"card\.json: settings\.{reason}"):
        build_classifier(BuildOptions(classifier_folder=folder))


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("long_side", -1, "long_side is -1, expected a whole number above 0, or null"),
        ("iou_threshold", None, "iou_threshold is None, expected a number from 0 to 1"),
    ],
)
def test_a_detector_whose_card_says_what_cannot_be_is_refused(
    tmp_path: Path, setting: str, value: Any, reason: str
) -> None:
    folder = copy_with(DEFAULT_DETECTOR, tmp_path / "model", setting, value)
    with pytest.raises(CardError, match=rf"card\.json: settings\.{reason}"):
        build_detector(BuildOptions(detector_folder=folder))


def test_a_detector_without_weights_in_the_package_asks_for_their_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="give its folder"):
        build_detector(BuildOptions(detector="ssd-res10"))
    with pytest.raises(ModelNotFound):
        build_detector(BuildOptions(detector="ssd-res10", detector_folder=tmp_path))
