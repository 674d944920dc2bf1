import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maskwatch.cli.main import app
from maskwatch.frames.deferred import PassedFrame
from maskwatch.frames.video import VideoSource


def rows(clip: Path, out: Path, *options: str) -> list[dict[str, object]]:
    file = out / "rows.jsonl"
    result = CliRunner().invoke(
        app, ["detect", str(clip), "--no-annotate", "--quiet", "--jsonl", str(file), *options]
    )
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_looking_less_often_tells_of_the_same_people(checkout: Path, tmp_path: Path) -> None:
    clip = checkout / "samples/clip.mp4"
    often = rows(clip, tmp_path, "--looks", "0")
    rarely = rows(clip, tmp_path, "--looks", "5")
    people = [
        {(row["track"], row["state"]) for row in each if row["track"] and row["state"] != "unknown"}
        for each in (often, rarely)
    ]
    assert people[0] == people[1]
    judged = [{str(row["probabilities"]) for row in each} for each in (often, rarely)]
    assert len(judged[1]) < len(judged[0]) / 2


@pytest.mark.parametrize(
    ("options", "passes"),
    [
        (["--no-annotate"], True),
        ([], False),
        (["--no-annotate", "--blur"], False),
        (["--no-annotate", "--looks", "0"], False),
        (["--no-annotate", "--every", "2"], False),
        (["--no-annotate", "--max-fps", "6"], False),
    ],
)
def test_pictures_are_passed_over_only_where_nobody_will_see_them(
    checkout: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    passes: bool,
) -> None:
    passed = []

    class Noted(PassedFrame):
        def __init__(self, source: str, index: int, t: float) -> None:
            super().__init__(source, index, t)
            passed.append(index)

    monkeypatch.setattr(f"{VideoSource.__module__}.PassedFrame", Noted)
    clip = checkout / "samples/clip.mp4"
    file, out = tmp_path / "rows.jsonl", tmp_path / "out"
    arguments = ["detect", str(clip), "--quiet", "--jsonl", str(file), *options]
    arguments += [] if "--no-annotate" in options else ["--out", str(out)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert bool(passed) is passes
    found = {json.loads(line)["frame"] for line in file.read_text().splitlines()}
    assert {i for i in passed if i > 5} <= found  # once somebody is known, they go on in between
