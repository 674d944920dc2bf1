import hashlib
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from maskwatch.cli.main import app
from maskwatch.errors import ChecksumMismatch
from maskwatch.masks.labels import LABELS


def make(folder: Path, kind: str, labels: tuple[str, ...] = ()) -> Path:
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"weights" * 1000)
    card = {
        "format": 1,
        "name": f"toy-{kind}",
        "version": "1.2",
        "kind": kind,
        "file": "model.onnx",
        "sha256": hashlib.sha256(b"weights" * 1000).hexdigest(),
        "labels": labels,
        "settings": {"size": 96, "margin": 0.25},
        "summary": {"licence": "Apache-2.0", "limits": ["one", "two"], "scores": {"f1": 0.98765}},
    }
    (folder / "card.json").write_text(json.dumps(card))
    return folder


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return (
        make(tmp_path / "d", "face_detector"),
        make(tmp_path / "c", "mask_classifier", LABELS),
    )


def models(folders: tuple[Path, Path], *options: str) -> Result:
    arguments = ["--detector", str(folders[0]), "--classifier", str(folders[1]), *options]
    return CliRunner().invoke(app, ["models", *arguments])


def test_cards_are_shown_with_nested_values_in_a_line_each(folders: tuple[Path, Path]) -> None:
    lines = [" ".join(line.split()) for line in models(folders).stdout.splitlines()]
    assert "toy-face_detector 1.2 (face detector)" in lines
    assert "file size 0.01 MB" in lines
    assert "margin 0.25" in lines
    assert lines[lines.index("scores") + 1] == "f1 0.9877"
    assert lines[lines.index("limits one") + 1] == "two"


def test_the_cards_of_the_package_are_readable_in_a_narrow_terminal() -> None:
    """The longest name once left a single column of letters for what is said of it."""
    shown = CliRunner().invoke(app, ["models"], env={"COLUMNS": "80"}).stdout
    assert re.search(r"^    unmatched per picture at 0\.5 +0\.403 *$", shown, re.MULTILINE)
    assert re.search(r"^      light/medium \(519 faces\) +0\.965 *$", shown, re.MULTILINE)
    assert len(shown.splitlines()) < 300


def test_cards_in_json_have_everything(folders: tuple[Path, Path]) -> None:
    detector, classifier = json.loads(models(folders, "--json").stdout)
    assert (detector["name"], detector["bytes"]) == ("toy-face_detector", 7000)
    assert classifier["labels"] == list(LABELS)
    assert classifier["summary"]["scores"] == {"f1": 0.98765}


def test_a_changed_file_is_refused(folders: tuple[Path, Path]) -> None:
    (folders[0] / "model.onnx").write_bytes(b"other")
    assert isinstance(models(folders).exception, ChecksumMismatch)
