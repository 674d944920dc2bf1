"""A report: numbers as JSON and the same as Markdown tables."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from maskwatch.outputs.files import make_folder, write_whole


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table whose first column is left-aligned and whose others are right-aligned."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def number(value: float, digits: int = 3) -> str:
    """A number with a fixed number of digits; a dash for NaN."""
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def with_interval(entry: Mapping[str, float]) -> str:
    """A value and its interval, if it has one, from ``value``, ``low`` and ``high``."""
    if math.isnan(entry["low"]):
        return number(entry["value"])
    return f"{number(entry['value'])} ({number(entry['low'])} to {number(entry['high'])})"


def share(part: int, whole: int) -> float:
    """``part / whole``; NaN without a whole."""
    return part / whole if whole else float("nan")


def write_report(folder: Path, name: str, values: Mapping[str, Any], text: str) -> None:
    """Writes ``name.json`` and ``name.md`` into the folder, which is made when it is missing.

    NaN, which JSON does not have, becomes null.

    Raises:
        OutputError: a file cannot be written; an earlier one stays.
    """
    content = json.dumps(without_nan(values), indent=2, allow_nan=False)
    make_folder(folder)
    write_whole(folder / f"{name}.json", f"{content}\n".encode())
    write_whole(folder / f"{name}.md", text.encode())


def without_nan(value: Any) -> Any:
    """The value with null in place of what JSON has no number for, at any depth."""
    if isinstance(value, Mapping):
        return {str(key): without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
