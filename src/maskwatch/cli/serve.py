"""`maskwatch serve`: the monitoring service."""

from __future__ import annotations

import logging
import os
import signal
import sys
from contextlib import suppress
from typing import Annotated, NoReturn

import typer

from maskwatch.cli.config_file import ConfigOption, read_config
from maskwatch.cli.exit_codes import ExitCode
from maskwatch.cli.logs import LogFormat, set_up_logging
from maskwatch.errors import OutputError, UsageError

_log = logging.getLogger(__name__)

_LEVELS = ("debug", "info", "warning", "error")


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
    if log_level.lower() not in _LEVELS:
        raise UsageError(f"--log-level must be one of {', '.join(_LEVELS)}, got {log_level!r}")
    set_up_logging(log_format, log_level)
    _end_at_once_when_asked()
    loaded = read_config("serve", config)
    from maskwatch.runtime.allocator import give_pictures_back
    from maskwatch.runtime.crashes import leave_no_memory_behind

    leave_no_memory_behind()
    give_pictures_back()  # before there are threads with heaps of their own
    from maskwatch.build.service import build_service

    build_service(loaded, config, _announce).run()
    _leave()


def _end_at_once_when_asked() -> None:
    """Lets signals end the process until the service runs, which then heeds them itself.

    Process 1 of a container has no default action for SIGTERM, and an exception would be swallowed
    where it interrupts the loading of a compiled module. Nothing is lost that a power cut would not
    lose. A change of the configuration is noticed by itself, so SIGHUP is not needed yet.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: os._exit(ExitCode.OK))
    if hasattr(signal, "SIGHUP"):  # Windows has none
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _announce(line: str) -> None:
    """Prints a line, or logs it: a reader who is gone or a full disk must not end the watch."""
    with suppress(OSError, OutputError):
        if sys.stdout is not None:  # as it is after ">&-"
            typer.echo(line)
            return
    _log.warning("standard output cannot be written: %s", line)


def _leave() -> NoReturn:
    """Ends the process at once: everything is closed, and taking the interpreter apart is slow."""
    import multiprocessing  # not for the other verbs, which load this module too

    for child in multiprocessing.active_children():  # of a camera that did not end in time
        child.kill()
    logging.shutdown()
    with suppress(OSError, OutputError):  # what it says is in the log
        if sys.stdout is not None:
            sys.stdout.flush()
    os._exit(ExitCode.OK)
