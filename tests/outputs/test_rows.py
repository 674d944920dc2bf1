import csv
import json
from pathlib import Path

import numpy as np
import pytest

from maskwatch.outputs.base import JudgedFrame
from maskwatch.outputs.rows import CSV_COLUMNS, KEYS, CsvSink, JsonlSink, rows_of
from maskwatch.testing import face_at, reading_of
from maskwatch.types import (
    Box,
    Face,
    Fault,
    Frame,
    MaskReading,
    State,
    StateProbabilities,
    Track,
    Verdict,
)

FRAME = Frame("door, left.mp4", 12, 0.48000001, np.zeros((48, 64, 3), np.uint8))
NOSE_OUT = MaskReading(
    Face(Box(1.04, 2, 30.26, 40), 0.98765),
    State.INCORRECT,
    Fault.NOSE_OUT,
    StateProbabilities(0.123456, 0.8, 0.076544),
)
TOO_SMALL = MaskReading(face_at(10, 10, 4), State.UNKNOWN, quality=0.0, reason="face too small")
TRACK = Track(3, FRAME.source, NOSE_OUT, Verdict(State.MASK), 0.0, 0.48)
LOOK = JudgedFrame(FRAME, ((NOSE_OUT, TRACK), (TOO_SMALL, None)))


def test_a_row_has_exactly_the_promised_keys_and_says_the_reading_not_the_verdict() -> None:
    assert rows_of(LOOK)[0] == {
        "source": "door, left.mp4",
        "frame": 12,
        "time_s": 0.48,
        "track": 3,
        "box": [1.0, 2.0, 30.3, 40.0],
        "state": "incorrect",
        "fault": "nose_out",
        "coverage": 12.3,
        "probabilities": {"mask": 0.1235, "incorrect": 0.8, "no_mask": 0.0765},
        "score": 0.9877,
        "reason": None,
    }


def test_a_face_that_could_not_be_judged_has_nulls_and_a_reason() -> None:
    row = rows_of(LOOK)[1]
    assert tuple(row) == KEYS
    assert (row["state"], row["reason"]) == ("unknown", "face too small")
    assert [row[key] for key in ("track", "fault", "coverage", "probabilities")] == [None] * 4


def test_json_lines_are_strict_json(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    sink = JsonlSink(str(path))
    sink.write(LOOK)
    sink.write(JudgedFrame(FRAME, ()))
    sink.close()

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    lines = path.read_text().splitlines()
    assert [json.loads(line, parse_constant=refuse) for line in lines] == rows_of(LOOK)


def test_nan_never_gets_into_a_file(tmp_path: Path) -> None:
    broken = Frame("clip", 0, float("nan"), FRAME.image)
    sink = JsonlSink(str(tmp_path / "rows.jsonl"))
    with pytest.raises(ValueError, match="not JSON compliant"):
        sink.write(JudgedFrame(broken, LOOK.faces))
    sink.close()


def test_csv_has_a_header_and_a_column_for_each_number(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    sink = CsvSink(str(path))
    sink.write(LOOK)
    sink.close()
    with path.open(newline="") as file:
        header, first, second = csv.reader(file)
    assert tuple(header) == CSV_COLUMNS
    assert dict(zip(header, first, strict=True)) == {
        "source": "door, left.mp4",
        "frame": "12",
        "time_s": "0.48",
        "track": "3",
        "x0": "1.0",
        "y0": "2.0",
        "x1": "30.3",
        "y1": "40.0",
        "state": "incorrect",
        "fault": "nose_out",
        "coverage": "12.3",
        "p_mask": "0.1235",
        "p_incorrect": "0.8",
        "p_no_mask": "0.0765",
        "score": "0.9877",
        "reason": "",
    }
    assert second[header.index("p_no_mask")] == ""
    assert second[header.index("reason")] == "face too small"


@pytest.mark.parametrize("name", ["=HYPERLINK(1).jpg", "+1.jpg", "-1.jpg", "@a.jpg", "\t=1.jpg"])
def test_no_spreadsheet_runs_the_name_of_a_file_as_a_formula(tmp_path: Path, name: str) -> None:
    judged = JudgedFrame(Frame(name, 0, 0.0, FRAME.image), ((TOO_SMALL, None),))
    sink = CsvSink(str(tmp_path / "rows.csv"))
    sink.write(judged)
    sink.close()
    with (tmp_path / "rows.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["source"] == f"'{name}"
    assert rows_of(judged)[0]["source"] == name  # JSON says it as it is


def test_a_csv_of_nothing_is_its_header(tmp_path: Path) -> None:
    CsvSink(str(tmp_path / "rows.csv")).close()
    assert (tmp_path / "rows.csv").read_text().startswith("source,frame,time_s,track,x0")


def test_coverage_agrees_with_the_probability_of_a_mask() -> None:
    reading = reading_of(face_at(20, 20), State.MASK, confidence=0.973)
    row = rows_of(JudgedFrame(FRAME, ((reading, None),)))[0]
    assert row["coverage"] == 97.3
    assert row["probabilities"]["mask"] == 0.973
