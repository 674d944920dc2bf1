"""A CSV table: columns ``file`` and ``label``, and boxes, splits and groups if there are any."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from maskwatch.types import Box
from maskwatch_train.data.formats.raw import (
    SPLIT_NAMES,
    Problem,
    RawFace,
    RawPicture,
    Reading,
    read_text,
    spellings,
)
from maskwatch_train.errors import DataError

LABELS = "labels.csv"
BOX_COLUMNS = ("x0", "y0", "x1", "y1")


def read_table(source: Path) -> Reading:
    """Pictures of a table; the lines of one file, split and group are its faces.

    Args:
        source: the table, or a folder that holds it as ``labels.csv``. Columns: ``file`` (relative
            to the table), ``label``; optional ``x0``, ``y0``, ``x1``, ``y1`` (pixels, right and
            lower edge exclusive), ``split`` and ``group``. Between them are commas, or
            semicolons, as Excel writes them in many languages.

    Raises:
        DataError: the table is missing, or has no such columns or no lines.
    """
    table = source / LABELS if source.is_dir() else source
    text = read_text(table)
    head = text.partition("\n")[0]
    delimiter = ";" if ";" in head and "," not in head else ","
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    missing = {"file", "label"} - set(reader.fieldnames or ())
    if missing:
        raise DataError(table, f"no column {', '.join(sorted(missing))}")
    lines: dict[tuple[str, str, str], list[dict[str, str]]] = {}
    for line in _lines(table, reader):
        split = line.get("split") or ""
        split = SPLIT_NAMES.get(split.lower(), split)
        key = (line["file"] or "", split, line.get("group") or "")
        lines.setdefault(key, []).append(line)
    if not lines:
        raise DataError(table, "no lines below its head")
    for (name, split, group), of_file in lines.items():
        yield _picture(table, name, split, group, of_file)


def _lines(table: Path, reader: csv.DictReader[str]) -> Iterator[dict[str, str]]:
    try:
        yield from reader
    except csv.Error as error:  # a quotation mark that nothing closes
        raise DataError(table, f"line {reader.line_num}: {error}") from error


def _picture(
    table: Path, name: str, split: str, group: str, lines: list[dict[str, str]]
) -> RawPicture | Problem:
    if not name:
        return Problem(table, f"lines without a file: {len(lines)}")
    slashed = name.replace("\\", "/")  # programs on Windows write the other ones
    tried = (table.parent / each for each in (*spellings(name), *spellings(slashed)))
    path = next((each for each in tried if each.exists()), table.parent / slashed)
    if not all(line["label"] for line in lines):
        return Problem(path, "a line of it has no label")
    try:
        faces = tuple(RawFace(line["label"], _box(line)) for line in lines)
    except (ValueError, TypeError):
        return Problem(path, "a coordinate of its box is not a number")
    return RawPicture(path, faces, split, group)


def _box(line: dict[str, str]) -> Box | None:
    values = [line.get(column) or "" for column in BOX_COLUMNS]
    return Box(*(float(value) for value in values)) if any(values) else None
