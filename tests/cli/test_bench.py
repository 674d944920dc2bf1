import json
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock, patch

import pytest
from typer.testing import CliRunner, Result

from maskwatch.build.models import BuiltDetector
from maskwatch.cli.main import app
from maskwatch.cli.run_bench import BenchResult
from maskwatch.types import Face, Frame, State
from tests.painted import SquareClassifier, SquareDetector, paint_picture, paint_video


@pytest.fixture(autouse=True)
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "maskwatch.cli.run_bench.build_detector",
        lambda _: BuiltDetector(SquareDetector(), 0.5),
    )
    monkeypatch.setattr("maskwatch.cli.run_bench.build_classifier", lambda _: SquareClassifier())


def bench(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["bench", *map(str, arguments)])


@pytest.mark.parametrize("threads", ["0", "257", "two"])
def test_a_number_of_threads_that_makes_no_sense_is_refused(threads: str) -> None:
    done = bench("--threads", threads)
    assert done.exit_code == 2
    assert "--threads" in done.stderr


def test_made_samples_are_measured_in_every_stage() -> None:
    picture, clip = json.loads(bench("--frames", "4", "--json").stdout)
    assert (picture["width"], picture["height"], picture["faces"]) == (1280, 720, 5)
    assert list(picture["stages"]) == ["decode", "detect", "classify", "draw", "write"]
    assert list(clip["stages"]) == ["decode", "detect", "classify", "track", "draw", "write"]
    assert picture["frames"] == clip["frames"] == 4
    for measured in (picture, clip):
        assert measured["fps"] > measured["fps_with_output"] > 0


def test_files_are_measured_with_the_faces_in_them(tmp_path: Path) -> None:
    people = [(State.MASK, 80, 120), (State.NO_MASK, 240, 120)]
    paint_picture(tmp_path / "a.png", people)
    paint_video(tmp_path / "a.mp4", [people] * 12)
    done = bench(tmp_path / "a.png", tmp_path / "a.mp4", "--frames", "50", "--json")
    picture, clip = json.loads(done.stdout)
    assert (picture["faces"], clip["faces"]) == (2, 2)
    assert (picture["frames"], clip["frames"]) == (50, 7)


def test_frames_of_a_clip_are_looked_at_as_quickly_as_detect_does(tmp_path: Path) -> None:
    paint_picture(tmp_path / "a.png", [(State.MASK, 80, 120)])
    paint_video(tmp_path / "a.mp4", [[(State.MASK, 80, 120)]] * 12)
    with (
        patch.object(SquareDetector, "sweep", Mock(return_value=[]), create=True),
        patch.object(SquareDetector, "near", Mock(return_value=[]), create=True),
    ):
        done = bench(tmp_path / "a.png", tmp_path / "a.mp4", "--frames", "50", "--json")
    picture, clip = json.loads(done.stdout)
    assert (picture["faces"], clip["faces"]) == (1, 0)


def test_the_table_names_stages_and_speeds() -> None:
    text = bench("--frames", "2", "--threads", "1").stdout
    for part in ("decode", "classify", "median ms", "frames a second", "threads: 1"):
        assert part in text


def test_frames_per_second_count_all_stages() -> None:
    result = BenchResult(
        "a", 1, 1, 1.0, {"decode": (2.0, 4.0), "detect": (7.0, 7.0), "write": (10.0, 10.0)}
    )
    assert result.fps(with_output=False) == pytest.approx(100)
    assert result.fps(with_output=True) == pytest.approx(50)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    done = bench(tmp_path / "gone.png")
    assert "gone.png: no such file" in str(done.exception)


@pytest.fixture
def unheeded() -> Iterator[None]:
    """SIGTERM does nothing where nobody heeds it, instead of ending the tests."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("unheeded")
def test_asked_to_stop_it_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Stopped(SquareDetector):
        def __call__(self, frame: Frame) -> list[Face]:
            signal.raise_signal(signal.SIGTERM)
            return super().__call__(frame)

    monkeypatch.setattr(
        "maskwatch.cli.run_bench.build_detector", lambda _: BuiltDetector(Stopped(), 0.5)
    )
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert bench("--frames", "2").exit_code == 130
    assert list(tmp_path.iterdir()) == []
