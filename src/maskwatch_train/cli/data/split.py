"""``maskwatch-train data split``: an honest split of a manifest."""

from __future__ import annotations

from typing import Annotated

import typer

from maskwatch_train.cli.data.options import (
    ManifestFile,
    OutManifest,
    open_manifest,
    save_manifest,
)
from maskwatch_train.data import splits


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
