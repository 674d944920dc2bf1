"""Options that several verbs share, and what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from maskwatch.errors import UsageError
from maskwatch_train.cli.say import say
from maskwatch_train.data import corrections
from maskwatch_train.data.grouping import summarise
from maskwatch_train.data.manifest import Manifest, is_set_name, read_manifest, write_manifest
from maskwatch_train.data.sets import PARTS

ManifestFile = Annotated[Path, typer.Argument(help="Manifest of the data (JSON Lines).")]
OutManifest = Annotated[Path, typer.Option("--out", help="Manifest to write.")]
Folders = Annotated[
    list[str] | None,
    typer.Option("--folder", help="NAME=DIR: where a set lies, if it was moved."),
]


def open_manifest(path: Path, folders: Sequence[str] | None = None) -> Manifest:
    """Reads a manifest, with its sets where the options say; raises DataError or UsageError."""
    return place_sets(read_manifest(path), folders)


def place_sets(manifest: Manifest, folders: Sequence[str] | None) -> Manifest:
    """The manifest with its sets where the options say.

    Raises:
        UsageError: an option is not ``NAME=DIR``, or names no set of the manifest.
    """
    sets = {row.source_set for row in manifest.rows}
    places = dict(manifest.folders)
    for option in folders or ():
        name, equals, place = option.partition("=")
        if not equals or name not in sets:
            raise UsageError(f"--folder {option!r}: expected NAME=DIR with one of {sorted(sets)}")
        places[name] = Path(place)
    return replace(manifest, folders=places)


def beside(manifest: Manifest, name: str) -> Path:
    """Where the corrections of a set lie; raises UsageError if nothing says where the set does."""
    if name not in manifest.folders:
        raise UsageError(f"nothing says where the set {name!r} lies: give --folder or --file")
    return manifest.folders[name] / corrections.FILE_NAME


def require_set_name(name: str) -> None:
    """Raises UsageError when a set cannot be called so."""
    if not is_set_name(name):
        raise UsageError(f"--name {name!r}: a set's name is one word without a slash")


def require_split(split: str) -> None:
    """Raises UsageError unless it is a side of a split, or all of them."""
    if split not in PARTS:
        raise UsageError(f"--split {split!r}: expected one of {', '.join(PARTS)}")


def save_manifest(path: Path, manifest: Manifest, *inputs: Path) -> None:
    """Writes a manifest and says what is in it.

    Raises:
        UsageError: it would overwrite a manifest that it was made from.
    """
    refuse_overwriting(path, *inputs)
    write_manifest(path, manifest)
    show(manifest)
    say(f"{path}: {len(manifest.rows)} rows, sha256 {manifest.sha256}")


def refuse_overwriting(path: Path, *inputs: Path) -> None:
    """Raises UsageError when a result would overwrite what it is made from."""
    if any(path.resolve() == each.resolve() for each in inputs):
        raise UsageError(f"--out {path}: would overwrite what it is made from")


def show(manifest: Manifest) -> None:
    """Prints how many labels of each kind there are."""
    for (name, split), counts in sorted(summarise(manifest).items()):
        told = ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()))
        say(f"{name} {split or 'without a split'}: {told}")
