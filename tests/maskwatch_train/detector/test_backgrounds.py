"""Pictures without a face among the detector's training scenes."""

from __future__ import annotations

import tomllib
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra [train]")

from maskwatch_train.data.labelled import LabelledImage
from maskwatch_train.data.manifest import read_manifest
from maskwatch_train.detector.prepare import background_scene


@pytest.mark.parametrize(("width", "height"), [(2048, 512), (300, 200)])
def test_a_picture_without_a_face_teaches_none_and_is_kept_small(
    width: int, height: int, tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((height, width, 3), 90, np.uint8))
    scene = background_scene(LabelledImage(tmp_path / "wall.png", "train", "1", ()))
    scale = min(1.0, 1024 / width)
    assert scene.image.shape == (height * scale, width * scale, 3)
    assert len(scene.boxes) == len(scene.ignored) == len(scene.landmarks) == 0


def test_the_card_names_the_list_that_is_here(checkout: Path) -> None:
    listed = read_manifest(checkout / "recipes/backgrounds.jsonl")
    told = tomllib.loads((checkout / "recipes/face-detector-card.toml").read_text())["data"]
    assert f"manifest {listed.sha256}" in told["backgrounds"]
    learned = sum(row.split == "train" for row in listed.rows)
    assert told["backgrounds"].startswith(f"{learned} pictures without a face")
