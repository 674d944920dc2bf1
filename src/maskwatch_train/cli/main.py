"""``maskwatch-train``: from data sets to the models that maskwatch ships."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
import typer.core
import typer.main
from rich.markup import escape
from rich.text import Text

from maskwatch.errors import MaskwatchError, MissingExtra
from maskwatch.interrupts import ended_by_signals
from maskwatch.outputs.standard import standard_streams
from maskwatch.outputs.terminal import err_console, spelt_out_by_line
from maskwatch_train.cli.extra import needing_extra

VERBS = {
    "data": "data:app",
    "synthesize": "synthesize:synthesize",
    "manifest": "manifest:manifest",
    "detector": "detector:detector",
    "classifier": "classifier:classifier",
    "published": "published:published",
    "export-detector": "export_detector:export_detector",
    "export-classifier": "export_classifier:export_classifier",
    "average": "average:average",
    "restore": "restore:restore_classifier",
    "restore-detector": "restore_detector:restore_detector",
    "recalibrate": "recalibrate:recalibrate",
    "evaluate-detector": "evaluate_detector:detectors",
    "evaluate-end-to-end": "evaluate_end_to_end:end_to_end",
    "evaluate": "evaluate:evaluate",
    "compare": "compare:compare_models",
    "export": "export:export_model",
    "gate": "gate:gate",
}
"""Each verb, and where in ``maskwatch_train.cli`` it is. It is loaded when it is called, so that
preparing data needs no PyTorch."""


class Verbs(Mapping[str, Any]):
    """The commands by name, each imported on first use."""

    def __getitem__(self, name: str) -> Any:
        module, _, attribute = VERBS[name].partition(":")
        try:
            with needing_extra(name):
                found = getattr(import_module(f"maskwatch_train.cli.{module}"), attribute)
        except MissingExtra as error:
            found = _missing(error)
        if not isinstance(found, typer.Typer):
            app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            app.command(name)(found)
            found = app
        command = typer.main.get_command(found)
        command.name = name
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(VERBS)

    def __len__(self) -> int:
        return len(VERBS)


def _missing(error: MissingExtra) -> typer.Typer:
    """A verb of which no more can be said than what it lacks, whatever its arguments."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    anything = {"ignore_unknown_options": True, "allow_extra_args": True}

    @app.command(help=escape(str(error)), context_settings=anything)
    def verb() -> None:
        raise error

    return app


class LazyGroup(typer.core.TyperGroup):
    """A group of commands that does not import those that are not called."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = Verbs()  # type: ignore[assignment] # nothing is ever added to it

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - asked for by the base class
        """The names in their order."""
        return list(VERBS)


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def train() -> None:
    """Train, evaluate and export the models that maskwatch ships."""


def run() -> None:
    """Entry point: a foreseen error becomes one line and exit code 1, an interruption 130."""
    try:
        with standard_streams(), ended_by_signals():
            app()
    except MaskwatchError as error:
        told = Text.assemble(("error: ", "bold red"), spelt_out_by_line(str(error)))
        err_console().print(told, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
