"""``maskwatch-train manifest``: what exactly the data sets hold, with checksums."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskwatch_train.cli.options import DataFolder
from maskwatch_train.cli.say import say
from maskwatch_train.data import bala, street
from maskwatch_train.data.manifest import (
    Manifest,
    rows_of_images,
    rows_of_pictures,
    write_manifest,
)

OutFile = Annotated[Path, typer.Option("--out", help="JSON Lines file to write.")]


def manifest(data: DataFolder, out: OutFile) -> None:
    """List every picture and label with its checksum; model cards cite the checksum of the list."""
    boxes = rows_of_images(
        street.read_street(data / street.NAME), data / street.NAME, street.NAME, street.LICENCE
    )
    portraits = rows_of_pictures(
        bala.read_bala(data / bala.NAME, protocol="80_20"),
        data / bala.NAME,
        bala.NAME,
        bala.LICENCE,
    )
    listed = Manifest(boxes + portraits)
    write_manifest(out, listed)
    say(f"{len(listed.rows)} labels, sha256 {listed.sha256}")
