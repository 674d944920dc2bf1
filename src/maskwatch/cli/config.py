"""`maskwatch config`: whether a configuration is right, what may stand in it, and one to start."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from maskwatch.cli.config_file import need_serve, read_config

app = typer.Typer(
    no_args_is_help=True, help="Check a configuration, or print its schema or an example."
)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The configuration, in YAML.")],
) -> None:
    """Read a configuration as the service would, environment included, and say what is wrong.

    Every wrong key is named with its line, its value (never a secret) and the reason; the exit
    code is then 2. Nothing is connected to: that is what `maskwatch doctor` is for.
    """
    config = read_config("config check", file)
    cameras = ", ".join(config.cameras) or "none (add them in the dashboard)"
    channels = ", ".join(config.alerts.channels) or "none"
    typer.echo(f"{file}: ok; cameras: {cameras}; alert channels: {channels}")


@app.command()
def schema() -> None:
    """Print the JSON schema; with it an editor can complete and check the file.

    For the YAML extension of VS Code, put this into the file's first line:
    `# yaml-language-server: $schema=maskwatch-schema.json`.
    """
    need_serve("config schema")
    from maskwatch.config.root import config_schema

    typer.echo(json.dumps(config_schema(), indent=2))


@app.command()
def example() -> None:
    """Print a configuration with comments, to start from."""
    text = resources.files("maskwatch.config").joinpath("example.yaml").read_text(encoding="utf-8")
    typer.echo(text, nl=False)
