"""``maskwatch-train recalibrate``: new thresholds in a card, and nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("torch", reason="needs the extra [train]")

from maskwatch.errors import UsageError
from maskwatch.masks.onnx import OnnxMaskClassifier
from maskwatch.models import DEFAULT_CLASSIFIER
from maskwatch.types import Box, State
from maskwatch_train.classifier.samples import Sample, Source, cut_sample
from maskwatch_train.cli.main import app
from maskwatch_train.errors import DataError


def noise(*_: object) -> list[Sample]:
    """Validation data nobody can read anything from, so that everything is doubtful."""
    rng = np.random.default_rng(0)
    return [
        cut_sample(
            rng.integers(0, 256, (120, 120, 3), dtype=np.uint8),
            Box(20, 20, 100, 100),
            State.MASK if i % 2 else State.NO_MASK,
            None,
            None,
            Source.BOX,
        )
        for i in range(20)
    ]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("maskwatch_train.cli.recalibrate.read_sets", lambda *_: [])
    monkeypatch.setattr("maskwatch_train.cli.recalibrate.validation_samples", noise)
    return Path(shutil.copytree(DEFAULT_CLASSIFIER, tmp_path / "model"))


def recalibrate(folder: Path, *options: str | Path) -> int:
    places = ["--data", "nowhere", "--weights", "nowhere"]
    done = CliRunner().invoke(app, ["recalibrate", str(folder), *places, *map(str, options)])
    return done.exit_code


def test_only_what_was_fitted_changes_and_scores_of_before_go(folder: Path) -> None:
    before = json.loads((folder / "card.json").read_text())
    assert recalibrate(folder) == 0
    after = json.loads((folder / "card.json").read_text())
    fitted = ["temperature", "abstain_below", "unreadable_above"]
    assert after["settings"]["temperature"] > before["settings"]["temperature"]
    assert after["summary"]["calibration"]["faces"] == 20
    assert after["summary"]["scores"] == {}
    for card in (before, after):
        del card["summary"]["calibration"], card["summary"]["scores"]
        for name in fitted:
            del card["settings"][name]
    assert after == before
    OnnxMaskClassifier.from_folder(folder)  # still a model


def test_scores_come_into_the_card_and_a_damaged_report_changes_nothing(folder: Path) -> None:
    report = folder.parent / "both.json"
    report.write_text(json.dumps({"shares": {"found": {"value": 0.9}}}))
    assert recalibrate(folder, "--scores", report) == 0
    card = (folder / "card.json").read_text()
    assert json.loads(card)["summary"]["scores"] == {"both": {"found": 0.9}}
    report.write_text("{")
    assert recalibrate(folder, "--scores", report) != 0
    assert (folder / "card.json").read_text() == card


def test_two_reports_of_one_name_are_refused_before_any_work(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("maskwatch_train.cli.recalibrate.validation_samples")
    reports = [folder.parent / place / "val.json" for place in ("street", "bala")]
    for report in reports:
        report.parent.mkdir()
        report.write_text(json.dumps({"shares": {"found": {"value": 0.9}}}))
    words = [word for report in reports for word in ("--scores", str(report))]
    done = CliRunner().invoke(app, ["recalibrate", str(folder), "--data", "nowhere", *words])
    assert isinstance(done.exception, UsageError)
    assert "another report is called 'val'" in str(done.exception)


def test_without_faces_the_card_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maskwatch_train.cli.recalibrate.validation_samples", lambda *_: [])
    card = (folder / "card.json").read_text()
    places = ["--data", "nowhere"]
    done = CliRunner().invoke(app, ["recalibrate", str(folder), *places])
    assert isinstance(done.exception, DataError)
    assert (folder / "card.json").read_text() == card
