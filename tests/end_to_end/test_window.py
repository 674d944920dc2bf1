"""``--show`` on a real (virtual) display, with a real key press."""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from maskwatch.types import State
from tests.components import need
from tests.end_to_end.test_detect import environment
from tests.painted import paint_picture


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A screen of its own, which the server itself numbers, so that no other is in the way."""
    need("Xvfb", shutil.which("Xvfb") is not None, "apt-get install xvfb")
    need("xdotool", shutil.which("xdotool") is not None, "apt-get install xdotool")
    has_windows = not re.search(r"GUI:\s+NONE", cv2.getBuildInformation())
    need("an OpenCV with windows", has_windows, "it comes with the extra [window]")
    server = subprocess.Popen(
        # Without -noreset the server starts afresh whenever its last client leaves, which
        # xdotool does at each look, and refuses a program that connects at that moment.
        ["Xvfb", "-displayfd", "1", "-screen", "0", "800x600x24", "-nolisten", "tcp", "-noreset"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        yield f":{server.stdout.readline().strip()}"
    finally:
        server.terminate()
        server.communicate(timeout=20)


def window_of(program: subprocess.Popen[str], display: str, deadline_s: float = 60) -> str:
    """The id of the program's window, once it is on the screen."""
    end = time.monotonic() + deadline_s
    search = ["xdotool", "search", "--onlyvisible", "--name", "maskwatch"]
    while time.monotonic() < end:
        assert program.poll() is None, program.communicate()[1]
        found = subprocess.run(search, env={"DISPLAY": display}, capture_output=True, text=True)
        if found.stdout.split():
            return found.stdout.split()[0]
        time.sleep(0.1)
    raise AssertionError("no window came up")


def press_q_until_it_ends(
    program: subprocess.Popen[str], display: str, window: str, deadline_s: float = 60
) -> None:
    """Like a person's hand: a window that has only just come up may miss the first key."""
    end = time.monotonic() + deadline_s
    press_q = ["xdotool", "windowfocus", window, "key", "q"]
    while program.poll() is None:
        assert time.monotonic() < end, "the window does not heed the key q"
        subprocess.run(press_q, env={"DISPLAY": display}, capture_output=True)
        time.sleep(0.5)


def test_a_picture_stays_until_q_is_pressed_and_then_the_run_ends(
    display: str, tmp_path: Path
) -> None:
    for name in ("a.png", "b.png"):
        paint_picture(tmp_path / name, [(State.MASK, 80, 120)])
    arguments = ["detect", "a.png", "b.png", "--show", "--no-annotate", "--jsonl", "rows.jsonl"]
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.end_to_end.program", *arguments],
        cwd=tmp_path,
        env=environment(0) | {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        window = window_of(program, display)
        press_q_until_it_ends(program, display, window)
        _, errors = program.communicate(timeout=30)
    finally:
        program.kill()
        program.communicate()  # closes the pipes also when no window came up
    assert program.returncode == 0, errors
    assert "b.png" not in (tmp_path / "rows.jsonl").read_text()
