"""``maskwatch-train gate``: is a model good enough to be shipped?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from maskwatch.faces.yunet import YuNetDetector
from maskwatch.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR
from maskwatch.outputs.files import make_folder, write_whole
from maskwatch.outputs.terminal import on_one_line
from maskwatch_train.cli.options import DetectorFolder
from maskwatch_train.cli.say import console, say
from maskwatch_train.errors import DataError
from maskwatch_train.evaluate.judging.subjects import open_subject
from maskwatch_train.release.gate import Check, read_gate, run_gate

Model = Annotated[
    Path,
    typer.Argument(show_default="in the package", help="Model folder, ONNX file or predictions."),
]
GateFile = Annotated[Path, typer.Option("--gate", help="YAML file with the floors.")]
RequireAll = Annotated[
    bool, typer.Option("--require-all", help="Fail where an optional set is not on this machine.")
]
JsonFile = Annotated[Path | None, typer.Option("--json", help="File to write every check to.")]


def gate(
    model: Model = DEFAULT_CLASSIFIER,
    gate_file: GateFile = Path("gate.yaml"),
    detector: DetectorFolder = DEFAULT_DETECTOR,
    require_all: RequireAll = False,
    json_file: JsonFile = None,
) -> None:
    """Check the floors (least scores) of a release; the exit code is 1 if one is missed.

    Floors of what is found are about the face detector, all others about MODEL.
    """
    if not gate_file.exists():
        raise DataError(
            gate_file,
            "no such file; the gate of the shipped models is gate.yaml in the repository of "
            "maskwatch, not in the package: say with --gate where one is",
        )
    floors = read_gate(gate_file)
    subject = open_subject(model)
    faces = YuNetDetector.from_folder(detector)
    checks = run_gate(floors, subject, faces, require_all=require_all, progress=say)
    if json_file is not None:
        content = {"model": subject.name, "checks": [check.as_json() for check in checks]}
        make_folder(json_file.parent)
        write_whole(json_file, (json.dumps(content, indent=1) + "\n").encode())
    console.print(_table(subject.name, checks))
    failed = [check for check in checks if not check.passed]
    say(f"{len(checks) - len(failed)} of {len(checks)} floors hold")
    if failed or not checks:
        raise typer.Exit(1)


def _table(name: str, checks: list[Check]) -> Table:
    table = Table("set", "slice", "floor", "faces", "value", "", title=escape(on_one_line(name)))
    for check in checks:
        verdict = "ok" if check.passed else "[red]FAILS[/red]"
        value = _value(check)
        told = (check.set, check.floor.where, str(check.floor), str(check.faces), value)
        table.add_row(*map(escape, told), verdict)
    return table


def _value(check: Check) -> str:
    """With as many digits as it takes to see on which side of the bound it is."""
    told = (f"{check.value:.{digits}f}" for digits in range(3, 18))
    return next(value for value in told if check.floor.holds(float(value)) == check.passed)
