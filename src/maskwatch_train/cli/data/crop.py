"""``maskwatch-train data crop``: the faces of a data set as pictures of their own."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from maskwatch.build.models import DETECTORS, BuildOptions, build_detector
from maskwatch.errors import UsageError
from maskwatch_train.cli.data.options import Folders, ManifestFile, open_manifest, show
from maskwatch_train.cli.data.progress import advancing
from maskwatch_train.cli.say import say
from maskwatch_train.data.crops import MISSING, Cropped, CropSettings, by_picture, crop_picture
from maskwatch_train.data.manifest import Manifest, write_manifest
from maskwatch_train.data.whole_folder import whole_folder
from maskwatch_train.errors import DataError

LABELLED_BOXES = "none"
DEFAULT = CropSettings()


def crop(
    manifest: ManifestFile,
    out: Annotated[Path, typer.Option("--out", help="New folder for crops and manifest.")],
    detector: Annotated[
        str,
        typer.Option(help=f"{', '.join(DETECTORS)}; {LABELLED_BOXES} crops the labelled boxes."),
    ] = "yunet",
    detector_model: Annotated[
        Path | None, typer.Option(help="Folder of the detector's model, where it needs one.")
    ] = None,
    size: Annotated[int, typer.Option(min=16, help="Side of a crop in pixels.")] = DEFAULT.size,
    margin: Annotated[
        float, typer.Option(min=0, max=2, help="Added on each side, in longer sides of the face.")
    ] = DEFAULT.margin,
    missing: Annotated[
        str, typer.Option(help=f"What to do without a face: {', '.join(MISSING)}.")
    ] = DEFAULT.missing,
    min_face: Annotated[
        float, typer.Option(min=0, help="Detections smaller than this do not count.")
    ] = DEFAULT.min_side,
    folder: Folders = None,
) -> None:
    """Crop the labelled faces with the default detector, SSD-ResNet10 or MTCNN."""
    if missing not in MISSING:
        raise UsageError(f"--missing {missing!r}: expected one of {', '.join(MISSING)}")
    whole = open_manifest(manifest, folder)
    settings = CropSettings(size, margin, missing, min_face)
    detect = None
    if detector != LABELLED_BOXES:
        options = BuildOptions(detector=detector, detector_folder=detector_model)
        detect = build_detector(options).detect
    pictures = by_picture(whole.rows)
    with whole_folder(out) as part:
        done: list[Cropped] = []
        for rows in advancing(pictures, "Cropping", len(pictures)):
            done += crop_picture(whole, rows, detect, part, settings)
        kept = tuple(each.row for each in done if each.row is not None)
        if not kept:
            raise DataError(manifest, f"{detector} finds no labelled face in any picture")
        places = {row.source_set: part / row.source_set for row in kept}
        how = {"detector": detector, **asdict(settings)}
        made = Manifest(kept, places, {**whole.notes, "crops": how})
        write_manifest(part / "manifest.jsonl", made)
    show(made)
    tally = Counter(each.was_found for each in done)
    say(f"{out}: {len(kept)} crops; without a detection: {tally[False]} of {len(done)} labels")
