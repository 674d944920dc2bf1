"""Nothing that maskwatch is built on may report to its makers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def files_left_at_home(program: str, *arguments: str, home: Path, samples: Path) -> list[Path]:
    """What a program writes into an empty home folder, run beside the samples."""
    home.mkdir()
    kept_apart = {"HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path)}
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "ORT_"))}
    subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=samples,
        env=inherited | kept_apart,
        check=True,
        capture_output=True,
    )
    return [path for path in home.rglob("*") if path.is_file()]


def test_detect_leaves_nothing_at_home(checkout: Path, tmp_path: Path) -> None:
    asked = ["detect", "portrait_mask.jpg", "--no-annotate", "--quiet"]
    program = "from maskwatch.cli.main import run; run()"
    home = tmp_path / "home"
    assert files_left_at_home(program, *asked, home=home, samples=checkout / "samples") == []


def test_the_python_api_leaves_nothing_at_home(checkout: Path, tmp_path: Path) -> None:
    program = "import maskwatch; maskwatch.load().read_file('portrait_mask.jpg')"
    home = tmp_path / "home"
    assert files_left_at_home(program, home=home, samples=checkout / "samples") == []


def test_the_training_kit_leaves_nothing_at_home(checkout: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the extra [train]")
    program = (
        "from maskwatch_train.detector.teacher import ort; from maskwatch.models import session; "
        "from pathlib import Path; models = Path(session.__file__).parent; "
        "session.open_session(next(models.rglob('*.onnx')))"
    )
    home = tmp_path / "home"
    assert files_left_at_home(program, home=home, samples=checkout / "samples") == []
