"""Files whose frames are decoded while the ones before are looked at."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from maskwatch.frames.base import FrameSource
from maskwatch.types import Frame


class ReadAhead:
    """A ``FrameSource`` that lets a thread of its own go through another one, a little ahead.

    Decoding and looking take turns otherwise, and one core waits while the other works.

    Args:
        source: a file, yet to be entered; a live source drops frames by itself instead.
        frames: at most so many are decoded before somebody asks for them, at least 1.
    """

    is_live = False

    def __init__(self, source: FrameSource, frames: int) -> None:
        if source.is_live or frames < 1:
            raise ValueError("only files are read ahead, by at least one frame")
        self._source = source
        self._frames = frames
        self._decoder: ThreadPoolExecutor | None = None

    @property
    def name(self) -> str:
        """That of the file."""
        return self._source.name

    @property
    def frame_count(self) -> int | None:
        """That of the file."""
        return self._source.frame_count

    @property
    def fps(self) -> float | None:
        """That of the file."""
        return self._source.fps

    def __enter__(self) -> Self:
        self._source.__enter__()
        self._decoder = ThreadPoolExecutor(1, "decoder")
        return self

    def __exit__(self, *exc: object) -> None:
        if self._decoder is not None:
            self._decoder.shutdown(cancel_futures=True)  # nobody may read a closed file
        self._source.__exit__(*exc)

    def __iter__(self) -> Iterator[Frame]:
        """The same frames as of the file, and the same error in their place."""
        decoder = self._decoder
        if decoder is None:
            raise RuntimeError("a ReadAhead is opened with `with` before it is iterated")
        frames = iter(self._source)
        ahead = deque(decoder.submit(next, frames, None) for _ in range(self._frames))
        while (frame := ahead.popleft().result()) is not None:
            ahead.append(decoder.submit(next, frames, None))
            yield frame
