from __future__ import annotations

import errno
import json
import math
from pathlib import Path
from typing import Any

import pytest

from maskwatch.errors import OutputError
from maskwatch_train.evaluate.scoring.report import (
    number,
    share,
    table,
    with_interval,
    write_report,
)


def test_a_table_is_markdown() -> None:
    assert table(["name", "score"], [["a", "1"], ["b", "2"]]) == (
        "| name | score |\n| --- | ---: |\n| a | 1 |\n| b | 2 |\n"
    )


def test_numbers_have_fixed_digits_and_nan_is_a_dash() -> None:
    assert [number(0.12345), number(2.0, 1), number(math.nan)] == ["0.123", "2.0", "-"]


def test_a_value_stands_before_its_interval() -> None:
    entry = {"value": 0.5, "low": 0.25, "high": 0.75}
    assert with_interval(entry) == "0.500 (0.250 to 0.750)"
    assert with_interval(dict.fromkeys(entry, math.nan)) == "-"
    assert with_interval({"value": 0.5, "low": math.nan, "high": math.nan}) == "0.500"


def test_a_share_of_nothing_is_nan() -> None:
    assert share(1, 4) == 0.25
    assert math.isnan(share(0, 0))


def test_a_report_is_written_as_json_and_markdown(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    write_report(folder, "scores", {"a": [1, math.nan], "b": {"c": 0.5}}, "# Scores\n")
    assert json.loads((folder / "scores.json").read_text()) == {"a": [1, None], "b": {"c": 0.5}}
    assert (folder / "scores.md").read_text() == "# Scores\n"


def test_a_report_that_cannot_be_written_leaves_the_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(tmp_path, "scores", {}, "# Before\n")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    opened = Path.open

    def full(path: Path, mode: str = "r", *how: Any, **named: Any) -> Any:
        file = opened(path, mode, *how, **named)
        if "w" in mode:
            file.close()
            raise OSError(errno.ENOSPC, "No space left on device")
        return file

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OutputError, match="no space left"):
        write_report(tmp_path, "scores", {"a": 1}, "# After\n")
    monkeypatch.undo()
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_report_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="file"):
        write_report(tmp_path / "file", "scores", {}, "")
