from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from maskwatch.outputs.standard import StandardError

needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")


@needs_full
def test_what_cannot_be_said_is_lost_and_nothing_else() -> None:
    full = io.BufferedWriter(io.FileIO(os.open("/dev/full", os.O_WRONLY), "w"))
    errors = StandardError(full, "utf-8", line_buffering=True)
    assert errors.write("one\n") == 4
    assert errors.write("more than a buffer holds\n" * 1000) == 25_000
    errors.flush()
    errors.detach()
    with pytest.raises(OSError, match="No space left"):
        full.close()


@needs_full
@pytest.mark.parametrize(("failure", "code"), [("", 1), ("; sys.exit(3)", 3), ("; 1 / 0", 1)])
def test_a_program_that_failed_before_its_output_does_ends_by_that(failure: str, code: int) -> None:
    program = (
        "import sys; from maskwatch.outputs.standard import standard_streams\n"
        f"with standard_streams(): print('x'){failure}"
    )
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", program],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": ""},  # so that it fails at the end
        )
    assert done.returncode == code
    assert ("OutputError" in done.stderr) == (failure == "")
