"""One row per face and frame, as JSON lines or CSV."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from maskwatch.outputs.base import JudgedFrame
from maskwatch.outputs.files import LineFile
from maskwatch.spreadsheets import harmless
from maskwatch.types import MaskReading, Track

KEYS = (
    "source",
    "frame",
    "time_s",
    "track",
    "box",
    "state",
    "fault",
    "coverage",
    "probabilities",
    "score",
    "reason",
)
"""Keys of a JSON row, in order."""

BOX_COLUMNS = ("x0", "y0", "x1", "y1")
PROBABILITY_COLUMNS = ("p_mask", "p_incorrect", "p_no_mask")

CSV_COLUMNS = tuple(
    column
    for key in KEYS
    for column in {"box": BOX_COLUMNS, "probabilities": PROBABILITY_COLUMNS}.get(key, (key,))
)
"""The keys of a JSON row, with the box and the probabilities in columns of their own."""


def rows_of(judged: JudgedFrame) -> list[dict[str, Any]]:
    """The rows of one frame, ready for JSON: no value is NaN or infinite."""
    frame = judged.frame
    return [
        {"source": frame.source, "frame": frame.index, "time_s": round(frame.t, 3)}
        | _judgement(reading, track)
        for reading, track in judged.faces
    ]


def _judgement(reading: MaskReading, track: Track | None) -> dict[str, Any]:
    coverage, probabilities = reading.coverage, reading.probabilities
    return {
        "track": None if track is None else track.id,
        "box": [round(float(v), 1) for v in reading.face.box],
        "state": reading.state.value,
        "fault": None if reading.fault is None else reading.fault.value,
        "coverage": None if coverage is None else round(coverage, 1),
        "probabilities": None
        if probabilities is None
        else {name: round(value, 4) for name, value in probabilities._asdict().items()},
        "score": round(reading.face.score, 4),
        "reason": reading.reason,
    }


class JsonlSink:
    """A ``FrameSink``: one JSON object a line.

    Args:
        target: a path, or ``-`` for standard output.
    """

    def __init__(self, target: str) -> None:
        self._file = LineFile(target)

    def write(self, judged: JudgedFrame) -> None:
        """Appends the rows of one frame."""
        rows = rows_of(judged)
        if rows:
            lines = (json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
            self._file.write("".join(f"{line}\n" for line in lines))

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class CsvSink:
    """A ``FrameSink``: comma-separated values (RFC 4180) with a header; null is an empty field.

    Args:
        target: a path, or ``-`` for standard output.
    """

    def __init__(self, target: str) -> None:
        self._file = LineFile(target)
        self._file.write(_csv_line(CSV_COLUMNS))

    def write(self, judged: JudgedFrame) -> None:
        """Appends the rows of one frame."""
        rows = rows_of(judged)
        if rows:
            self._file.write("".join(_csv_line(_flat(row)) for row in rows))

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def _flat(row: dict[str, Any]) -> list[Any]:
    """The values of a row in the order of ``CSV_COLUMNS``."""
    probabilities = row["probabilities"] or dict.fromkeys(PROBABILITY_COLUMNS)
    spread = row | {
        "source": harmless(row["source"]),
        "probabilities": list(probabilities.values()),
    }
    return [
        value
        for key in KEYS
        for value in (spread[key] if isinstance(spread[key], list) else [spread[key]])
    ]


def _csv_line(values: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(values)
    return text.getvalue()
