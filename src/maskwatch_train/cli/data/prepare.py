"""``maskwatch-train data group``, ``split`` and ``check``: honest splits of a manifest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from maskwatch_train.cli.data.options import (
    Folders,
    ManifestFile,
    OutManifest,
    open_manifest,
    place_sets,
    save_manifest,
    show,
)
from maskwatch_train.cli.data.progress import in_threads
from maskwatch_train.cli.say import say
from maskwatch_train.data import grouping, splits
from maskwatch_train.data.manifest import Manifest, ManifestRow, checksum, read_manifest
from maskwatch_train.data.neardup import Fingerprint, Likeness, fingerprint
from maskwatch_train.errors import DataError
from maskwatch_train.pictures import read_picture

DEFAULT = Likeness()
Manifests = Annotated[list[Path], typer.Argument(help="Manifests; several become one.")]
Distance = Annotated[
    int, typer.Option(min=0, max=32, help="Bits of 64 in which the hashes of copies may differ.")
]
Colour = Annotated[
    float, typer.Option(min=-1, max=1, help="Least correlation of the thumbnails of copies.")
]


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
    grouped = grouping.group(whole, _near_pairs(whole, likeness), likeness)
    save_manifest(out, grouped, *manifests)
    pairs, mirrored = (grouped.notes[grouping.NOTE][key] for key in ("pairs", "mirrored"))
    before, after = (len({row.global_group for row in each.rows}) for each in (whole, grouped))
    say(f"{pairs} near-duplicate pairs ({mirrored} mirrored); {before} groups became {after}")


def split(
    manifest: ManifestFile,
    out: OutManifest,
    shares: Annotated[str, typer.Option(help="Percent: TRAIN/TEST or TRAIN/TEST/VAL.")] = "80/20",
    seed: Annotated[int, typer.Option(min=0, help="The same gives the same split.")] = 0,
    ungrouped: Annotated[
        bool,
        typer.Option("--ungrouped", help="As published: without a search for near-duplicates."),
    ] = False,
) -> None:
    """Split by group and stratified by label."""
    whole = open_manifest(manifest)
    made = splits.split(manifest, whole, splits.parse_shares(shares), seed, ungrouped=ungrouped)
    save_manifest(out, made, manifest)


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
        for found in _near_pairs(whole, likeness):
            leaks.see(found)
        if leaks.count:
            raise DataError(manifest, grouping.leak_message(leaks, len(leaks.groups)))
    elif grouping.NOTE not in whole.notes:
        say("near-duplicates were never searched for in it: see --near, and data group")
    say(f"{manifest}: {len(pictures)} pictures as listed, no leakage found")


def _near_pairs(manifest: Manifest, likeness: Likeness) -> Iterator[grouping.NearPair]:
    pictures = grouping.pictures_of(manifest.rows)

    def print_of(row: ManifestRow) -> Fingerprint:
        return fingerprint(read_picture(manifest.path_of(row)))

    prints = in_threads(print_of, pictures, "Hashing pictures")
    by_picture = {row.picture: each for row, each in zip(pictures, prints, strict=True)}
    return grouping.near_pairs(pictures, by_picture, likeness)
