"""``maskwatch-train synthesize``: masks and hard negatives drawn on the faces of a data set."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from maskwatch.cores import cores
from maskwatch.errors import UsageError
from maskwatch.frames.images import read_image
from maskwatch.outputs.images import write_picture
from maskwatch_train.cli.data.options import (
    Folders,
    ManifestFile,
    open_manifest,
    require_set_name,
    require_split,
    show,
)
from maskwatch_train.cli.data.progress import advancing
from maskwatch_train.cli.say import say
from maskwatch_train.data.manifest import Manifest, ManifestRow, write_manifest
from maskwatch_train.data.whole_folder import whole_folder
from maskwatch_train.errors import DataError
from maskwatch_train.synthesis.batch import Job, Outcome, by_content, draw
from maskwatch_train.synthesis.drawers import DRAWERS, SETS
from maskwatch_train.synthesis.sheets import captioned_sheet

SHEET = "contact-sheet.jpg"
CELL_PX = 128


def synthesize(
    manifest: ManifestFile,
    out: Annotated[Path, typer.Option("--out", help="New folder for pictures and manifest.")],
    kinds: Annotated[
        str,
        typer.Option(help=f"Commas between: {', '.join([*SETS, *DRAWERS])}."),
    ] = "worn,negatives",
    split: Annotated[
        str, typer.Option(help="Side of the split to draw on; 'all' where there is none.")
    ] = "train",
    per_face: Annotated[int, typer.Option(min=1, help="Drawings of each face, at most.")] = 1,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Faces to draw on, at most; chosen by the seed.")
    ] = None,
    min_face: Annotated[
        float, typer.Option(min=8, help="Faces smaller than this, in pixels, are left alone.")
    ] = 40.0,
    seed: Annotated[int, typer.Option(min=0, help="The same gives the same pictures.")] = 0,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Processes; by default one per core.")
    ] = None,
    sheet_columns: Annotated[
        # A JPEG of more columns would be too wide.
        int,
        typer.Option(min=1, max=500, help="Pictures of each kind on the contact sheet."),
    ] = 10,
    name: Annotated[str, typer.Option(help="Name of the set that is made.")] = "synthetic",
    folder: Folders = None,
) -> None:
    """Draw masks, things that are no mask, and other colours on labelled faces."""
    chosen = _chosen(kinds)
    require_set_name(name)
    whole = open_manifest(manifest, folder)
    rows = _rows(manifest, whole, chosen, split, limit, seed)
    with whole_folder(out) as part:
        work = [
            Job(whole.path_of(each[0]), tuple(each), chosen, per_face, seed, name, part, min_face)
            for each in by_content(rows)
        ]
        done = _in_processes(work, min(jobs or cores(), len(work)))
        drawn = tuple(row for outcome in done for row in outcome.rows)
        if not drawn:
            raise DataError(manifest, "no face in it on which any of the kinds can be drawn")
        how = {"kinds": list(chosen), "per_face": per_face, "seed": seed, "from": whole.sha256}
        made = Manifest(drawn, {name: part}, {"synthesis": how})
        write_manifest(part / "manifest.jsonl", made)
        _write_sheet(part, drawn, chosen, sheet_columns, seed)
    show(made)
    unseen, undrawn = (sum(o.without_landmarks for o in done), sum(o.without_drawing for o in done))
    say(f"left alone: {unseen} faces not found or too small, {undrawn} on which nothing fits")
    tally = Counter(row.path.partition("/")[0] for row in drawn)
    say(", ".join(f"{kind} {count}" for kind, count in sorted(tally.items())))
    say(f"{out}: {len(drawn)} pictures, sha256 {made.sha256}; look at {out / SHEET}")


def _chosen(kinds: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for word in (word.strip() for word in kinds.split(",")):
        if word not in SETS and word not in DRAWERS:
            raise UsageError(
                f"nothing called {word!r} can be drawn; there are {', '.join(DRAWERS)}"
            )
        found |= dict.fromkeys(SETS.get(word, (word,)))
    return tuple(found)


def _rows(
    path: Path, whole: Manifest, kinds: Sequence[str], split: str, limit: int | None, seed: int
) -> list[ManifestRow]:
    """The labels to draw on, in the order of the manifest."""
    require_split(split)
    needed = {DRAWERS[kind].needs for kind in kinds}
    rows = [row for row in whole.rows if row.label in needed and split in (row.split, "all")]
    if not rows:
        wanted = " or ".join(sorted(needed))
        raise DataError(path, f"no faces labelled {wanted} in its split {split!r}; see --split")
    if limit is not None and limit < len(rows):
        kept = np.random.default_rng(seed).choice(len(rows), limit, replace=False)
        rows = [rows[int(i)] for i in sorted(kept)]
    return rows


def _in_processes(work: Sequence[Job], processes: int) -> list[Outcome]:
    """Outcomes in the order of the jobs.

    Started afresh, because a copy of a process with running threads may hang.
    """
    if processes == 1:
        return list(advancing(map(draw, work), "Drawing", len(work)))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=_end_with_the_parent) as pool:
        drawn = [pool.submit(draw, job) for job in work]
        try:
            return list(advancing((each.result() for each in drawn), "Drawing", len(work)))
        except BrokenProcessPool as error:
            raise DataError(work[0].folder, "a drawing process ended unexpectedly") from error
        finally:
            # Whoever stops the program does not wait for what nobody will see.
            for child in multiprocessing.active_children():
                child.kill()


def _end_with_the_parent() -> None:
    """Has a drawing process end when the program does, and by nothing that a terminal sends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_wait_for_the_parent, daemon=True).start()


def _wait_for_the_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
    os._exit(1)


def _write_sheet(
    folder: Path, rows: Sequence[ManifestRow], kinds: Sequence[str], columns: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    by_kind: dict[str, list[ManifestRow]] = {kind: [] for kind in kinds}
    for row in rows:
        by_kind[row.path.partition("/")[0]].append(row)
    pictures = {}
    for kind, members in by_kind.items():
        shown = rng.permutation(len(members))[:columns]
        images = [read_image(folder / members[int(i)].path) for i in shown]
        pictures[f"{kind}: {len(members)}"] = images
    write_picture(folder / SHEET, captioned_sheet(pictures, columns, CELL_PX))
