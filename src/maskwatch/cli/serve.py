"""`maskwatch serve`: the monitoring service."""

from __future__ import annotations

import importlib.util
from typing import Annotated

import typer

from maskwatch.cli.config_file import ConfigOption, read_config
from maskwatch.cli.logs import LogFormat, set_up_logging
from maskwatch.errors import MissingExtra


def serve(
    config: ConfigOption = None,
    log_format: Annotated[
        LogFormat, typer.Option(help="Lines of the log: text for people, json for programs.")
    ] = LogFormat.TEXT,
    log_level: Annotated[
        str, typer.Option(metavar="LEVEL", help="debug, info, warning or error.")
    ] = "info",
) -> None:
    """Watch cameras day and night, alert the right people, and show what happened.

    Runs until SIGTERM or Ctrl-C and then stops within five seconds. The configuration is read
    again when its file changes or on SIGHUP; a wrong one is refused and the old one stays.
    """
    from_levels = {"debug", "info", "warning", "error"}
    if log_level.lower() not in from_levels:
        raise typer.BadParameter(f"must be one of {', '.join(sorted(from_levels))}")
    loaded = read_config("serve", config)
    if importlib.util.find_spec("nicegui") is None or importlib.util.find_spec("uvicorn") is None:
        raise MissingExtra("maskwatch serve", "serve")
    set_up_logging(log_format, log_level)
    from maskwatch.service import build_service

    build_service(loaded, config, lambda line: typer.echo(line)).run()
