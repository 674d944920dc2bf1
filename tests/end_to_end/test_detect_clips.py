"""`maskwatch detect` with the models of the package: the verdicts that real clips ask for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.shared import shared

SRC = Path(__file__).resolve().parent.parent.parent / "src"


@pytest.fixture(scope="module", params=[(), ("--small-faces",)])
def summary(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What the program says about all clips, one of which is large enough for two looks."""
    clips, options = shared("videos"), request.param
    program = "from maskwatch.cli.main import run; run()"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            program,
            "detect",
            clips,
            "--no-annotate",
            "--json-summary",
            *options,
        ],
        cwd=tmp_path_factory.mktemp("run"),
        env={**os.environ, "PYTHONPATH": str(SRC)},
        check=False,
        capture_output=True,
        text=True,
    )
    note = "note: other files passed over, no pictures or videos by name: 1\n"  # their README
    assert (done.returncode, done.stderr) == (0, note)
    data: dict[str, Any] = json.loads(done.stdout)
    return data


def source(summary: dict[str, Any], clip: str) -> dict[str, Any]:
    return next(each for each in summary["sources"] if Path(each["source"]).name == clip)


def episodes(summary: dict[str, Any], clip: str) -> dict[int, list[dict[str, Any]]]:
    """The episodes of a clip by person."""
    by_track: dict[int, list[dict[str, Any]]] = {}
    for episode in summary["episodes"]:
        if Path(episode["source"]).name == clip:
            by_track.setdefault(episode["track"], []).append(episode)
    return by_track


@pytest.mark.parametrize("clip", ["corridor_cctv.mp4", "laptop_mask.mp4"])
def test_one_masked_person_without_a_violation(summary: dict[str, Any], clip: str) -> None:
    found = source(summary, clip)
    assert (found["people"], found["states"]["mask"]) == (1, 1)
    assert episodes(summary, clip) == {}


def test_one_bearded_man_without_a_mask_in_one_episode_over_the_whole_clip(
    summary: dict[str, Any],
) -> None:
    found = source(summary, "bearded_no_mask.mp4")
    assert (found["people"], found["states"]["no_mask"]) == (1, 1)
    ((episode,),) = episodes(summary, "bearded_no_mask.mp4").values()
    assert episode["state"] == "no_mask"
    assert episode["start_s"] <= 1.0
    assert episode["end_s"] >= 7.5
    assert episode["ongoing"]


def test_four_people_put_on_masks_and_one_takes_it_off_and_on_again(
    summary: dict[str, Any],
) -> None:
    """A painting of a masked face hangs between them; it may count as a fifth person."""
    clip = "five_people_donning.mp4"
    assert source(summary, clip)["people"] in (4, 5)
    by_person = sorted(episodes(summary, clip).values(), key=len)
    assert [len(each) for each in by_person] == [1, 1, 1, 2]
    for first, *_ in by_person:
        assert first["start_s"] <= 1.0
        assert 2.5 <= first["end_s"] <= 5
    second = by_person[-1][1]
    assert 5 <= second["start_s"] <= 7.5
    assert 10 <= second["end_s"] <= 12.5
