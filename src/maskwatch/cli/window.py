"""The live window of ``--show``."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Self

import cv2

from maskwatch.errors import MissingExtra, UsageError
from maskwatch.types import Image

_TITLE = "maskwatch (q quits)"
_QUIT_KEYS = (ord("q"), ord("Q"), 27)
_ROOM = (1280, 720)
"""Width and height that most screens have for a window."""


class Window:
    """A window for all pictures of a run; opened on entering the context.

    Raises on entering:
        MissingExtra: the OpenCV that is installed has no windows.
        UsageError: there is no display to put one on.
    """

    def __init__(self) -> None:
        self.quit_wanted = False
        """True once the user has pressed q or Ctrl-C, or closed the window."""
        self._is_sized = False

    def __enter__(self) -> Self:
        check_windows_work()
        cv2.namedWindow(_TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
        return self

    def __exit__(self, *exc: object) -> None:
        cv2.destroyAllWindows()

    def for_source(self, *, is_picture: bool) -> WindowSink:
        """What shows the pictures of one source: a single one stays until a key is pressed."""
        return WindowSink(self, wait_ms=0 if is_picture else 1)

    def show(self, image: Image, wait_ms: int) -> None:
        """Shows a picture and takes a key; 0 ms waits until there is one."""
        if not self._is_sized:
            cv2.resizeWindow(_TITLE, *size_for(image))
            self._is_sized = True
        cv2.imshow(_TITLE, image)
        try:
            self._wait(wait_ms)
        except KeyboardInterrupt:
            self.quit_wanted = True
            raise

    def _wait(self, wait_ms: int) -> None:
        if wait_ms:
            self._heed(cv2.waitKey(wait_ms))
            return
        while not self.quit_wanted:
            # In short turns, so that closing the window and Ctrl-C are noticed.
            key = cv2.waitKey(100)
            self._heed(key)
            if key != -1:
                return

    def _heed(self, key: int) -> None:
        self.quit_wanted = self.quit_wanted or _is_closed() or (key & 0xFF) in _QUIT_KEYS


def size_for(image: Image) -> tuple[int, int]:
    """Width and height of the largest window for a picture that fits on most screens."""
    height, width = image.shape[:2]
    factor = min(_ROOM[0] / width, _ROOM[1] / height)
    return max(1, round(factor * width)), max(1, round(factor * height))


def _is_closed() -> bool:
    try:
        return cv2.getWindowProperty(_TITLE, cv2.WND_PROP_VISIBLE) < 1
    except cv2.error:  # OpenCV on Qt, once its last window is closed
        return True


class WindowSink:
    """A ``PictureSink`` onto a window."""

    def __init__(self, window: Window, wait_ms: int) -> None:
        self._window = window
        self._wait_ms = wait_ms

    def write(self, image: Image, t: float) -> None:  # noqa: ARG002 - shown as soon as it is there
        """Shows the picture, unless the user wants no more."""
        if not self._window.quit_wanted:
            self._window.show(image, self._wait_ms)

    def close(self) -> None:
        """The window stays for the next source."""


def check_windows_work() -> None:
    """Raises MissingExtra or UsageError, saying what is missing, if no window can be shown."""
    if re.search(r"GUI:\s+NONE", cv2.getBuildInformation()):
        raise MissingExtra("--show: a window", "window")
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        raise UsageError("--show: there is no display here (neither DISPLAY nor WAYLAND_DISPLAY)")
    # Qt ends the whole process when a display does not answer, so a child tries first.
    trial = [sys.executable, "-c", "import cv2; cv2.namedWindow('maskwatch')"]
    if subprocess.run(trial, capture_output=True, check=False).returncode != 0:  # noqa: S603
        raise UsageError("--show: the display does not answer")
