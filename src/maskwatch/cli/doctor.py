"""`maskwatch doctor`: does everything work that the service needs?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.text import Text

from maskwatch.cli.config_file import ConfigOption, read_config
from maskwatch.cli.exit_codes import ExitCode
from maskwatch.outputs.terminal import out_console

if TYPE_CHECKING:
    from maskwatch.doctor.finding import Finding

_MARKS = {
    "ok": ("ok     ", "green"),
    "warning": ("warning", "yellow"),
    "failed": ("FAILED ", "red"),
}


def doctor(config: ConfigOption = None) -> None:
    """Try cameras, models, mail server, broker, database, disk and clock, and say what to do.

    Nobody is alerted, and the service may be running. The exit code is 1 if something failed.
    """
    loaded = read_config("doctor", config)
    from maskwatch.doctor.examine import examine
    from maskwatch.doctor.finding import Grade

    console = out_console()
    failed = False
    for finding in examine(loaded):
        console.print(_line(finding), soft_wrap=True)
        failed |= finding.grade is Grade.FAILED
    if failed:
        raise typer.Exit(ExitCode.FAILED)


def _line(finding: Finding) -> Text:
    word, colour = _MARKS[finding.grade.value]
    line = Text.assemble((word, colour), f"  {finding.what}: {finding.said}")
    return line.append(f"\n         -> {finding.advice}") if finding.advice else line
