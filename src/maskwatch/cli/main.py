"""The program `maskwatch`: its verbs, and what becomes of errors."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer

from maskwatch import __version__
from maskwatch.cli import alerts, audit, config, episodes, users
from maskwatch.cli.bench import bench
from maskwatch.cli.detect import EPILOG, DetectCommand, detect
from maskwatch.cli.doctor import doctor
from maskwatch.cli.exit_codes import ExitCode
from maskwatch.cli.logs import logs_for_programs
from maskwatch.cli.models import models
from maskwatch.cli.serve import serve
from maskwatch.cli.storage import backup, restore
from maskwatch.errors import ConfigError, MaskwatchError, MissingExtra, ModelError, UsageError
from maskwatch.outputs.standard import standard_streams
from maskwatch.outputs.terminal import err_console, say_error

_log = logging.getLogger(__name__)

app = typer.Typer(
    name="maskwatch",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(cls=DetectCommand, epilog=EPILOG)(detect)
app.command()(bench)
app.command()(models)
app.command()(serve)
app.command()(doctor)
app.add_typer(config.app, name="config")
app.command()(backup)
app.command()(restore)
app.add_typer(alerts.app, name="alerts")
app.add_typer(audit.app, name="audit")
app.add_typer(episodes.app, name="episodes")
app.add_typer(users.app, name="users")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"maskwatch {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """Finds faces in images, video and live cameras and says how each mask is worn."""


def run() -> None:
    """The program: runs the verb that the command line names, and exits with its code."""
    try:
        with standard_streams():
            app()
    except MaskwatchError as error:
        if logs_for_programs():
            _log.error("%s", error)
        else:
            say_error(err_console(), error)
        sys.exit(exit_code_of(error))
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)


def exit_code_of(error: MaskwatchError) -> ExitCode:
    """The exit code for an error that ended the program."""
    if isinstance(error, UsageError | MissingExtra | ConfigError):
        return ExitCode.USAGE
    return ExitCode.MODEL if isinstance(error, ModelError) else ExitCode.FAILED
