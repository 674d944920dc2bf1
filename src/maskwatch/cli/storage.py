"""`maskwatch backup` and `restore`: everything the service remembers, in one file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from maskwatch.cli.config_file import ConfigOption, actor, open_store, read_config
from maskwatch.errors import MaskwatchError
from maskwatch.outputs.terminal import err_console, say_note


def backup(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            show_default="maskwatch-DATE.tar",
            help="Where to write it; must not exist yet.",
        ),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Save the database and the photos in one file, while the service keeps running.

    The file holds photos, hashes of passwords and addresses of cameras: keep it as safe as the
    machine itself.
    """
    settings = read_config("backup", config)
    from maskwatch.store.backup import back_up

    path = file or Path(f"maskwatch-{datetime.now().astimezone():%Y%m%d-%H%M%S}.tar")
    with open_store(settings) as store:
        detail = {"file": _readable(path.name)}
        store.audit.append(actor(), "backup.made", detail=detail)  # first: the backup holds it, too
        try:
            with _progress("photos") as on_progress:
                report = back_up(store, path, on_progress)
        except (MaskwatchError, KeyboardInterrupt):
            store.audit.append(actor(), "backup.failed", detail=detail)
            raise
        place = store.database.place
    if report.missing:
        say_note(err_console(), f"{len(report.missing)} photos are missing or damaged on the disk")
    typer.echo(f"{path}: {report.rows} rows, {report.photos} photos of {place}")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `maskwatch backup` wrote.")],
    config: ConfigOption = None,
) -> None:
    """Fill an empty database, and the folder of photos, from a backup.

    The whole backup is checked first. It may be of an older version, and of another kind of
    database. Everybody has to log in again. Stop the service first.
    """
    settings = read_config("restore", config)
    from maskwatch.store.backup import restore as fill

    storage = settings.storage
    with _progress("files") as on_progress:
        report = fill(
            file,
            storage.database_url,
            storage.snapshots,
            settings.privacy.stored_photos,
            on_progress,
        )
    with open_store(settings) as store:
        store.audit.append(actor(), "backup.restored", detail={"file": _readable(file.name)})
    if report.missing:
        say_note(err_console(), f"{len(report.missing)} photos were not in the backup, or not kept")
    typer.echo(f"{file}: {report.rows} rows, {report.photos} photos restored")


def _readable(name: str) -> str:
    """The name of a file, whose bytes need not be text, as text that can be stored and shown."""
    return os.fsencode(name).decode(errors="replace")


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that nobody sees where nobody watches."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    console = err_console()
    columns = (TextColumn(what), BarColumn(), TaskProgressColumn(), Remaining(compact=True))
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
