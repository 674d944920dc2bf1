import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest
from typer.testing import CliRunner

from maskwatch import __version__
from maskwatch.cli import main
from maskwatch.cli.main import app, exit_code_of, run
from maskwatch.errors import (
    ChecksumMismatch,
    MaskwatchError,
    MissingExtra,
    OutputError,
    UsageError,
)


def test_version() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.stdout) == (0, f"maskwatch {__version__}\n")


@pytest.mark.parametrize("verb", [[], ["detect"], ["bench"], ["models"]])
def test_help_fits_80_columns(verb: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    done = CliRunner().invoke(app, [*verb, "--help"])
    assert done.exit_code == 0
    assert max(len(line) for line in done.stdout.splitlines()) <= 80


def test_help_of_detect_explains_the_exit_codes() -> None:
    text = " ".join(CliRunner().invoke(app, ["detect", "--help"]).stdout.split())
    for part in ("0 all done", "3 a violation", "130 Ctrl-C"):
        assert part in text


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("no"), 2),
        (MissingExtra("a window", "window"), 2),
        (ChecksumMismatch("model.onnx: changed"), 4),
        (OutputError("out", "no space left on the device"), 1),
    ],
)
def test_errors_end_the_program_with_one_line_and_a_code(
    error: MaskwatchError,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(main, "app", fail)
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == code == exit_code_of(error)
    assert capsys.readouterr().err == f"error: {error}\n"


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys; from maskwatch.cli.main import app;"
        "heavy = {'cv2', 'av', 'onnxruntime', 'torch', 'PIL', 'numpy'} & set(sys.modules);"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["models", "--json"], ["config", "schema"]]
)
def test_what_cannot_be_printed_is_one_line_and_exit_code_1(
    arguments: list[str], unbuffered: str
) -> None:
    with Path("/dev/full").open("w") as full:
        done = _program(arguments, full, PYTHONUNBUFFERED=unbuffered)
    assert (done.returncode, done.stderr) == (
        1,
        "error: standard output: no space left on the device\n",
    )


@pytest.mark.skipif(sys.platform == "win32", reason="pipes are others there")
def test_a_reader_who_has_seen_enough_ends_the_program_quietly() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as pipe:
        done = _program(["config", "schema"], pipe)
    assert (done.returncode, done.stderr) == (1, "")


def _program(
    arguments: list[str], output: IO[str], **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "maskwatch", *arguments],
        check=False,
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
