from pathlib import Path

import pytest

pytest.importorskip("torch")

from tests.shared import shared
from typer.testing import CliRunner

from maskwatch_train.cli.main import app
from maskwatch_train.data.manifest import read_manifest
from maskwatch_train.errors import DataError


def test_the_manifest_of_both_sets_is_the_one_the_cards_cite(tmp_path: Path) -> None:
    out = tmp_path / "manifest.jsonl"
    result = CliRunner().invoke(app, ["manifest", "--data", str(shared("data")), "--out", str(out)])
    assert result.exit_code == 0, result.output
    listed = read_manifest(out)
    assert {row.source_set for row in listed.rows} == {"street", "bala"}
    assert listed.sha256[:12] == "2fb84314b11d"


def test_a_missing_set_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["manifest", "--data", str(tmp_path), "--out", str(tmp_path / "m.jsonl")]
    )
    assert isinstance(result.exception, DataError)
    assert "labels.json" in str(result.exception)
