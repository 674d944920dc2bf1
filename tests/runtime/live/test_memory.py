from __future__ import annotations

import sys
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np
import pytest

from maskwatch.runtime.live.memory import FrameReader, FrameWriter


def image(level: int, height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def test_a_frame_comes_out_as_it_went_in_and_is_a_copy() -> None:
    reader, writer = FrameReader(), FrameWriter()
    first = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    assert not writer.has_room(first)
    writer.use(reader.allocate(first.nbytes))
    assert writer.has_room(first)
    writer.write(first)
    taken = reader.read(2, 3)
    writer.write(image(9, 2, 3))
    assert np.array_equal(taken, first)
    assert reader.read(2, 3).max() == 9
    reader.free()


def test_a_larger_frame_needs_and_gets_more_room() -> None:
    reader, writer = FrameReader(), FrameWriter()
    writer.use(reader.allocate(image(1, 2, 3).nbytes))
    large = image(7, 200, 300)
    assert not writer.has_room(large)
    writer.use(reader.allocate(large.nbytes))
    writer.write(large)
    assert np.array_equal(reader.read(200, 300), large)
    reader.free()


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="it lies elsewhere")  # noqa: S108
def test_freeing_what_somebody_else_has_removed_is_harmless() -> None:
    reader = FrameReader()
    name = reader.allocate(10)
    (Path("/dev/shm") / name).unlink()  # noqa: S108
    reader.free()
    reader.free()


@pytest.mark.skipif(sys.platform == "win32", reason="it goes with its last user there")
def test_before_a_frame_is_in_it_the_memory_has_no_name_that_could_outlive_the_processes() -> None:
    reader, writer = FrameReader(), FrameWriter()
    frame = image(7, 2, 3)
    name = reader.allocate(frame.nbytes)
    writer.use(name)
    with pytest.raises(FileNotFoundError):
        SharedMemory(name)
    writer.write(frame)
    assert np.array_equal(reader.read(2, 3), frame)
    reader.free()


def test_freeing_twice_is_harmless() -> None:
    reader = FrameReader()
    reader.allocate(10)
    reader.free()
    reader.free()
    with pytest.raises(RuntimeError):
        reader.read(1, 1)
