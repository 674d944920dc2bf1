"""The program itself: what it loads, and what it says when it is called wrongly."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import typer
from typer.testing import CliRunner

from maskwatch_train.cli.main import VERBS, app

LIST_HEAVY = """
import json, sys
from typer.testing import CliRunner
from maskwatch_train.cli.main import app
result = CliRunner().invoke(app, sys.argv[1:])
heavy = [name for name in ("torch", "timm", "onnx", "lightning_fabric") if name in sys.modules]
print(json.dumps([str(result.exception), heavy]))
"""


def test_preparing_data_loads_no_pytorch(tmp_path: Path) -> None:
    missing = tmp_path / "none.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", LIST_HEAVY, "data", "check", str(missing)],
        capture_output=True,
        text=True,
        check=True,
    )
    error, heavy = json.loads(done.stdout)
    assert str(missing) in error  # the verb did run
    assert heavy == []


def test_every_verb_is_where_the_table_says() -> None:
    for verb, place in VERBS.items():
        module, _, name = place.partition(":")
        found = getattr(import_module(f"maskwatch_train.cli.{module}"), name)
        assert isinstance(found, typer.Typer) or found.__doc__, verb


def test_the_help_names_every_verb() -> None:
    said = CliRunner().invoke(app, ["--help"]).output
    assert all(verb in said for verb in VERBS)


def test_an_unknown_verb_is_refused() -> None:
    result = CliRunner().invoke(app, ["trane"])
    assert result.exit_code == 2
    assert "No such command 'trane'" in result.output
