"""`maskwatch episodes`: what somebody who was filmed may ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskwatch.cli.config_file import ConfigOption, actor, open_store, read_config
from maskwatch.errors import UsageError

app = typer.Typer(no_args_is_help=True, help="Hand out or delete what is stored about somebody.")

Ids = Annotated[
    list[str],
    typer.Argument(
        metavar="ID...",
        help="Of episodes, as the dashboard shows them.",
        callback=lambda ids: list(dict.fromkeys(ids)),  # each once
    ),
]


@app.command()
def export(
    ids: Ids,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where the folders go.")
    ] = Path("episodes"),
    config: ConfigOption = None,
) -> None:
    """Write all that is stored about episodes: a folder each, with `episode.json` and the photos.

    The audit log notes it.
    """
    settings = read_config("episodes export", config)
    from maskwatch.store.subject import export_episodes

    with open_store(settings) as store:
        for folder in export_episodes(store, ids, output, actor=actor()):
            typer.echo(folder)


@app.command()
def delete(
    ids: Ids,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    config: ConfigOption = None,
) -> None:
    """Delete episodes with photos, messages, labels and the person's row in the statistics.

    Proof that it was done stays. Backups still hold them until you delete those.
    """
    settings = read_config("episodes delete", config)
    from maskwatch.store.subject import delete_episodes

    what = f"{len(ids)} episodes" if len(ids) > 1 else f"episode {ids[0]}"
    if not yes and not typer.confirm(f"Delete {what} for good?"):
        raise UsageError("nothing was deleted")
    with open_store(settings) as store:
        photos = delete_episodes(store, ids, actor=actor())
    typer.echo(f"deleted {what} and {photos} {'photo' if photos == 1 else 'photos'}")
