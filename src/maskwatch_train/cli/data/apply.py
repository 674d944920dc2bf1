"""``maskwatch-train data apply``: a manifest with its corrections applied."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskwatch.errors import UsageError
from maskwatch_train.cli.data.options import (
    Folders,
    ManifestFile,
    OutManifest,
    beside,
    open_manifest,
    save_manifest,
)
from maskwatch_train.cli.say import say
from maskwatch_train.data import corrections


def apply(
    manifest: ManifestFile,
    out: OutManifest,
    file: Annotated[
        list[Path] | None,
        typer.Option(help="Corrections; by default those beside the data."),
    ] = None,
    folder: Folders = None,
) -> None:
    """Make a manifest with the corrections applied; data and labels stay as they are."""
    whole = open_manifest(manifest, folder)
    names = sorted({row.source_set for row in whole.rows})
    files = file or [path for path in (beside(whole, name) for name in names) if path.exists()]
    if not files:
        raise UsageError("there are no corrections beside the data; name some with --file")
    listed = [each for path in files for each in corrections.read_corrections(path)]
    meant = listed if file else corrections.about(whole, listed)
    made = corrections.apply(whole, meant, files[0])
    save_manifest(out, made, manifest)
    others = (
        f", {len(listed) - len(meant)} of pictures elsewhere" if len(meant) < len(listed) else ""
    )
    say(f"{len(meant)} corrections{others}, {len(whole.rows) - len(made.rows)} rows left out")
