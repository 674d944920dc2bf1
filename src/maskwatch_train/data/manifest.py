"""The manifest: every picture and label that a model was trained or tested on, with checksums.

A JSON Lines file. The first line names the format and holds the checksum of all lines below it,
which is what a model card cites; then comes one line per face, or per picture where the label is
the whole picture's or where it shows no face. The first line also says where the sets lie, seen
from the manifest, and how the rows came about; neither is part of the checksum.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from maskwatch.outputs.files import make_folder, write_whole
from maskwatch.types import Box, Fault, State
from maskwatch_train.checksum import checksum
from maskwatch_train.data.labelled import (
    LabelledImage,
    LabelledPicture,
    check_groups,
    check_no_copies,
    check_split,
)
from maskwatch_train.data.vocabulary import Label
from maskwatch_train.errors import DataError, reading

FORMAT = 1
UNSPLIT = ""
"""The split of a row that has not been given one yet."""


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One label of one picture."""

    source_set: str
    path: str
    """Relative to the folder of its set, with forward slashes."""
    sha256: str
    """Of the picture's file."""
    box: Box | None
    """Pixels of the picture; None when the label is the whole picture's."""
    label: State | None
    """None for a picture without a face."""
    fault: Fault | None
    group: str
    """Near-duplicates share a group. With a slash (``bala/7``) it spans sets; without, it is the
    set's own."""
    split: str
    """``train``, ``val`` or ``test``; empty before there is a split."""
    licence: str

    @property
    def global_group(self) -> str:
        """The group with its set, the same for all rows that must not be separated."""
        return global_group(self.source_set, self.group)

    @property
    def picture(self) -> tuple[str, str]:
        """Set and path: which file the row is about."""
        return self.source_set, self.path

    @property
    def label_text(self) -> str:
        """The label as text, such as ``incorrect:nose_out``; ``none`` without a face."""
        return "none" if self.label is None else str(Label(self.label, self.fault))

    def to_json(self) -> str:
        """One line, keys sorted, so that equal rows give equal text."""
        values = {
            "set": self.source_set,
            "path": self.path,
            "sha256": self.sha256,
            "box": self.box,
            "label": self.label,
            "fault": self.fault,
            "group": self.group,
            "split": self.split,
            "licence": self.licence,
        }
        return json.dumps(values, sort_keys=True, ensure_ascii=False)


def global_group(source_set: str, group: str) -> str:
    """A group with the name of its set, unless it has one already: no two sets share it."""
    return group if "/" in group else f"{source_set}/{group}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """Rows in a fixed order."""

    rows: tuple[ManifestRow, ...]
    folders: Mapping[str, Path] = field(default_factory=dict, compare=False)
    """Where each set lies, as far as it is known."""
    notes: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """How the rows came about: what was grouped, split or corrected, with the numbers."""

    @property
    def sha256(self) -> str:
        """Checksum of all rows in their order: the name of exactly this data."""
        return hashlib.sha256(_body(self.rows)).hexdigest()

    def path_of(self, row: ManifestRow) -> Path:
        """The picture's file.

        Raises:
            DataError: nothing says where the set lies.
        """
        if row.source_set not in self.folders:
            raise DataError(
                Path(row.path), f"nothing says where the set {row.source_set!r} lies: give --folder"
            )
        return self.folders[row.source_set] / row.path


def rows_of_images(
    images: Iterable[LabelledImage], folder: Path, source_set: str, licence: str
) -> tuple[ManifestRow, ...]:
    """One row per face of pictures with boxes; reads every file for its checksum.

    Raises:
        DataError: a picture cannot be read.
    """
    rows = []
    for image in images:
        path, sha256 = _relative(image.path, folder), checksum(image.path)
        labels: list[tuple[Box | None, State | None, Fault | None]]
        labels = [(face.box, face.state, face.fault) for face in image.faces]
        rows += [
            ManifestRow(source_set, path, sha256, *label, image.group, image.split, licence)
            for label in labels or [(None, None, None)]
        ]
    return tuple(rows)


def rows_of_pictures(
    pictures: Iterable[LabelledPicture], folder: Path, source_set: str, licence: str
) -> tuple[ManifestRow, ...]:
    """One row per picture that is labelled as a whole; reads every file for its checksum.

    Raises:
        DataError: a picture cannot be read.
    """
    return tuple(
        ManifestRow(
            source_set,
            _relative(picture.path, folder),
            checksum(picture.path),
            None,
            picture.label,
            picture.fault,
            picture.group,
            picture.split,
            licence,
        )
        for picture in pictures
    )


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Writes the manifest, whole or not at all.

    Raises:
        DataError: a group or a picture lies in two splits; nothing is written then.
        OutputError: the file cannot be written.
    """
    check_leakage(path, manifest.rows)
    head = {"format": FORMAT, "rows": len(manifest.rows), "sha256": manifest.sha256}
    if manifest.folders:
        head["folders"] = {
            name: _seen_from(path.parent, folder) for name, folder in manifest.folders.items()
        }
    if manifest.notes:
        head["notes"] = dict(manifest.notes)
    make_folder(path.parent)
    write_whole(path, json.dumps(head).encode() + b"\n" + _body(manifest.rows))


def read_manifest(path: Path) -> Manifest:
    """Reads a manifest and checks it against its own checksum.

    Raises:
        DataError: the file is missing, damaged or was changed, a picture lies outside of its set,
            or a group lies in two splits.
    """
    with reading(path):
        head, _, body = path.read_bytes().partition(b"\n")
    try:
        header = json.loads(head)
        rows = tuple(_row(json.loads(line)) for line in body.splitlines())
        layout, expected = header["format"], header["sha256"]
        folders = {name: path.parent / place for name, place in header.get("folders", {}).items()}
        notes = dict(header.get("notes", {}))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise DataError(path, f"not a manifest: {error}") from error
    if layout != FORMAT:
        raise DataError(path, f"manifest format {layout!r}, this version reads {FORMAT}")
    if hashlib.sha256(body).hexdigest() != expected:
        raise DataError(path, "its rows were changed: the checksum in its first line differs")
    check_leakage(path, rows)
    return Manifest(rows, folders, notes)


def is_set_name(name: str) -> bool:
    """Whether a set may be called so: folders are named after sets, and groups begin with them."""
    return "/" not in name and name not in ("", ".", "..")


def _row(values: dict[str, Any]) -> ManifestRow:
    # A manifest may come from a stranger, and crops and drawings are named after its pictures.
    path = PurePosixPath(values["path"])
    if path.is_absolute() or ".." in path.parts or not is_set_name(values["set"]):
        raise ValueError(f"{values['path']!r} of {values['set']!r} lies outside of its set")
    # Written so that a NaN fails too.
    if (box := values["box"]) is not None and not (box[0] < box[2] and box[1] < box[3]):
        raise ValueError(f"{values['path']!r} has the box {box!r}, which is empty")
    if values["fault"] is not None and values["label"] != State.INCORRECT:
        raise ValueError(f"{values['path']!r} is {values['label']!r} with a fault")
    return ManifestRow(
        source_set=values["set"],
        path=values["path"],
        sha256=values["sha256"],
        box=None if values["box"] is None else Box(*values["box"]),
        label=None if values["label"] is None else State(values["label"]),
        fault=None if values["fault"] is None else Fault(values["fault"]),
        group=values["group"],
        split=values["split"],
        licence=values["licence"],
    )


def check_leakage(path: Path, rows: Iterable[ManifestRow]) -> None:
    """Checks that what belongs together lies in one split.

    Args:
        path: the manifest, for the message.
        rows: all of its rows.

    Raises:
        DataError: a group, or a picture under two names, lies in two splits, or a split is
            unknown.
    """
    listed = list(rows)
    for row in listed:
        if row.split != UNSPLIT:
            check_split(path, row.path, row.split)
    # First what names pictures: a group is often called after a checksum.
    check_no_copies(
        path, ((row.sha256, f"{row.source_set}/{row.path}", row.split) for row in listed)
    )
    check_groups(path, ((row.global_group, row.split) for row in listed))


def _body(rows: Iterable[ManifestRow]) -> bytes:
    return b"".join(_line(row) for row in rows)


def _line(row: ManifestRow) -> bytes:
    try:
        return f"{row.to_json()}\n".encode()
    except UnicodeEncodeError as error:
        # Such a name comes from a disk, or from the command line, in another encoding.
        raise DataError(
            Path(row.path), "its name, set, group or licence is not UTF-8 text"
        ) from error


def _relative(path: Path, folder: Path) -> str:
    try:
        return path.relative_to(folder).as_posix()
    except ValueError as error:
        raise DataError(path, f"not inside the folder of its set, {folder}") from error


def _seen_from(start: Path, folder: Path) -> str:
    """The folder as the manifest's own names it; absolute where no relative path leads there.

    Links are followed: what lies above a linked folder is not what its path says.
    """
    try:
        return Path(os.path.relpath(folder.resolve(), start.resolve())).as_posix()
    except ValueError:  # another drive of Windows
        return folder.resolve().as_posix()
