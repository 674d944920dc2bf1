from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from maskwatch.build.models import BuiltDetector
from maskwatch.cli.main import app
from tests.painted import SquareClassifier, SquareDetector

Detect = Callable[..., Result]


@pytest.fixture
def detect(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Detect:
    """Runs `maskwatch detect` in an empty folder, with models that see painted squares."""
    monkeypatch.setattr(
        "maskwatch.build.detection.build_detector",
        lambda _, **__: BuiltDetector(SquareDetector(), 0.5),
    )
    monkeypatch.setattr("maskwatch.build.detection.build_classifier", lambda _: SquareClassifier())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(app, ["detect", *map(str, arguments)], catch_exceptions=True)

    return run
