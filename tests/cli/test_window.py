import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwatch.cli.window import Window, size_for
from maskwatch.errors import MissingExtra, UsageError
from tests.cli.conftest import Detect
from tests.painted import paint_picture
from tests.servers.local import web_server

PICTURE = np.zeros((4, 4, 3), np.uint8)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Puts doubles in the place of OpenCV's windows; returns what waits were asked for."""

    def set_up(keys: list[int], visible: float = 1.0) -> list[int]:
        waits: list[int] = []

        def wait_key(wait_ms: int) -> int:
            waits.append(wait_ms)
            return keys.pop(0) if keys else -1

        monkeypatch.setattr("maskwatch.cli.window.check_windows_work", lambda: None)
        monkeypatch.setattr(cv2, "namedWindow", lambda *_: None)
        monkeypatch.setattr(cv2, "imshow", lambda *_: None)
        monkeypatch.setattr(cv2, "resizeWindow", lambda *_: None)
        monkeypatch.setattr(cv2, "destroyAllWindows", lambda: None)
        monkeypatch.setattr(cv2, "getWindowProperty", lambda *_: visible)
        monkeypatch.setattr(cv2, "waitKey", wait_key)
        return waits

    return set_up


def test_a_video_runs_on_without_keys_and_q_quits(screen: Callable[..., list[int]]) -> None:
    screen([-1, ord("x"), ord("q")])
    with Window() as window:
        sink = window.for_source(is_picture=False)
        for expected in (False, False, True):
            sink.write(PICTURE, 0.0)
            assert window.quit_wanted is expected


def test_a_picture_stays_until_a_key_is_pressed(screen: Callable[..., list[int]]) -> None:
    waits = screen([-1, -1, ord(" ")])
    with Window() as window:
        window.for_source(is_picture=True).write(PICTURE, 0.0)
        assert len(waits) == 3
        assert not window.quit_wanted


def test_a_picture_of_a_web_server_stays_too(
    screen: Callable[..., list[int]], detect: Detect
) -> None:
    paint_picture(Path("a.png"), [])
    waits = screen([-1, -1, ord(" ")])
    with web_server(Path()) as server:
        assert detect(f"{server.url}/a.png", "--show", "--quiet").exit_code == 0
    assert len(waits) == 3


def test_ctrl_c_before_a_picture_shows_it_no_more(
    screen: Callable[..., list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written of it as well is written then, and nobody is to press a key for it."""

    def strike(_: int) -> int:
        raise KeyboardInterrupt

    screen([])
    monkeypatch.setattr(cv2, "waitKey", strike)
    with Window() as window:
        sink = window.for_source(is_picture=True)
        with pytest.raises(KeyboardInterrupt):
            sink.write(PICTURE, 0.0)
        sink.write(PICTURE, 0.0)
        assert window.quit_wanted


def test_closing_the_window_quits(screen: Callable[..., list[int]]) -> None:
    screen([], visible=0.0)
    with Window() as window:
        window.for_source(is_picture=True).write(PICTURE, 0.0)
        assert window.quit_wanted


def test_closing_the_window_quits_where_opencv_then_knows_of_none(
    screen: Callable[..., list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As OpenCV 4.14 does on Qt."""

    def unknown(*_: object) -> float:
        raise cv2.error("NULL guiReceiver (please create a window)")

    screen([])
    monkeypatch.setattr(cv2, "getWindowProperty", unknown)
    with Window() as window:
        window.for_source(is_picture=False).write(PICTURE, 0.0)
        assert window.quit_wanted


@pytest.mark.parametrize(
    ("picture", "window"),
    [((2160, 3840), (1280, 720)), ((1280, 720), (405, 720)), ((240, 320), (960, 720))],
)
def test_the_window_is_as_large_as_most_screens_allow_in_the_shape_of_the_first_picture(
    screen: Callable[..., list[int]],
    monkeypatch: pytest.MonkeyPatch,
    picture: tuple[int, int],
    window: tuple[int, int],
) -> None:
    screen([])
    sizes: list[tuple[int, int]] = []
    monkeypatch.setattr(cv2, "resizeWindow", lambda _, *size: sizes.append(size))
    first = np.zeros((*picture, 3), np.uint8)
    assert size_for(first) == window
    with Window() as shown:
        for image in (first, PICTURE):
            shown.for_source(is_picture=False).write(image, 0.0)
    assert sizes == [window]  # once: then it is as the user wants it


def test_an_opencv_without_windows_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: "  GUI:            NONE\n")
    with pytest.raises(MissingExtra, match=r"pip install 'maskwatch\[window\]'"):
        Window().__enter__()


def with_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: "  GUI:            QT5\n")
    monkeypatch.setattr("sys.platform", "linux")


def test_no_display_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with_windows(monkeypatch)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(UsageError, match="--show: there is no display here"):
        Window().__enter__()


def test_a_display_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with_windows(monkeypatch)
    monkeypatch.setenv("DISPLAY", ":987")
    monkeypatch.setattr(
        subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], returncode=-6)
    )
    with pytest.raises(UsageError, match="--show: the display does not answer"):
        Window().__enter__()
