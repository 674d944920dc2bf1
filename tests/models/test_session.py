from __future__ import annotations

from pathlib import Path

import pytest

from maskwatch.errors import ModelError
from maskwatch.models.session import open_session


def test_a_model_in_the_format_of_openvino_is_refused_with_what_to_take(tmp_path: Path) -> None:
    file = tmp_path / "model.xml"
    file.write_text("<net/>")
    with pytest.raises(ModelError, match=r"model\.xml: OpenVINO's format.*; take ONNX"):
        open_session(file)
