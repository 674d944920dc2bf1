from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Self

import numpy as np
import pytest

from maskwatch.errors import UnreadableVideo
from maskwatch.frames.base import FrameSource
from maskwatch.frames.discover import SourceSpec
from maskwatch.frames.sniff import SourceKind
from maskwatch.runtime.runs.ahead import PicturesAhead, ReadAhead
from maskwatch.types import Frame

PATIENCE_S = 60.0


class Film:
    """A file of so many frames, which knows how it is read."""

    name, is_live, fps, picture_bytes, damaged = "film.mp4", False, 25.0, 10, 3

    def __init__(self, frames: int, torn: bool = False) -> None:
        self.frame_count = frames
        self.delivered = 0
        self.is_open = False
        self.reader: threading.Thread | None = None
        self._is_torn = torn
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        self.is_open = True
        return self

    def __exit__(self, *exc: object) -> None:
        self.is_open = False

    def __iter__(self) -> Iterator[Frame]:
        self.reader = threading.current_thread()
        for index in range(self.frame_count):
            assert self.is_open
            with self._changed:
                self.delivered += 1
                self._changed.notify()
            yield Frame(self.name, index, index / 25, np.zeros((2, 2, 3), np.uint8))
        if self._is_torn:
            raise UnreadableVideo(self.name, "cut off")

    def wait_for(self, delivered: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.delivered >= delivered, PATIENCE_S)


def test_all_frames_come_in_order_from_another_thread() -> None:
    film = Film(20)
    with ReadAhead(film, 4) as source:
        assert [frame.index for frame in source] == list(range(20))
    assert film.reader not in (None, threading.current_thread())
    assert not film.is_open


def test_as_many_as_allowed_are_decoded_before_they_are_asked_for() -> None:
    film = Film(20)
    with ReadAhead(film, 4) as source:
        frames = iter(source)
        next(frames)
        assert film.wait_for(5)
        assert film.delivered == 5  # and no more, as the thread has nothing left to do


@pytest.mark.parametrize(("max_bytes", "waiting"), [(25, 2), (9, 1)])
def test_large_pictures_are_fewer(max_bytes: int, waiting: int) -> None:
    film = Film(20)
    with ReadAhead(film, 4, max_bytes) as source:
        frames = iter(source)
        next(frames)
        assert film.wait_for(waiting + 1)
    assert film.delivered == waiting + 1


def test_an_error_comes_after_the_frames_before_it() -> None:
    with ReadAhead(Film(3, torn=True), 8) as source:
        frames = iter(source)
        assert [next(frames).index for _ in range(3)] == [0, 1, 2]
        with pytest.raises(UnreadableVideo, match="cut"):
            next(frames)


def test_a_file_is_closed_only_when_its_thread_has_ended() -> None:
    """Even while somebody still holds the iterator, as the traceback of a Ctrl-C does."""
    film = Film(1000)
    with ReadAhead(film, 4) as source:
        frames = iter(source)
        next(frames)
    assert film.delivered <= 5
    assert film.reader is not None
    assert not film.reader.is_alive()
    assert not film.is_open


def test_what_describes_the_file_is_passed_on() -> None:
    source = ReadAhead(Film(7), 1)
    assert (source.name, source.is_live, source.fps) == ("film.mp4", False, 25.0)
    assert (source.frame_count, source.damaged) == (7, 3)


def test_a_live_source_is_not_read_ahead() -> None:
    camera = Film(1)
    camera.is_live = True
    with pytest.raises(ValueError, match="only files"):
        ReadAhead(camera, 1)


def frames_of(source: FrameSource) -> int:
    with source:
        return len(list(source))


class Album:
    """Opens sources, and knows which were opened and which pictures were read."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.films: dict[str, Film] = {}

    def __call__(self, spec: SourceSpec) -> FrameSource:
        self.opened.append(spec.name)
        self.films[spec.name] = Film(1, torn=spec.name.startswith("bad"))
        return self.films[spec.name]

    def specs(self, *names: str) -> list[SourceSpec]:
        kinds = {".jpg": SourceKind.IMAGE, ".mp4": SourceKind.VIDEO}
        return [SourceSpec(name, kinds[name[-4:]], name) for name in names]


def test_the_next_picture_is_read_while_one_is_looked_at() -> None:
    album = Album()
    specs = album.specs("a.jpg", "b.jpg", "c.jpg")
    with PicturesAhead(album, specs) as opened:
        assert frames_of(opened(specs[0])) == 1
        assert album.opened == ["a.jpg", "b.jpg"]
        assert album.films["b.jpg"].wait_for(1)
        with opened(specs[1]) as source:
            assert (source.name, source.frame_count, len(list(source))) == ("film.mp4", 1, 1)
        assert album.opened == ["a.jpg", "b.jpg", "c.jpg"]
    assert album.films["a.jpg"].reader is threading.current_thread()
    assert album.films["b.jpg"].reader not in (None, threading.current_thread())


def test_a_bad_picture_is_reported_in_its_turn() -> None:
    album = Album()
    specs = album.specs("a.jpg", "bad.jpg", "c.jpg")
    with PicturesAhead(album, specs) as opened:
        assert frames_of(opened(specs[0])) == 1
        source = opened(specs[1])
        with pytest.raises(UnreadableVideo):
            frames_of(source)
        assert frames_of(opened(specs[2])) == 1


def test_videos_wait_for_their_turn() -> None:
    album = Album()
    specs = album.specs("a.jpg", "b.mp4")
    with PicturesAhead(album, specs) as opened:
        opened(specs[0])
        assert album.opened == ["a.jpg"]
        assert opened(specs[1]) is album.films["b.mp4"]
