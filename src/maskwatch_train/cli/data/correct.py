"""``maskwatch-train data correct``: right labels are recorded, and none is overwritten."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskwatch.errors import UsageError
from maskwatch_train.cli.data.options import (
    Folders,
    ManifestFile,
    beside,
    open_manifest,
)
from maskwatch_train.cli.say import say
from maskwatch_train.data import corrections
from maskwatch_train.data.manifest import Manifest, ManifestRow
from maskwatch_train.errors import DataError


def correct(
    manifest: ManifestFile,
    picture: Annotated[
        str, typer.Argument(help="Its path in the manifest, or a file of corrections to add.")
    ],
    to: Annotated[
        str | None, typer.Option(help="Right label, such as no_mask or nose_out; or drop.")
    ] = None,
    by: Annotated[str, typer.Option(help="Who says so.")] = "",
    why: Annotated[str, typer.Option(help="Why, in a few words.")] = "",
    face: Annotated[
        int | None, typer.Option(min=1, help="Which of its faces, where it has several.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help=f"Where to write; by default {corrections.FILE_NAME} beside the data."),
    ] = None,
    folder: Folders = None,
) -> None:
    """Record a correction, or those saved from an audit's page, beside the data."""
    whole = open_manifest(manifest, folder)
    if to is None:
        added = corrections.read_corrections(Path(picture))
        if not added:
            raise DataError(Path(picture), "no corrections in it")
    else:
        row = _row(manifest, whole, picture, face)
        at = file or beside(whole, row.source_set)
        labels = corrections.labels_after(whole, corrections.about(whole, _recorded(at)), at)
        was = labels[whole.rows.index(row)]
        added = (corrections.correct(row, to, by, why, was=was),)
    mine: dict[Path, list[corrections.Correction]] = {}
    for each in added:
        mine.setdefault(file or beside(whole, each.source_set), []).append(each)
    before = {at: _recorded(at) for at in mine}
    # Refuses what could not be applied later, before any of it is written.
    for at, new in mine.items():
        corrections.apply(whole, [*corrections.about(whole, before[at]), *new], at)
    for at, new in mine.items():
        corrections.record(at, new)
        say(f"{at}: {len(new)} added, {len(before[at]) + len(new)} in all")


def _recorded(path: Path) -> tuple[corrections.Correction, ...]:
    return corrections.read_corrections(path) if path.exists() else ()


def _row(path: Path, manifest: Manifest, picture: str, face: int | None) -> ManifestRow:
    """The row of a picture, which may be named with its set before it."""
    rows = [row for row in manifest.rows if picture in (row.path, f"{row.source_set}/{row.path}")]
    if not rows:
        raise DataError(path, f"no picture {picture!r} in it")
    if len({row.picture for row in rows}) > 1:
        raise UsageError(f"{picture!r} is in several sets; write SET/{picture}")
    if face is None and len(rows) > 1:
        told = ", ".join(f"{i}: {row.label} at {row.box}" for i, row in enumerate(rows, start=1))
        raise UsageError(f"{picture!r} has several faces, say which with --face ({told})")
    number = face or 1
    if number > len(rows):
        raise UsageError(f"--face {number}: {picture!r} has {len(rows)}")
    return rows[number - 1]
