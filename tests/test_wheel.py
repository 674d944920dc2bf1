"""The wheel that people install: what it carries and what it asks for."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

MEGABYTE = 10**6


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=checkout,
        check=True,
        capture_output=True,
    )
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_it_carries_both_default_models_in_at_most_ten_megabytes(wheel: zipfile.ZipFile) -> None:
    models = [i for i in wheel.infolist() if i.filename.endswith(".onnx")]
    cards = [i for i in wheel.infolist() if i.filename.endswith("card.json")]
    assert len(models) == len(cards) == 2
    assert sum(i.file_size for i in models) <= 10 * MEGABYTE


def test_it_carries_types_licence_and_notice_but_no_tests_and_no_samples(
    wheel: zipfile.ZipFile,
) -> None:
    names = set(wheel.namelist())
    assert {"maskwatch/py.typed", "maskwatch_train/py.typed"} <= names
    assert {Path(n).name for n in names if "/licenses/" in n} == {"LICENSE", "NOTICE"}
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"maskwatch", "maskwatch_train"}


def test_its_own_requirements_leave_out_torch_and_everything_else_of_training(
    wheel: zipfile.ZipFile,
) -> None:
    metadata = next(name for name in wheel.namelist() if name.endswith("/METADATA"))
    required = Parser().parsestr(wheel.read(metadata).decode()).get_all("Requires-Dist") or []
    always = {
        line.split(">")[0].split("<")[0].split("=")[0] for line in required if ";" not in line
    }
    assert always == {
        *("av", "numpy", "onnxruntime", "opencv-python-headless", "pi-heif", "pillow"),
        *("rich", "typer"),
    }
