"""``maskwatch-train data group``: near-duplicates become groups that no split parts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskwatch_train.cli.data.near import DEFAULT, Colour, Distance, pairs_of
from maskwatch_train.cli.data.options import Folders, OutManifest, place_sets, save_manifest
from maskwatch_train.cli.say import say
from maskwatch_train.data import grouping
from maskwatch_train.data.manifest import read_manifest
from maskwatch_train.data.neardup import Likeness

Manifests = Annotated[list[Path], typer.Argument(help="Manifests; several become one.")]


def group(
    manifests: Manifests,
    out: OutManifest,
    distance: Distance = DEFAULT.distance,
    colour: Colour = DEFAULT.colour,
    drop_split: Annotated[
        bool, typer.Option("--drop-split", help="Forget the split that the data came with.")
    ] = False,
    folder: Folders = None,
) -> None:
    """Group near-duplicates by perceptual hash, mirrored ones too, across all sets."""
    listed = [(path, read_manifest(path)) for path in manifests]
    whole = place_sets(grouping.merge(listed), folder)
    if drop_split:
        whole = grouping.drop_split(whole)
    likeness = Likeness(distance, colour)
    grouped = grouping.group(whole, pairs_of(whole, likeness), likeness)
    save_manifest(out, grouped, *manifests)
    pairs, mirrored = (grouped.notes[grouping.NOTE][key] for key in ("pairs", "mirrored"))
    before, after = (len({row.global_group for row in each.rows}) for each in (whole, grouped))
    say(f"{pairs} near-duplicate pairs ({mirrored} mirrored); {before} groups became {after}")
