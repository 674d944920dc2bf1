from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from maskwatch.errors import OutputError
from maskwatch.runtime.runs.behind import WriteBehind, video_sink
from maskwatch.types import Image
from tests.runtime.processes import wait_until

PATIENCE_S = 60.0
PICTURE: Image = np.zeros((2, 2, 3), np.uint8)


class Tape:
    """Keeps the times of its pictures; can be told to wait, or to be full."""

    def __init__(self, full_at: float | None = None) -> None:
        self.times: list[float] = []
        self.writers: set[threading.Thread] = set()
        self.is_closed = False
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self._full_at = full_at

    def write(self, _image: Image, t: float) -> None:
        assert self.may_go_on.wait(PATIENCE_S)
        assert not self.is_closed
        self.writers.add(threading.current_thread())
        self.times.append(t)
        if t == self._full_at:
            raise OutputError("tape", "no space left")

    def close(self) -> None:
        self.is_closed = True


def test_pictures_are_written_in_order_by_another_thread() -> None:
    tape = Tape()
    sink = WriteBehind(tape, 2)
    for t in range(20):
        sink.write(PICTURE, t)
    sink.close()
    assert tape.times == list(range(20))
    assert tape.is_closed
    (writer,) = tape.writers
    assert writer is not threading.current_thread()
    assert not writer.is_alive()


def test_no_more_than_allowed_wait() -> None:
    tape = Tape()
    tape.may_go_on.clear()
    sink = WriteBehind(tape, 2)
    given: list[int] = []

    def give() -> None:
        for t in range(4):
            sink.write(PICTURE, t)
            given.append(t)

    giver = threading.Thread(target=give)
    giver.start()
    assert wait_until(lambda: len(given) == 2)
    giver.join(0.5)
    assert given == [0, 1]  # the third has to wait for the first
    tape.may_go_on.set()
    giver.join(PATIENCE_S)
    sink.close()
    assert tape.times == [0, 1, 2, 3]


def test_a_failure_is_raised_later_and_nothing_is_written_after_it() -> None:
    tape = Tape(full_at=1)
    sink = WriteBehind(tape, 2)
    for t in range(3):  # the third waits for the first, which went well
        sink.write(PICTURE, t)
    with pytest.raises(OutputError, match="no space"):
        sink.write(PICTURE, 3)
    sink.close()
    assert tape.times == [0, 1]
    assert tape.is_closed


def test_a_failure_with_the_last_picture_is_raised_on_closing() -> None:
    tape = Tape(full_at=1)
    sink = WriteBehind(tape, 2)
    sink.write(PICTURE, 0)
    sink.write(PICTURE, 1)
    with pytest.raises(OutputError, match="no space"):
        sink.close()
    assert tape.is_closed


def test_something_must_be_able_to_wait() -> None:
    with pytest.raises(ValueError, match="at least one"):
        WriteBehind(Tape(), 0)


@pytest.mark.parametrize("threads", [1, None])
def test_a_video_is_written_without_a_thread_more_where_there_is_to_be_one(
    tmp_path: Path, threads: int | None
) -> None:
    before = set(threading.enumerate())
    sink = video_sink(tmp_path / "a.mp4", 10.0, threads)
    sink.write(PICTURE, 0.0)
    among = set(threading.enumerate())
    sink.close()
    assert bool(among - before) is (threads is None)
    assert (tmp_path / "a.mp4").stat().st_size > 0
