"""Video files, decoded within this process."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

import av
import av.error

from maskwatch.errors import SourceError, SourceNotFound, UnreadableVideo
from maskwatch.frames.avio import plain_reason
from maskwatch.frames.bgr import BgrConverter
from maskwatch.frames.containers import open_container
from maskwatch.frames.decoder import Decoded, Decoder, Passed, video_stream
from maskwatch.frames.deferred import DeferredFrame, PassedFrame
from maskwatch.reasons import system_reason

if TYPE_CHECKING:
    from av.container import InputContainer

    from maskwatch.frames.orientation import Turn
    from maskwatch.frames.sampling import Sampler
    from maskwatch.types import Frame


class VideoSource:
    """A video file, frame by frame, once.

    Opened on entering the context, where a file that is no video raises. Times come from the file's
    own stamps, so a variable frame rate is right. Pictures are turned and mirrored as the file asks
    for, and converted when somebody looks at them. Iterating yields what can be decoded and then
    raises `UnreadableVideo` if the file breaks off before the end that its headers state. (An MPEG
    transport stream states none: one that was cut simply ends.)

    Args:
        path: the file; its content counts, not its extension.
        name: what frames and errors call it; by default the path.
        sampler: which frames to deliver; the others are decoded but not converted.
        threads: decoding threads; 0 leaves the number to FFmpeg.
        spacing_s: frames are looked at no closer together than this, so that some of those in
            between may come without a picture, as a `PassedFrame`; 0 for all with theirs.
        turn: by which upright pictures are turned after all.
    """

    is_live = False

    def __init__(
        self,
        path: Path,
        name: str | None = None,
        *,
        sampler: Sampler | None = None,
        threads: int = 0,
        spacing_s: float = 0.0,
        turn: Turn = 0,
    ) -> None:
        self.name = str(path) if name is None else name
        self._path = path
        self._sampler = sampler
        self._threads = threads
        self._spacing_s = spacing_s
        self._turn = turn
        self._container: InputContainer | None = None
        self._decoder: Decoder | None = None

    @property
    def frame_count(self) -> int | None:
        """Expected number of frames in the file, whatever the sampler takes; known once open."""
        return self._decoder.frame_count if self._decoder else None

    @property
    def fps(self) -> float | None:
        """Average frames per second of the file; known once open."""
        return self._decoder.fps if self._decoder else None

    @property
    def picture_bytes(self) -> int:
        """About what a picture takes as it is decoded, at least 1; known once open."""
        return self._decoder.picture_bytes if self._decoder else 1

    @property
    def damaged(self) -> int:
        """Frames left out so far because they could not be decoded whole."""
        return self._decoder.damaged if self._decoder else 0

    def __enter__(self) -> Self:
        self._container = self._open()
        stream = video_stream(self._container)
        if stream is None:
            self._container.close()
            raise UnreadableVideo(self.name, "there is no video stream in it")
        self._decoder = Decoder(self._container, stream, threads=self._threads)
        return self

    def __exit__(self, *exc: object) -> None:
        if self._container is not None:
            self._container.close()

    def __iter__(self) -> Iterator[Frame]:
        """Yields the frames that the sampler wants.

        Raises:
            UnreadableVideo: nothing can be decoded, or the file breaks off; what came before
                has been delivered.
        """
        decoder = self._decoder
        if decoder is None:
            raise RuntimeError("a VideoSource is opened with `with` before it is iterated")
        to_bgr = BgrConverter(decoder.pixel_aspect, self._turn)
        try:
            for decoded in decoder.spaced(self._spacing_s):
                if self._sampler is None or self._sampler.wants(decoded.index, decoded.t):
                    yield self._frame(decoded, to_bgr)
        except av.FFmpegError as error:
            reason = f"{plain_reason(error)} {decoder.how_far()}"
            raise UnreadableVideo(self.name, reason) from error
        if decoder.delivered == 0:
            raise UnreadableVideo(self.name, "no frame of it can be decoded")
        if decoder.is_cut_off:
            raise UnreadableVideo(self.name, f"cut off {decoder.how_far()}")

    def _frame(self, decoded: Decoded | Passed, to_bgr: BgrConverter) -> Frame:
        if isinstance(decoded, Passed):
            return PassedFrame(self.name, decoded.index, decoded.t)
        make = partial(to_bgr, decoded.frame)
        return DeferredFrame(self.name, decoded.index, decoded.t, make)

    def _open(self) -> InputContainer:
        """The open container; "file:" keeps FFmpeg from taking a name for a protocol."""
        try:
            if self._path.stat().st_size == 0:
                raise UnreadableVideo(self.name, "empty file (0 bytes)")
            return open_container(f"file:{self._path}")
        except (av.error.InvalidDataError, av.error.EOFError) as error:
            reason = "not a video, or damaged from the start"
            raise UnreadableVideo(self.name, reason) from error
        except FileNotFoundError as error:
            raise SourceNotFound(self.name, "no such file") from error
        except av.FFmpegError as error:
            raise UnreadableVideo(self.name, plain_reason(error)) from error
        except OSError as error:
            raise SourceError(self.name, system_reason(error)) from error
