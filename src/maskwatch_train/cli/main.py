"""``maskwatch-train``: from data sets to the models that maskwatch ships."""

from __future__ import annotations

import sys

import typer
from rich.console import Console
from rich.markup import escape

from maskwatch.errors import MaskwatchError
from maskwatch_train.cli import (
    convert,
    data,
    evaluate,
    export,
    gate,
    manifest,
    published,
    synthesize,
    train,
)

app = typer.Typer(
    help="Train, evaluate and export the models that maskwatch ships.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(data.app, name="data")
app.command("synthesize")(synthesize.synthesize)
app.command("manifest")(manifest.manifest)
app.command("detector")(train.detector)
app.command("classifier")(train.classifier)
app.command("published")(published.published)
app.command("export-detector")(export.export_detector)
app.command("export-classifier")(export.export_classifier)
app.command("evaluate-detector")(evaluate.detectors)
app.command("evaluate")(evaluate.evaluate)
app.command("compare")(evaluate.compare_models)
app.command("export")(convert.export_model)
app.command("gate")(gate.gate)


def run() -> None:
    """Entry point: turns a foreseen error into one line and exit code 1."""
    try:
        app()
    except MaskwatchError as error:
        Console(stderr=True).print(
            f"[red]error:[/red] {escape(str(error))}", highlight=False, soft_wrap=True
        )
        sys.exit(1)
