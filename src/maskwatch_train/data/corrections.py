"""Corrections of labels, in a file beside the data: who said what, about which face, and why.

A JSON Lines file that only grows. The data set and its own labels are never written to: a manifest
is made anew with the corrections applied.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from maskwatch.errors import UsageError
from maskwatch.outputs.files import make_folder, write_whole
from maskwatch.types import Box
from maskwatch_train.data.manifest import Manifest, ManifestRow
from maskwatch_train.data.vocabulary import parse_label
from maskwatch_train.errors import DataError, reading

FILE_NAME = "corrections.jsonl"
"""In the folder of a data set."""
DROP = "drop"
"""In the place of a label: the face is to be left out."""
_AGAIN = "; if this manifest came from data apply, give the one that it was made from"
"""Corrections are all carried out on the labels that the data came with."""


@dataclass(frozen=True, slots=True)
class Correction:
    """One label of one face, corrected by somebody."""

    source_set: str
    path: str
    sha256: str
    """Of the picture, so that a correction never lands on another one of the same name."""
    box: Box | None
    was: str
    """The label as text, such as ``incorrect:nose_out``, or ``drop`` where it was left out."""
    now: str
    """The label that it should have, or ``drop``."""
    by: str
    why: str

    def to_json(self) -> str:
        """One line of the file."""
        values = {
            "set": self.source_set,
            "path": self.path,
            "sha256": self.sha256,
            "box": self.box,
            "was": self.was,
            "now": self.now,
            "by": self.by,
            "why": self.why,
        }
        return json.dumps(values, ensure_ascii=False)


def correct(row: ManifestRow, now: str, by: str, why: str, *, was: str | None = None) -> Correction:
    """The correction of a row.

    Args:
        row: as the data came.
        now: a label, or ``drop``.
        by: who vouches for it.
        why: in a few words.
        was: what corrections made of the row before (see `labels_after`), if there are any.

    Raises:
        UsageError: ``now`` is neither a label nor ``drop``, it is what the face is already,
            nobody vouches for it, or what is said is not UTF-8 text.
    """
    told = DROP if now == DROP else str(parse_label(now))
    was = was or row.label_text
    if told == was:
        raise UsageError(f"{row.path} {_is(was)} already")
    if not by.strip():
        raise UsageError("a correction needs somebody who vouches for it: --by NAME")
    try:
        f"{by}{why}".encode()
    except UnicodeEncodeError as error:  # from a command line in another encoding
        raise UsageError("--by and --why: not UTF-8 text") from error
    return Correction(row.source_set, row.path, row.sha256, row.box, was, told, by, why)


def read_corrections(path: Path) -> tuple[Correction, ...]:
    """Reads a file of corrections, in the order in which they were made.

    Raises:
        DataError: the file is missing, or a line is not a correction; the line is named.
    """
    try:
        with reading(path):
            # Not `splitlines`: JSON leaves some of what that takes for line ends as it is.
            lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise DataError(path, "not UTF-8 text") from error
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found.append(_correction(json.loads(line)))
        except (ValueError, KeyError, TypeError, UsageError) as error:
            raise DataError(path, f"line {number} is not a correction: {error}") from error
    return tuple(found)


def record(path: Path, corrections: Sequence[Correction]) -> None:
    """Adds corrections to a file; what was there stays as it was.

    Raises:
        DataError: what is there is not a file of corrections.
        OutputError: it cannot be written; what was there is still there.
    """
    before = b""
    if path.exists():
        read_corrections(path)
        before = path.read_bytes()
        if before and not before.endswith(b"\n"):
            before += b"\n"
    make_folder(path.parent)
    added = "".join(f"{each.to_json()}\n" for each in corrections).encode()
    write_whole(path, before + added)


def about(manifest: Manifest, corrections: Iterable[Correction]) -> tuple[Correction, ...]:
    """Those of pictures that the manifest holds. The file beside a folder may be of several."""
    held = {(row.source_set, row.sha256) for row in manifest.rows}
    return tuple(each for each in corrections if (each.source_set, each.sha256) in held)


def apply(manifest: Manifest, corrections: Sequence[Correction], path: Path) -> Manifest:
    """The manifest with corrections carried out, each on what the ones before it left.

    Copies of one file that have the label that a correction replaces are corrected with it.

    Args:
        manifest: its rows keep their order, boxes, groups and splits.
        corrections: in the order in which they were made.
        path: where they are written, for messages.

    Raises:
        DataError: a correction names a face that the manifest does not hold, or says that it was
            something else than it is.
    """
    labels = labels_after(manifest, corrections, path)
    labelled = zip(manifest.rows, labels, strict=True)
    kept = tuple(_labelled(row, label) for row, label in labelled if label != DROP)
    text = "".join(f"{each.to_json()}\n" for each in corrections)
    how = {"count": len(corrections), "sha256": hashlib.sha256(text.encode()).hexdigest()}
    return Manifest(kept, manifest.folders, {**manifest.notes, "corrections": how})


def labels_after(
    manifest: Manifest, corrections: Sequence[Correction], path: Path
) -> tuple[str, ...]:
    """What each row is labelled after corrections, as text; ``drop`` where it is left out.

    Args and raises as `apply`.
    """
    faces: dict[tuple[str, str, Box | None], list[_Face]] = {}
    in_order = []
    for row in manifest.rows:
        face = _Face(row.path, row.label_text)
        faces.setdefault((row.source_set, row.sha256, row.box), []).append(face)
        in_order.append(face)
    for each in corrections:
        _carry_out(each, faces.get((each.source_set, each.sha256, each.box), ()), path)
    return tuple(face.label for face in in_order)


@dataclass(slots=True)
class _Face:
    """The label of a row on its way through the corrections."""

    path: str
    label: str


def _carry_out(correction: Correction, copies: Sequence[_Face], path: Path) -> None:
    """Corrects the face that is named and the copies of it that fit; raises DataError."""
    # A picture that was renamed since is known by its checksum alone.
    labels = [face.label for face in copies if face.path == correction.path]
    labels = labels or [face.label for face in copies]
    if not labels:
        raise DataError(path, f"{correction.path}: no such face in the manifest{_AGAIN}")
    if correction.was not in labels:
        again = _AGAIN if correction.now in labels else ""
        raise DataError(
            path,
            f"{correction.path}: says that it {_was(correction.was)}, it {_is(labels[0])}{again}",
        )
    for face in copies:
        if face.label == correction.was:
            face.label = correction.now


def _is(label: str) -> str:
    return "is left out" if label == DROP else f"is {label}"


def _was(label: str) -> str:
    return "was left out" if label == DROP else f"was {label}"


def _labelled(row: ManifestRow, label: str) -> ManifestRow:
    if label == row.label_text:
        return row
    state, fault = parse_label(label)
    return replace(row, label=state, fault=fault)


def _correction(values: dict[str, Any]) -> Correction:
    now = str(values["now"])
    if now != DROP:
        parse_label(now)
    return Correction(
        source_set=str(values["set"]),
        path=str(values["path"]),
        sha256=str(values["sha256"]),
        box=None if values["box"] is None else Box(*(float(v) for v in values["box"])),
        was=str(values["was"]),
        now=now,
        by=str(values["by"]),
        why=str(values["why"]),
    )
