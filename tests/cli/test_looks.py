import json
from pathlib import Path

from typer.testing import CliRunner

from maskwatch.cli.main import app


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
