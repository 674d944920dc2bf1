from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from maskwatch.config.inference import InferenceConfig


def test_a_detector_without_weights_in_the_package_needs_their_folder() -> None:
    with pytest.raises(ValidationError, match="give detector_folder"):
        InferenceConfig(detector="ssd-res10")
    assert InferenceConfig(detector="ssd-res10", detector_folder=Path("ssd")).detector_folder
    assert InferenceConfig(detector="mtcnn").detector_folder is None
