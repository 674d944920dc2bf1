"""A CSV table: columns ``file`` and ``label``, and boxes, splits and groups if there are any."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from maskwatch.types import Box
from maskwatch_train.data.formats.raw import Problem, RawFace, RawPicture, Reading, read_text
from maskwatch_train.errors import DataError

LABELS = "labels.csv"
BOX_COLUMNS = ("x0", "y0", "x1", "y1")


def read_table(source: Path) -> Reading:
    """Pictures of a table; the lines of one file are its faces.

    Args:
        source: the table, or a folder that holds it as ``labels.csv``. Columns: ``file`` (relative
            to the table), ``label``; optional ``x0``, ``y0``, ``x1``, ``y1`` (pixels, right and
            lower edge exclusive), ``split`` and ``group``.

    Raises:
        DataError: the table is missing, has no such columns or no lines, or the lines of a file
            name two splits or groups.
    """
    table = source / LABELS if source.is_dir() else source
    reader = csv.DictReader(io.StringIO(read_text(table)))
    missing = {"file", "label"} - set(reader.fieldnames or ())
    if missing:
        raise DataError(table, f"no column {', '.join(sorted(missing))}")
    lines: dict[str, list[dict[str, str]]] = {}
    for line in reader:
        lines.setdefault(line["file"] or "", []).append(line)
    if not lines:
        raise DataError(table, "no lines below its head")
    for name, of_file in lines.items():
        yield _picture(table, name, of_file)


def _picture(table: Path, name: str, lines: list[dict[str, str]]) -> RawPicture | Problem:
    if not name:
        return Problem(table, f"lines without a file: {len(lines)}")
    path = table.parent / name
    if not path.exists():  # as programs on Windows write it
        path = table.parent / name.replace("\\", "/")
    if not all(line["label"] for line in lines):
        return Problem(path, "a line of it has no label")
    try:
        faces = tuple(RawFace(line["label"], _box(line)) for line in lines)
    except (ValueError, TypeError):
        return Problem(path, "a coordinate of its box is not a number")
    owners = {(line.get("split") or "", line.get("group") or "") for line in lines}
    if len(owners) > 1:
        raise DataError(table, f"{name} lies in two splits or groups: {sorted(owners)}")
    split, group = owners.pop()
    return RawPicture(path, faces, split, group)


def _box(line: dict[str, str]) -> Box | None:
    values = [line.get(column) or "" for column in BOX_COLUMNS]
    return Box(*(float(value) for value in values)) if any(values) else None
