"""Annotated video: H.264 in MP4, with the times of the source."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import av
import av.error
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from maskwatch.errors import OutputError
from maskwatch.reasons import system_reason
from maskwatch.types import Image

if TYPE_CHECKING:
    from av.video.stream import VideoStream

# Divides evenly by the frame times of 24, 25, 30, 50 and 60 fps and of 30000/1001 and 60000/1001;
# MPEG-4 part 2 allows nothing finer than 1/65535.
_TIME_BASE = Fraction(1, 60_000)

# Fragments make what was written so far playable if the process is killed; on a proper end the
# file becomes an ordinary MP4 with an index. They end by time as well as with key frames, which are
# minutes apart where pictures are rare.
_MUXING = {
    "movflags": "hybrid_fragmented+frag_keyframe+empty_moov+default_base_moof",
    "frag_duration": "1000000",  # microseconds
    "flush_packets": "1",
}
_KEY_FRAME_EVERY = 50
_ENCODERS: tuple[tuple[str, dict[str, str]], ...] = (
    # Without B-frames the first picture is at 0 s even where fragments allow no edit list. Each
    # picture that is looked ahead at is held; two instead of ten take a third less memory and a
    # tenth off the file, for 0.3 dB.
    ("libx264", {"preset": "veryfast", "crf": "23", "bf": "0", "rc-lookahead": "2"}),
    ("libopenh264", {}),
    ("mpeg4", {}),
)
_LARGE_PX = 720
"""Rows from which a picture is one of high definition."""
_BT709, _SMPTE170M = 1, 6
"""Numbers of primaries, transfer curve and matrix in ITU-T H.273, tables 2 to 4; the second are
those of BT.601 for 525 lines."""
_BITS_PER_PIXEL = 0.12
"""For encoders without constant quality."""


class VideoFile:
    """A ``PictureSink`` for video. The file is made when the first picture comes.

    Sides become even, as H.264 wants them, by repeating the last row or column. Later pictures
    of another size are scaled to that of the first. Sound is not carried over.

    Args:
        path: ends with ``.mp4``.
        fps: nominal rate of the source, a hint for the encoder; the times count.
        threads: of the encoder. Two keep up with what finds and draws; each holds pictures.
    """

    def __init__(self, path: Path, fps: float | None = None, *, threads: int = 2) -> None:
        self._path = path
        self._threads = threads
        self._fps = fps or 25.0
        self._encoding: _Encoding | None = None

    def write(self, image: Image, t: float) -> None:
        """Encodes one picture at ``t`` seconds; a time that is not later is put just after."""
        with _output_errors(self._path):
            if self._encoding is None:
                height, width = image.shape[:2]
                self._encoding = _Encoding(self._path, width, height, self._fps, self._threads)
            self._encoding.add(image, t)

    def close(self) -> None:
        """Writes what the encoder still holds and the index; nothing if no picture came."""
        encoding, self._encoding = self._encoding, None
        if encoding is not None:
            with _output_errors(self._path):
                encoding.finish()


class _Encoding:
    """An open file and the stream in it."""

    def __init__(self, path: Path, width: int, height: int, fps: float, threads: int) -> None:
        encoder, options = next(each for each in _ENCODERS if each[0] in av.codecs_available)
        # "file:" keeps FFmpeg from taking a name for a protocol.
        self._container = av.open(
            f"file:{path}",
            "w",
            format="mp4",
            options=_MUXING,
        )
        rate = Fraction(fps).limit_denominator(1001)
        stream = cast(
            "VideoStream", self._container.add_stream(encoder, rate=rate, options=options)
        )
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt = "yuv420p"
        # Players take large pictures for BT.709 and small ones for BT.601 unless told, and some
        # even then.
        is_large = stream.height >= _LARGE_PX
        self._matrix = Colorspace.ITU709 if is_large else Colorspace.ITU601
        context = stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = (
            _BT709 if is_large else _SMPTE170M
        )
        context.color_range = ColorRange.MPEG
        self._reformatter = VideoReformatter()
        stream.codec_context.time_base = _TIME_BASE
        stream.codec_context.gop_size = _KEY_FRAME_EVERY
        stream.codec_context.thread_count = threads
        stream.codec_context.thread_type = "FRAME"  # whole pictures side by side, not their slices
        if encoder != "libx264":
            stream.codec_context.bit_rate = int(_BITS_PER_PIXEL * width * height * fps)
        self._container.start_encoding()  # an impossible path shows now
        self._stream = stream
        self._last_pts = -1

    def add(self, image: Image, t: float) -> None:
        fitted = _fitted(image, self._stream.width, self._stream.height)
        picture = self._reformatter.reformat(
            av.VideoFrame.from_ndarray(fitted, format="bgr24"),
            format="yuv420p",
            dst_colorspace=self._matrix,
            dst_color_range=ColorRange.MPEG,
        )
        self._last_pts = max(round(t / _TIME_BASE), self._last_pts + 1)
        picture.pts, picture.time_base = self._last_pts, _TIME_BASE
        self._container.mux(self._stream.encode(picture))

    def finish(self) -> None:
        try:
            self._container.mux(self._stream.encode(None))
        finally:
            self._container.close()


@contextmanager
def _output_errors(path: Path) -> Iterator[None]:
    """Turns FFmpeg's and the system's errors into OutputError."""
    try:
        yield
    except OSError as error:
        raise OutputError(str(path), system_reason(error)) from error
    except av.FFmpegError as error:
        raise OutputError(str(path), f"cannot be encoded ({error.strerror})") from error


def _fitted(image: Image, width: int, height: int) -> Image:
    """The picture in the size of the stream, an odd side filled up by one."""
    below, right = height - image.shape[0], width - image.shape[1]
    if (below, right) == (0, 0):
        return image
    if below in (0, 1) and right in (0, 1):
        padded = cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_REPLICATE)
        return np.asarray(padded, np.uint8)
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
