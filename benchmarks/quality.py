"""``python -m benchmarks.quality``: what the shortcuts of ``detect`` do to its results.

Every clip is gone through twice: with every frame looked at as a whole and every face judged
(``--looks 0``), and as `detect` does by default.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskwatch.geometry import iou_matrix

_SAME_IOU = 0.5
_WAYS: Mapping[str, Sequence[str]] = {"every frame": ["--looks", "0"], "default": []}
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Agreement:
    """How the results of one clip compare."""

    clip: str
    rows: int
    """People in frames, with every frame looked at."""
    found: float
    """Share of these that are there by default, too, in the same frame at about the same place."""
    same_state: float
    """Share that has the same state as well."""
    people: Mapping[str, int]
    """Way to number of people."""
    episodes: Mapping[str, Sequence[tuple[str, float, float]]]
    """Way to what was wrong, from when and until when in seconds."""


def compare(clip: Path, folder: Path) -> Agreement:
    """Runs both ways over one clip.

    Args:
        clip: a video file.
        folder: for what is written meanwhile.
    """
    rows: dict[str, list[Row]] = {}
    episodes: dict[str, list[tuple[str, float, float]]] = {}
    for way, options in _WAYS.items():
        rows_file, episodes_file = folder / "rows.jsonl", folder / "episodes.json"
        command = [sys.executable, "-m", "maskwatch", "detect", str(clip), "--no-annotate"]
        outputs = ["--quiet", "--jsonl", str(rows_file), "--episodes", str(episodes_file)]
        subprocess.run([*command, *outputs, *options], check=True)
        found = [json.loads(line) for line in rows_file.read_text().splitlines()]
        rows[way] = [row for row in found if row["track"] is not None]
        episodes[way] = [
            (each["fault"] or each["state"], each["start_s"], each["end_s"])
            for each in json.loads(episodes_file.read_text())
        ]
    people = {way: len({row["track"] for row in each}) for way, each in rows.items()}
    matches = _matches(rows["every frame"], rows["default"])
    same = sum(row["state"] == other["state"] for row, other in matches)
    total = max(1, len(rows["every frame"]))
    return Agreement(clip.stem, total, len(matches) / total, same / total, people, episodes)


def _matches(rows: Sequence[Row], others: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Each row with the one of the same frame at about its place, if there is one."""
    by_frame = defaultdict(list)
    for other in others:
        by_frame[other["frame"]].append(other)
    matches = []
    for row in rows:
        there = by_frame[row["frame"]]
        if there:
            overlaps = iou_matrix(np.array([row["box"]]), np.array([each["box"] for each in there]))
            best = int(overlaps.argmax())
            if overlaps[0, best] >= _SAME_IOU:
                matches.append((row, there[best]))
    return matches


def main() -> None:
    """Compares and writes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    wanted = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for clip in wanted.clips:
            found.append(asdict(compare(clip, Path(folder))))
            print(json.dumps(found[-1]), flush=True)
    wanted.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
