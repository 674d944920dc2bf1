"""``maskwatch-train data import``: labelled pictures of any usual layout become a manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskwatch.errors import UsageError
from maskwatch_train.cli.data.options import OutManifest, require_set_name, save_manifest
from maskwatch_train.cli.data.progress import in_threads
from maskwatch_train.cli.say import say
from maskwatch_train.data.formats.raw import Problem, RawPicture
from maskwatch_train.data.importing import (
    FORMATS,
    folder_of,
    gather,
    import_picture,
    read_raw,
    refuse,
)
from maskwatch_train.data.manifest import Manifest, ManifestRow, check_leakage
from maskwatch_train.data.vocabulary import parse_vocabulary
from maskwatch_train.errors import DataError

Layout = Annotated[str, typer.Argument(metavar="FORMAT", help=f"One of {', '.join(FORMATS)}.")]
Source = Annotated[
    Path, typer.Argument(help="Folder of the set, or its CSV, JSON or YAML file.", exists=True)
]
Licence = Annotated[
    str, typer.Option(help="Licence of the pictures; every row keeps it. Say 'unknown' if it is.")
]
Name = Annotated[str | None, typer.Option(help="Name of the set; by default its folder's.")]
Labels = Annotated[
    list[str] | None,
    typer.Option("--label", help="WORD=LABEL: what a word of the set means; LABEL may be skip."),
]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Leave out what cannot be used, instead of refusing.")
]
DropSplit = Annotated[
    bool, typer.Option("--drop-split", help="Forget the split that the set came with.")
]


def import_set(
    layout: Layout,
    source: Source,
    out: OutManifest,
    licence: Licence,
    name: Name = None,
    label: Labels = None,
    skip_bad: SkipBad = False,
    drop_split: DropSplit = False,
) -> None:
    """Import labelled pictures; every one is decoded, and nothing of the set is changed."""
    if layout not in FORMATS:
        raise UsageError(f"no format is called {layout!r}; there are {', '.join(FORMATS)}")
    vocabulary = parse_vocabulary(label or ())
    pictures, told = read_raw(source, layout, vocabulary, drop_split=drop_split)
    folder = folder_of(source, pictures)
    called = name or folder.resolve().name
    require_set_name(called)

    def rows_of(picture: RawPicture) -> list[ManifestRow] | Problem:
        return import_picture(picture, folder, called, licence, vocabulary)

    found = gather(source, in_threads(rows_of, pictures, "Reading pictures"), told)
    if not skip_bad:
        refuse(source, found.problems)
    made = Manifest(found.rows, {called: folder})
    _refuse_leaks(source, made)
    save_manifest(out, made)
    for problem in found.problems:
        say(f"left out: {problem}")


def _refuse_leaks(source: Path, made: Manifest) -> None:
    """Raises DataError, with a way out, when the split that the set came with leaks."""
    try:
        check_leakage(source, made.rows)
    except DataError as error:
        raise DataError(
            source,
            f"its split leaks: {error.reason}\nmake a new one (--drop-split, then data group and "
            "data split)",
        ) from error
