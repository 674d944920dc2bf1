"""What goes into a model card beside its settings: text, and scores from reports."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from maskwatch.errors import UsageError
from maskwatch_train.errors import DataError, reading
from maskwatch_train.evaluate.pages.headline import headline
from maskwatch_train.exporting.onnx import DETECTOR_NAME


def read_summary(text: Path, scores: list[Path] | None) -> dict[str, Any]:
    """The card's text with the scores of the reports under it.

    Raises:
        DataError: a file is missing or damaged.
        UsageError: two reports have the same name.
    """
    try:
        with reading(text):
            summary: dict[str, Any] = tomllib.loads(text.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(text, str(error)) from error
    return {**summary, "scores": read_scores(scores or [])}


def read_scores(reports: list[Path]) -> dict[str, Any]:
    """The figures for a card, by the name of the report.

    Raises:
        DataError: a file is missing or damaged.
        UsageError: two reports have the same name.
    """
    found: dict[str, Any] = {}
    for path in reports:
        if path.stem in found:
            raise UsageError(f"--scores {path}: another report is called {path.stem!r}, too")
        try:
            with reading(path):
                report = json.loads(path.read_text(encoding="utf-8"))
            found[path.stem] = headline(report, DETECTOR_NAME)
        except ValueError as error:
            raise DataError(path, str(error)) from error
    return found
