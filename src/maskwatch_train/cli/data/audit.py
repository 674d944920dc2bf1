"""``maskwatch-train data audit``: likely wrong labels, as a page to look at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from maskwatch.masks.preprocess import crop_face
from maskwatch.outputs.files import write_whole
from maskwatch.types import Image, State
from maskwatch_train.cli.data.options import Folders, ManifestFile, open_manifest, require_split
from maskwatch_train.cli.data.progress import advancing, in_threads
from maskwatch_train.cli.extra import needing_extra
from maskwatch_train.cli.say import say
from maskwatch_train.data.manifest import Manifest, ManifestRow
from maskwatch_train.data.whole_folder import whole_folder
from maskwatch_train.errors import DataError
from maskwatch_train.pictures import read_picture, whole_of

CROP_PX = 128
MARGIN = 0.2
BATCH = 64


def audit(
    manifest: ManifestFile,
    out: Annotated[Path, typer.Option("--out", help="New folder for the page and the list.")],
    split: Annotated[str, typer.Option(help="Side of the split to audit, or 'all'.")] = "all",
    backbone: Annotated[
        str, typer.Option(help="ImageNet backbone that looks at the faces.")
    ] = "efficientnet-lite0",
    weights: Annotated[
        Path, typer.Option("--weights", help="Folder with third-party weights, if it needs one.")
    ] = Path(),
    folds: Annotated[int, typer.Option(min=2, help="Parts of the cross-validation.")] = 5,
    min_face: Annotated[
        float, typer.Option(min=0, help="Faces smaller than this, in pixels, are left out.")
    ] = 24.0,
    most: Annotated[int, typer.Option(min=1, help="Suspects on the page, at most.")] = 400,
    seed: Annotated[int, typer.Option(min=0, help="The same gives the same folds.")] = 0,
    folder: Folders = None,
) -> None:
    """Find labels that are likely wrong by confident learning, and show them."""
    # The other verbs of data do without the extra.
    with needing_extra("data audit"):
        from maskwatch_train.data.audit import (
            find_suspects,
            frequent_labels,
            label_of,
            out_of_sample,
        )
        from maskwatch_train.data.features import imagenet_features
        from maskwatch_train.data.gallery import gallery

    require_split(split)
    extract = imagenet_features(backbone, weights)
    whole = open_manifest(manifest, folder)
    rows = [row for row in whole.rows if _is_asked(row, split, min_face)]
    labels, rare = frequent_labels(rows, folds)
    if len(labels) < 2:
        raise DataError(manifest, f"an audit needs two labels, each in {folds} groups or more")
    rows = [row for row in rows if label_of(row) in labels]
    with whole_folder(out) as part:
        crops = in_threads(lambda row: _crop(whole, row), rows, "Reading faces")
        starts = range(0, len(crops), BATCH)
        batches = (extract(crops[i : i + BATCH]) for i in starts)
        features = np.concatenate(list(advancing(batches, "Looking at faces", len(starts))))
        given = np.array([labels.index(label_of(row)) for row in rows])
        groups = [row.global_group for row in rows]
        probabilities = out_of_sample(features, given, groups, folds, seed)
        suspects = find_suspects(rows, labels, probabilities)
        accuracy = float((probabilities.argmax(axis=1) == given).mean())
        summary = (
            f"{len(suspects)} of {len(rows)} labels are suspects, "
            f"{sum(each.is_confident for each in suspects)} of them by confident learning too"
            f"{f'; the first {most} are shown' if len(suspects) > most else ''}. The judge, a "
            f"linear classifier on {backbone} features, agrees with {accuracy:.1%} of the labels. "
            "A suspect is not a mistake: look at it."
        )
        face_of = {id(row): crop for row, crop in zip(rows, crops, strict=True)}
        shown = suspects[:most]
        page = gallery(
            f"Labels of {manifest.name}", summary, shown, [face_of[id(s.row)] for s in shown]
        )
        write_whole(part / "gallery.html", page.encode())
        lines = [
            json.dumps(
                {
                    **json.loads(each.row.to_json()),
                    "given": str(each.given),
                    "suggested": str(each.suggested),
                    "p_given": round(each.p_given, 5),
                    "p_suggested": round(each.p_suggested, 5),
                    "is_confident": each.is_confident,
                }
            )
            for each in suspects
        ]
        write_whole(part / "suspects.jsonl", "".join(f"{line}\n" for line in lines).encode())
    if rare:
        say(f"too rare to audit: {', '.join(map(str, rare))}")
    say(summary)
    say(f"look at {out / 'gallery.html'}")


def _is_asked(row: ManifestRow, split: str, min_face: float) -> bool:
    return (
        row.label not in (None, State.UNKNOWN)
        and split in (row.split, "all")
        and (row.box is None or row.box.side >= min_face)
    )


def _crop(manifest: Manifest, row: ManifestRow) -> Image:
    image = read_picture(manifest.path_of(row))
    if row.box is not None:
        return crop_face(image, row.box, MARGIN, CROP_PX)
    return crop_face(image, whole_of(image), 0.0, CROP_PX)
