"""The program itself: what it loads, and what it says when it is called wrongly."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import pytest
import typer
from typer.testing import CliRunner

from maskwatch.errors import MissingExtra
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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_what_cannot_be_printed_is_one_line_and_exit_code_1() -> None:
    program = "from maskwatch_train.cli.main import run; run()"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", program, "--help"],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert (done.returncode, done.stderr) == (
        1,
        "error: standard output: no space left on the device\n",
    )


def test_a_terminal_obeys_nothing_in_a_name_that_an_error_tells(tmp_path: Path) -> None:
    missing = f"{tmp_path}/[b]no\x1b]0;x\x07:x:.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "maskwatch_train", "data", "check", missing],
        check=False,
        capture_output=True,
        text=True,
    )
    told = f"{tmp_path}/[b]no\\x1b]0;x\\x07:x:.jsonl"
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {told}: ")


def test_the_help_names_every_verb() -> None:
    said = CliRunner().invoke(app, ["--help"]).output
    assert all(verb in said for verb in VERBS)


def test_an_unknown_verb_is_refused() -> None:
    result = CliRunner().invoke(app, ["trane"])
    assert result.exit_code == 2
    assert "No such command 'trane'" in result.output


def without(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the verbs find a package missing."""

    def missing(name: str) -> NoReturn:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)

    monkeypatch.setattr("maskwatch_train.cli.main.import_module", missing)


def test_without_the_extra_the_help_still_names_every_verb(monkeypatch: pytest.MonkeyPatch) -> None:
    without("torch", monkeypatch)
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    assert all(verb in result.output for verb in VERBS)
    asked = CliRunner().invoke(app, ["classifier", "--help"])
    assert asked.exit_code == 0
    assert "pip install 'maskwatch[train]'" in " ".join(asked.output.split())


@pytest.mark.parametrize("arguments", [["classifier", "r.toml", "--out", "x"], ["data", "check"]])
def test_without_the_extra_a_verb_says_which_one_it_needs(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    without("yaml", monkeypatch)
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, MissingExtra)
    assert f"maskwatch-train {arguments[0]} needs an extra" in str(result.exception)


def test_the_one_verb_of_data_that_needs_the_extra_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delitem(sys.modules, "maskwatch_train.data.audit", raising=False)
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
    result = CliRunner().invoke(app, ["data", "audit", "m.jsonl", "--out", str(tmp_path / "a")])
    assert isinstance(result.exception, MissingExtra)
    assert "maskwatch-train data audit needs an extra" in str(result.exception)


def test_a_missing_module_of_our_own_is_not_taken_for_an_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without("maskwatch_train.cli.classifier", monkeypatch)
    assert isinstance(CliRunner().invoke(app, ["classifier"]).exception, ModuleNotFoundError)
