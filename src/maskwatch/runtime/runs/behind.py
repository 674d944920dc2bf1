"""Pictures that are written while the next ones are looked at."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from maskwatch.errors import OutputError
from maskwatch.outputs.base import PictureSink
from maskwatch.types import Image

_WAITING_PICTURES = 1
"""Of a video, to be encoded: enough for the encoder never to wait. One of 4K takes 25 MB."""


def video_sink(path: Path, fps: float | None, threads: int | None) -> PictureSink:
    """A video file, written behind unless there is to be one thread only."""
    from maskwatch.outputs.video import VideoFile  # for pictures alone no video need be loaded

    if threads == 1:
        return VideoFile(path, fps, threads=1)
    return WriteBehind(VideoFile(path, fps), _WAITING_PICTURES)


class WriteBehind:
    """A ``PictureSink`` that lets a thread of its own write to another one, a little later.

    What that meets with is raised when a later picture is given, or on closing.

    Args:
        sink: belongs to this from now on.
        pictures: at most so many wait, at least 1.
    """

    def __init__(self, sink: PictureSink, pictures: int) -> None:
        if pictures < 1:
            raise ValueError("at least one picture must be able to wait")
        self._sink = sink
        self._pictures = pictures
        self._writer = ThreadPoolExecutor(1, "writer")
        self._waiting: deque[Future[None]] = deque()
        self._has_failed = False

    def write(self, image: Image, t: float) -> None:
        """Has a picture written, which nobody may change any more.

        Raises:
            OutputError: an earlier one could not be written.
        """
        while len(self._waiting) >= self._pictures:
            self._waiting.popleft().result()
        self._waiting.append(self._writer.submit(self._write, image, t))

    def close(self) -> None:
        """Writes what waits and finishes; nothing more is tried after a picture that failed.

        Raises:
            OutputError: something could not be written.
        """
        try:
            while self._waiting:
                self._waiting.popleft().result()
        finally:
            self._waiting.clear()
            self._writer.shutdown(cancel_futures=True)
            self._sink.close()

    def _write(self, image: Image, t: float) -> None:
        if self._has_failed:
            return  # a sink that failed is not used again
        try:
            self._sink.write(image, t)
        except OutputError:
            self._has_failed = True
            raise
