"""``maskwatch-train data audit``: likely wrong labels, as a page to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from maskwatch.outputs.files import write_whole
from maskwatch_train.cli.data.options import Folders, ManifestFile, open_manifest, require_split
from maskwatch_train.cli.data.progress import advancing, in_threads
from maskwatch_train.cli.extra import needing_extra
from maskwatch_train.cli.say import say
from maskwatch_train.data.whole_folder import whole_folder

BATCH = 64
"""Faces that the backbone sees at a time."""


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
        from maskwatch_train.data.audit import face_crop, question_of, run_audit
        from maskwatch_train.data.features import imagenet_features
        from maskwatch_train.data.gallery import gallery

    require_split(split)
    extract = imagenet_features(backbone, weights)
    whole = open_manifest(manifest, folder)
    question = question_of(manifest, whole, split, min_face, folds)
    with whole_folder(out) as part:
        crops = in_threads(lambda row: face_crop(whole, row), question.rows, "Reading faces")
        starts = range(0, len(crops), BATCH)
        batches = (extract(crops[i : i + BATCH]) for i in starts)
        features = np.concatenate(list(advancing(batches, "Looking at faces", len(starts))))
        done = run_audit(question, features, folds, seed)
        summary, shown = done.summary(backbone, most), done.suspects[:most]
        face_of = {id(row): crop for row, crop in zip(question.rows, crops, strict=True)}
        faces = [face_of[id(suspect.row)] for suspect in shown]
        page = gallery(f"Labels of {manifest.name}", summary, shown, faces)
        write_whole(part / "gallery.html", page.encode())
        lines = "".join(f"{suspect.to_json()}\n" for suspect in done.suspects)
        write_whole(part / "suspects.jsonl", lines.encode())
    if question.rare:
        say(f"too rare to audit: {', '.join(map(str, question.rare))}")
    say(summary)
    say(f"look at {out / 'gallery.html'}")
