"""The figures of a published system and its report say the same."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra [train]")

from maskwatch.types import Box, State
from maskwatch_train.data.manifest import Manifest, ManifestRow
from maskwatch_train.published.classes import CLASS_SETS
from maskwatch_train.published.outcome import scores, write_reports
from tests.maskwatch_train.data.painted import save_pattern


def test_the_report_takes_the_likeliest_class_as_the_figures_do(tmp_path: Path) -> None:
    save_pattern(tmp_path / "a.png", 1)
    rows = [
        ManifestRow("own", "a.png", "0", Box(x, 0, x + 20, 20), state, None, "g", "test", "own")
        for x, state in ((0.0, State.MASK), (30.0, State.NO_MASK))
    ]
    # The first is a mask, though a violation of either kind is likelier.
    said = np.array([[0.4, 0.3, 0.3], [0.2, 0.3, 0.5]])
    classes = CLASS_SETS["states"]
    manifest = Manifest(tuple(rows), {"own": tmp_path})
    write_reports(tmp_path / "run", "masknet", manifest, rows, {"network": said}, classes)

    report = json.loads((tmp_path / "run/reports/network.json").read_text())
    figures = scores(said, np.array([0, 2]), ["g", "g"], classes)
    assert report["classification"]["headline"]["accuracy"]["value"] == 1.0
    assert figures["accuracy"]["value"] == 1.0
    assert report["data"] == [{"name": "own", "split": "test", "pictures": 1, "faces": 2}]
