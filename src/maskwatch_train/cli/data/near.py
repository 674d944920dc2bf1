"""Near-duplicates among pictures, as ``group`` and ``check`` look for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from maskwatch_train.cli.data.progress import in_threads
from maskwatch_train.data import grouping
from maskwatch_train.data.manifest import Manifest, ManifestRow
from maskwatch_train.data.neardup import Fingerprint, Likeness, fingerprint
from maskwatch_train.pictures import read_picture

DEFAULT = Likeness()
Distance = Annotated[
    int, typer.Option(min=0, max=32, help="Bits of 64 in which the hashes of copies may differ.")
]
Colour = Annotated[
    float, typer.Option(min=-1, max=1, help="Least correlation of the thumbnails of copies.")
]


def pairs_of(manifest: Manifest, likeness: Likeness) -> Iterator[grouping.NearPair]:
    """Pairs of pictures that are near-duplicates, over all sets."""
    pictures = grouping.pictures_of(manifest.rows)

    def print_of(row: ManifestRow) -> Fingerprint:
        return fingerprint(read_picture(manifest.path_of(row)))

    prints = in_threads(print_of, pictures, "Hashing pictures")
    by_picture = {row.picture: each for row, each in zip(pictures, prints, strict=True)}
    return grouping.near_pairs(pictures, by_picture, likeness)
