"""Drawing on a set of portraits, as a user calls it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
import typer
from typer.testing import CliRunner, Result

from maskwatch.build.models import BuildOptions, build_detector
from maskwatch.errors import UsageError
from maskwatch.frames.images import read_image
from maskwatch.types import Box, Fault, Frame, State
from maskwatch_train.checksum import checksum
from maskwatch_train.cli.synthesize import synthesize as verb
from maskwatch_train.data.manifest import read_manifest, write_manifest
from maskwatch_train.errors import DataError

ALL = ("--split", "all")
PROGRAM = "from maskwatch_train.cli.main import run; run()"

app = typer.Typer()
app.command()(verb)


def synthesize(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [*map(str, words)])


def done(*words: str | Path) -> Result:
    result = synthesize(*words)
    assert result.exit_code == 0, (result.output, result.exception)
    return result


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "manifest.jsonl"
    }


def test_every_kind_is_drawn_with_its_label_and_on_one_sheet(people: Path, tmp_path: Path) -> None:
    out = tmp_path / "drawn"
    words = ("--kinds", "worn,hand,recoloured", "--per-face", "9", "--jobs", "1")
    done(people, "--out", out, *ALL, *words)
    manifest = read_manifest(out / "manifest.jsonl")
    labels = {row.path.partition("/")[0]: (row.label, row.fault) for row in manifest.rows}
    assert labels == {
        "mask": (State.MASK, None),
        "nose_out": (State.INCORRECT, Fault.NOSE_OUT),
        "under_chin": (State.INCORRECT, Fault.UNDER_CHIN),
        "chin_out": (State.INCORRECT, Fault.CHIN_OUT),
        "other": (State.INCORRECT, Fault.OTHER),
        "hand": (State.NO_MASK, None),
        **{f"{kind}-colour": (State.MASK, None) for kind in ("unchanged", "dark", "light")},
        **{f"{kind}-colour": (State.MASK, None) for kind in ("random", "pattern")},
    }
    sheet = cv2.imread(str(out / "contact-sheet.jpg"))
    assert sheet.shape == (11 * (128 + 22), 10 * 128, 3)
    for row in manifest.rows:
        height, width = cv2.imread(str(manifest.path_of(row))).shape[:2]
        assert row.box is not None
        assert 0 <= row.box.x0 < row.box.x1 <= width
        assert 0 <= row.box.y0 < row.box.y1 <= height


def test_a_drawing_stays_in_the_group_of_its_face(people: Path, tmp_path: Path) -> None:
    done(people, "--out", tmp_path / "drawn", *ALL, "--kinds", "mask", "--jobs", "1")
    groups = {row.global_group for row in read_manifest(people).rows}
    drawn = {row.global_group for row in read_manifest(tmp_path / "drawn/manifest.jsonl").rows}
    assert drawn < groups
    assert all(group.startswith("people/") for group in drawn)


def test_the_seed_decides_and_the_number_of_processes_does_not(
    people: Path, tmp_path: Path
) -> None:
    kinds = ("--kinds", "worn,negatives")
    done(people, "--out", tmp_path / "a", *ALL, *kinds, "--jobs", "1", "--seed", "7")
    done(people, "--out", tmp_path / "b", *ALL, *kinds, "--jobs", "2", "--seed", "7")
    done(people, "--out", tmp_path / "c", *ALL, *kinds, "--jobs", "1", "--seed", "8")
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert content(tmp_path / "a") != content(tmp_path / "c")
    first, second = (read_manifest(tmp_path / name / "manifest.jsonl") for name in "ab")
    assert first.sha256 == second.sha256


def test_of_copies_every_face_is_drawn_on_once_under_a_name_of_its_own(
    people: Path, tmp_path: Path
) -> None:
    whole = read_manifest(people)
    portrait = next(row for row in whole.rows if row.path == "no_mask/portrait_bare.jpg")
    picture = Frame("portrait", 0, 0.0, read_image(whole.path_of(portrait)))
    face = build_detector(BuildOptions()).detect(picture)[0].box
    # The copies are of one mind about one label, and each has one of its own.
    loose = Box(face.x0 - 9, face.y0 - 9, face.x1 + 9, face.y1 + 9)
    rows = [
        replace(portrait, path=name, box=box)
        for name, box in (("a.jpg", None), ("a.jpg", face), ("b.jpg", None), ("b.jpg", loose))
    ]
    for name in ("a.jpg", "b.jpg"):
        shutil.copy(whole.path_of(portrait), whole.folders["people"] / name)
    write_manifest(tmp_path / "copies.jsonl", replace(whole, rows=tuple(rows)))
    done(tmp_path / "copies.jsonl", "--out", tmp_path / "drawn", *ALL, "--kinds", "worn")
    manifest = read_manifest(tmp_path / "drawn" / "manifest.jsonl")
    assert len({row.path for row in manifest.rows}) == len(manifest.rows) == 3
    assert all(checksum(manifest.path_of(row)) == row.sha256 for row in manifest.rows)


def test_the_limit_chooses_by_seed(people: Path, tmp_path: Path) -> None:
    done(people, "--out", tmp_path / "a", *ALL, "--limit", "1", "--jobs", "1", "--kinds", "mask")
    assert len(read_manifest(tmp_path / "a" / "manifest.jsonl").rows) == 1


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (("--kinds", "hat"), UsageError, "nothing called 'hat' can be drawn"),
        (("--name", "my/drawings"), UsageError, "--name 'my/drawings'"),
        (("--split", "side"), UsageError, "--split 'side'"),
        (("--split", "train"), DataError, "no faces labelled no_mask in its split 'train'"),
        ((*ALL, "--min-face", "5000"), DataError, "no face in it on which any"),
    ],
)
def test_what_cannot_be_drawn_is_said_and_leaves_nothing(
    people: Path, tmp_path: Path, words: tuple[str, ...], error: type[Exception], message: str
) -> None:
    before = sorted(tmp_path.iterdir())
    result = synthesize(people, "--out", tmp_path / "drawn", "--jobs", "1", *words)
    assert isinstance(result.exception, error)
    assert message in str(result.exception)
    assert sorted(tmp_path.iterdir()) == before


def test_a_sheet_that_no_jpeg_can_hold_is_refused_before_anything_is_drawn(
    people: Path, tmp_path: Path
) -> None:
    result = synthesize(people, "--out", tmp_path / "drawn", *ALL, "--sheet-columns", "512")
    assert result.exit_code == 2
    assert "--sheet-columns" in result.output


def test_a_set_that_is_there_is_not_overwritten(people: Path, tmp_path: Path) -> None:
    (tmp_path / "drawn").mkdir()
    (tmp_path / "drawn" / "mine.txt").touch()
    result = synthesize(people, "--out", tmp_path / "drawn", *ALL)
    assert isinstance(result.exception, UsageError)
    assert [path.name for path in (tmp_path / "drawn").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_picture_that_is_damaged_is_named(jobs: str, people: Path, tmp_path: Path) -> None:
    whole = read_manifest(people)
    damaged = whole.path_of(next(row for row in whole.rows if row.label is State.NO_MASK))
    damaged.write_bytes(damaged.read_bytes()[:200])
    result = synthesize(people, "--out", tmp_path / "drawn", *ALL, "--jobs", jobs)
    assert isinstance(result.exception, DataError)
    assert str(result.exception).startswith(f"{damaged}: ")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_full_disk_leaves_nothing_under_the_final_name(
    jobs: str, people: Path, tmp_path: Path
) -> None:
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))\n"
    verb = ["synthesize", str(people), "--out", str(tmp_path / "drawn"), *ALL, "--jobs", jobs]
    result = subprocess.run(
        [sys.executable, "-c", limit + PROGRAM, *verb], capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 1
    assert "error: " in result.stderr
    assert "too large" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["people", "people.jsonl"]


@contextmanager
def drawing(people: Path, out: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The program, with processes that draw, in a process group of its own."""
    verb = ["synthesize", str(people), "--out", str(out), *ALL, "--per-face", "9", "--jobs", "2"]
    running = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *verb], stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        wait_until(lambda: bool(list(out.parent.glob(".*.part/drawn/*"))))
        yield running
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.communicate()


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def group_is_gone(number: int) -> bool:
    try:
        os.killpg(number, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize(
    "signals", [(signal.SIGINT,), (signal.SIGINT, signal.SIGINT), (signal.SIGTERM,)]
)
def test_an_interrupt_leaves_neither_files_nor_processes(
    signals: tuple[signal.Signals, ...], people: Path, tmp_path: Path
) -> None:
    with drawing(people, tmp_path / "drawn") as running:
        for number in signals:
            running.send_signal(number)
            time.sleep(0.3)
        assert running.wait(60) != 0
        wait_until(lambda: group_is_gone(running.pid))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["people", "people.jsonl"]


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_processes_that_draw_do_not_outlive_one_that_is_killed(
    people: Path, tmp_path: Path
) -> None:
    with drawing(people, tmp_path / "drawn") as running:
        running.kill()
        running.wait(60)
        wait_until(lambda: group_is_gone(running.pid))
