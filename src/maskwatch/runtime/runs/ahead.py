"""Files that are decoded while what came before is looked at."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import Protocol, Self

from maskwatch.frames.base import FrameSource
from maskwatch.frames.discover import SourceSpec
from maskwatch.frames.sniff import SourceKind
from maskwatch.types import Frame

MAX_BYTES = 80_000_000
"""Of pictures that wait: 24 of 1920x1080, six of 4K."""


class DecodedSource(FrameSource, Protocol):
    """A video file."""

    @property
    def picture_bytes(self) -> int:
        """About what a decoded picture takes, at least 1; known once open."""
        ...


class ReadAhead:
    """A ``FrameSource`` that lets a thread of its own go through another one, a little ahead.

    Decoding and looking take turns otherwise, and one core waits while the other works.

    Args:
        source: a file, yet to be entered; a live source drops frames by itself instead.
        frames: at most so many are decoded before somebody asks for them, at least 1.
        max_bytes: and at most as many as fit in this, but always one.
    """

    is_live = False

    def __init__(self, source: DecodedSource, frames: int, max_bytes: int = MAX_BYTES) -> None:
        if source.is_live or frames < 1:
            raise ValueError("only files are read ahead, by at least one frame")
        self._source = source
        self._frames = frames
        self._max_bytes = max_bytes
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

    @property
    def damaged(self) -> int:
        """That of the file, as far as it is decoded."""
        return self._source.damaged

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
        fitting = max(1, self._max_bytes // self._source.picture_bytes)
        places = min(self._frames, fitting)
        ahead = deque(decoder.submit(next, frames, None) for _ in range(places))
        while (frame := ahead.popleft().result()) is not None:
            ahead.append(decoder.submit(next, frames, None))
            yield frame


class PicturesAhead:
    """Opens sources one after the other, and has each next picture read before its turn.

    A context manager; leaving it ends its thread.

    Args:
        open_source: from a spec to a source that is yet to be entered.
        specs: all sources, in the order in which they will be opened.
    """

    def __init__(
        self, open_source: Callable[[SourceSpec], FrameSource], specs: Sequence[SourceSpec]
    ) -> None:
        self._open_source = open_source
        self._following = dict(pairwise(specs))
        self._waiting: dict[SourceSpec, _PictureAhead] = {}
        self._reader = ThreadPoolExecutor(1, "reader")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._reader.shutdown(cancel_futures=True)

    def __call__(self, spec: SourceSpec) -> FrameSource:
        """The source of a spec; only now is the one after it read."""
        source = self._waiting.pop(spec, None) or self._open_source(spec)
        following = self._following.get(spec)
        if following is not None and following.kind is SourceKind.IMAGE:
            picture = self._open_source(following)
            frames = self._reader.submit(_frames_of, picture)
            self._waiting[following] = _PictureAhead(picture, frames)
        return source


def _frames_of(source: FrameSource) -> list[Frame]:
    with source:
        return list(source)


class _PictureAhead:
    """A picture that is being read, as a source of one frame."""

    is_live = False
    frame_count = 1
    fps = None
    damaged = 0

    def __init__(self, picture: FrameSource, frames: Future[list[Frame]]) -> None:
        self.name = picture.name
        self._frames = frames

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def __iter__(self) -> Iterator[Frame]:
        """The frame, or the error that reading it met with."""
        yield from self._frames.result()
