"""The scripts behind make: what they leave behind, and what they say where they cannot go on."""

from __future__ import annotations

import json
import os
import re
import shutil
import site
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import distribution
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.shared import shared

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="they are for bash")

MEGABYTE = 10**6


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        command, env=inherited | environment, check=False, capture_output=True, text=True
    )


# --- make demo


@pytest.fixture(scope="module")
def demo(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """What `make demo` leaves in a copy of the repository, and what it prints.

    Its environment finds the packages of this one, so that nothing is fetched but built.
    """
    copy = tmp_path_factory.mktemp("copy")
    for name in ("scripts", "samples", "src"):
        shutil.copytree(checkout / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(checkout / name, copy)
    environment = copy / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    base = {"base": str(environment), "platbase": str(environment)}
    packages = Path(sysconfig.get_path("purelib", "venv", vars=base))
    (packages / "shared.pth").write_text("".join(f"{each}\n" for each in site.getsitepackages()))
    done = run(
        *("make", "--directory", copy, "demo"),
        PYTHON=sys.executable,
        PIP_NO_INDEX="1",
        PIP_NO_BUILD_ISOLATION="0",  # pip takes it for the value of "build isolation"
        COLUMNS="120",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return copy, done.stdout


def test_the_demo_annotates_every_sample_and_prints_the_summary(demo: tuple[Path, str]) -> None:
    copy, printed = demo
    samples = [path for path in (copy / "samples").iterdir() if path.suffix != ".md"]
    assert len(samples) >= 8
    for path in samples:
        annotated = copy / "demo-output" / path.name
        assert annotated.stat().st_size > 0
        assert annotated.read_bytes() != path.read_bytes()
        assert f"demo-output/{path.name}" in printed
    for part in ("Compliance", "Episodes", "nose out: pull the mask up over your nose"):
        assert part in printed


def words_of(row: dict[str, Any]) -> str:
    """As the page about the samples says it."""
    parts = [row["state"], row["fault"]] if row["fault"] else [row["state"]]
    return ", ".join(part.replace("_", " ") for part in parts)


def rows_by_sample(copy: Path) -> dict[str, list[dict[str, Any]]]:
    lines = (copy / "demo-output" / "faces.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    return {Path(name).name: list(some) for name, some in groupby(rows, itemgetter("source"))}


def described(checkout: Path) -> dict[str, tuple[str, str]]:
    """What each sample shows and what is expected of it, as its page says."""
    page = (checkout / "samples" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \| (.+) \|$", page, re.MULTILINE)
    return {name: (shows, expected) for name, shows, expected in rows}


def test_the_sample_pictures_come_out_as_their_page_says(
    demo: tuple[Path, str], checkout: Path
) -> None:
    seen, told = rows_by_sample(demo[0]), described(checkout)
    portraits = [name for name in told if name.startswith("portrait")]
    assert len(portraits) >= 6
    found = {name: [words_of(row) for row in seen[name]] for name in portraits}
    assert found == {name: [told[name][1]] for name in portraits}
    from_the_left = sorted(seen["states.jpg"], key=lambda row: row["box"][0])
    group = ", ".join(words_of(row).removeprefix("incorrect, ") for row in from_the_left)
    assert told["states.jpg"][0].endswith(group.replace("no mask", "bare"))


def test_the_sample_clip_has_the_episodes_that_its_page_tells_of(demo: tuple[Path, str]) -> None:
    copy, _ = demo
    places: dict[int, float] = {}
    for row in rows_by_sample(copy)["clip.mp4"]:
        if row["track"] is not None:
            places.setdefault(row["track"], row["box"][0])
    left, right = sorted(places, key=lambda track: places[track])
    episodes = json.loads((copy / "demo-output" / "episodes.json").read_text())
    ((pulled_down,), (bare,)) = (
        [each for each in episodes if each["track"] == track] for track in (left, right)
    )
    assert (pulled_down["state"], pulled_down["fault"]) == ("incorrect", "under_chin")
    assert pulled_down["start_s"] == pytest.approx(3.25, abs=0.5)
    assert pulled_down["end_s"] == pytest.approx(7.75, abs=0.5)
    assert (bare["state"], bare["ongoing"]) == ("no_mask", True)
    assert bare["start_s"] < 1


def installed_with(name: str, seen: set[str]) -> Iterator[str]:
    """The package and all that pip installs with it on this machine."""
    if name not in seen:
        seen.add(name)
        yield name
        for line in distribution(name).requires or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                yield from installed_with(needed.name.lower().replace("_", "-"), seen)


def bytes_of(name: str) -> int:
    files = [Path(str(file.locate())) for file in distribution(name).files or []]
    return sum(file.stat().st_size for file in files if file.is_file())


def test_what_is_installed_without_extras_stays_under_600_megabytes(checkout: Path) -> None:
    project = (checkout / "pyproject.toml").read_text(encoding="utf-8")
    block = re.search(r"^dependencies = \[\n(.*?)^\]", project, re.DOTALL | re.MULTILINE)
    assert block is not None
    wanted = [
        Requirement(each).name for each in re.findall(r'^  "([^"]+)"', block[1], re.MULTILINE)
    ]
    seen: set[str] = set()
    sizes = {each: bytes_of(each) for name in wanted for each in installed_with(name, seen)}
    assert {"numpy", "onnxruntime", "markdown-it-py"} <= sizes.keys()
    assert min(sizes[name] for name in wanted) > 0
    ours = sum(path.stat().st_size for path in (checkout / "src").rglob("*") if path.is_file())
    assert sum(sizes.values()) + 2 * ours < 600 * MEGABYTE, sizes


# --- what is missing


def program(folder: Path, name: str, *lines: str) -> Path:
    """A program of the system, played by a few lines."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("\n".join(["#!/bin/sh", *lines, ""]))
    (folder / name).chmod(0o755)
    return folder / name


def test_an_interpreter_that_is_missing_or_too_old_is_named(checkout: Path, tmp_path: Path) -> None:
    old = program(tmp_path / "bin", "python3.9", '[ "$1" = --version ] && echo "Python 3.9.2"')
    for python, told in (
        ("no-such-python", "there is no 'no-such-python'; install Python 3.11 or newer"),
        (str(old), f"needs Python 3.11 or newer, and '{old}' is Python 3.9.2"),
    ):
        done = run(checkout / "scripts/python-env", tmp_path / "environment", PYTHON=python)
        assert done.returncode == 1
        assert told in done.stderr
    assert not (tmp_path / "environment").exists()


@pytest.mark.parametrize("has_apt", [True, False])
@pytest.mark.parametrize(("required", "code"), [("", 0), ("1", 1)])
def test_system_packages_that_cannot_be_had_are_named_and_an_error_where_all_are_required(
    checkout: Path, tmp_path: Path, has_apt: bool, required: str, code: int
) -> None:
    folder = tmp_path / "bin"
    program(folder, "dpkg-query", 'echo "installed chromium "', 'echo "installed mosquitto "')
    program(folder, "id", "echo 1000")
    (folder / "grep").symlink_to(str(shutil.which("grep")))
    if has_apt:
        program(folder, "apt-get", "exit 1")
    bash = str(shutil.which("bash"))
    done = run(
        *(bash, checkout / "scripts/system-packages"),
        PATH=str(folder),
        MASKWATCH_REQUIRE_ALL=required,
    )
    assert done.returncode == code
    assert "postgresql" in done.stderr
    assert ("mosquitto" in done.stderr) is not has_apt
    assert ("the tests that need them will be skipped" in done.stderr) is (code == 0)


# --- ablations


def test_as_if_no_mask_were_ever_worn_wrongly_none_is_learned_so(
    checkout: Path, tmp_path: Path
) -> None:
    pytest.importorskip("torch", reason="needs the extra [train]")
    from maskwatch_train.data.sets import read_sets

    data, asked = shared("data"), tmp_path / "asked"
    trainer = program(
        tmp_path / "bin",
        "maskwatch-train",
        f'echo "$@" >>"{asked}"',
        f'[ "$1" != manifest ] || exec "{sys.executable}" -m maskwatch_train "$@"',
        '[ "$1" != classifier ] || touch "$8/teacher.npz"',
    )
    done = run(
        *(checkout / "scripts/ablation-drawn-masks", data, tmp_path, tmp_path / "out"),
        MASKWATCH_TRAIN=str(trainer),
        PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        PYTHONPATH=str(checkout / "src"),
    )
    assert done.returncode == 0, done.stderr
    calls = [line.split() for line in asked.read_text().splitlines()]
    trained = {Path(each[3]) for each in calls if each[0] == "classifier" and "-alone-" in each[1]}
    (place,) = trained
    for split in ("train", "val"):
        sets = read_sets([place], split)
        faces = [face for one in sets for image in one.images for face in image.faces]
        assert len(faces) > 300
        assert not any(face.fault for face in faces)
        assert not any(picture.fault for one in sets for picture in one.pictures)
