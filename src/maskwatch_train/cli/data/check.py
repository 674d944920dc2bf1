"""``maskwatch-train data check``: pictures are those of the manifest, and nothing leaks."""

from __future__ import annotations

from typing import Annotated

import typer

from maskwatch_train.checksum import checksum
from maskwatch_train.cli.data.near import DEFAULT, Colour, Distance, pairs_of
from maskwatch_train.cli.data.options import Folders, ManifestFile, open_manifest, show
from maskwatch_train.cli.data.progress import in_threads
from maskwatch_train.cli.say import say
from maskwatch_train.data import grouping
from maskwatch_train.data.manifest import ManifestRow
from maskwatch_train.data.neardup import Likeness
from maskwatch_train.errors import DataError


def check(
    manifest: ManifestFile,
    near: Annotated[
        bool, typer.Option("--near", help="Also look for near-duplicates across the split.")
    ] = False,
    distance: Distance = DEFAULT.distance,
    colour: Colour = DEFAULT.colour,
    folder: Folders = None,
) -> None:
    """Check that pictures are those of the manifest and that nothing leaks across its split."""
    whole = open_manifest(manifest, folder)
    pictures = grouping.pictures_of(whole.rows)

    def is_same(row: ManifestRow) -> bool:
        return checksum(whole.path_of(row)) == row.sha256

    same = in_threads(is_same, pictures, "Comparing checksums")
    changed = [row for row, unchanged in zip(pictures, same, strict=True) if not unchanged]
    if changed:
        more = f", nor are {len(changed) - 1} others" if len(changed) > 1 else ""
        raise DataError(whole.path_of(changed[0]), f"not the picture that the manifest names{more}")
    show(whole)
    for pair in grouping.unlike_copies(whole.rows):
        told = ", ".join(f"{row.source_set}/{row.path} is {row.label_text}" for row in pair)
        say(f"copies with different labels: {told}")
    if near:
        likeness = Likeness(distance, colour)
        leaks = grouping.Leaks()
        for found in pairs_of(whole, likeness):
            leaks.see(found)
        if leaks.count:
            raise DataError(manifest, grouping.leak_message(leaks, len(leaks.groups)))
    elif grouping.NOTE not in whole.notes:
        say("near-duplicates were never searched for in it: see --near, and data group")
    say(f"{manifest}: {len(pictures)} pictures as listed, no leakage found")
