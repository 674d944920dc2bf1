"""`maskwatch audit`: whether the log of who did what is as it was written."""

from __future__ import annotations

from typing import Annotated

import typer

from maskwatch.cli.config_file import ConfigOption, open_store, read_config
from maskwatch.cli.exit_codes import ExitCode
from maskwatch.errors import StoreError, UsageError
from maskwatch.outputs.terminal import err_console, say_error

app = typer.Typer(no_args_is_help=True, help="Check the log of who did or looked at what.")


@app.callback()
def _audit() -> None:
    """Check the log of who did or looked at what."""


@app.command()
def verify(
    head: Annotated[
        str | None,
        typer.Option(metavar="N:HASH", help="A head noted earlier, which the log must contain."),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Check that no entry was changed, removed or slipped in; the exit code is 1 if one was.

    Prints the head: the number and the hash of the last entry. Note it somewhere else now and
    then, and give it as `--head` later: only that shows when the end was cut off, or when
    somebody has made all hashes anew after a change.
    """
    settings = read_config("audit verify", config)
    from maskwatch.store.audit import AuditHead

    known = None
    if head is not None:
        number, _, digest = head.partition(":")
        if not number.isdecimal() or len(digest) != 64:
            raise UsageError(f"--head {head}: must be a number, a colon and 64 digits")
        known = AuditHead(int(number), digest.lower())
    with open_store(settings) as store:
        report = store.audit.verify(known)
    if report.broken_at is not None:
        found = StoreError(f"the audit log is broken at entry {report.broken_at}: {report.reason}")
        say_error(err_console(), found)
        raise typer.Exit(ExitCode.FAILED)
    typer.echo(f"ok; head {report.head.seq}:{report.head.hash}")
