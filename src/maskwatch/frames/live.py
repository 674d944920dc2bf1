"""Reads a camera or a network address; may hang, so it belongs into a process of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

import av
import av.error

from maskwatch.errors import SourceCause, SourceError
from maskwatch.frames.avio import cause_of, end_reason, is_end, jump_reason, network_reason
from maskwatch.frames.containers import open_container, states_size
from maskwatch.frames.decoder import Decoded, Decoder, Passed, video_stream
from maskwatch.frames.missed import missed_packets
from maskwatch.frames.reach import OutOfReach
from maskwatch.frames.urls import RTSP_SCHEMES, scheme_of

if TYPE_CHECKING:
    from av.container import InputContainer

    from maskwatch.frames.camera import LiveInput

# FFmpeg's demuxer that takes the bytes as they come.
_RAW = "data"

# FFmpeg's demuxers that pass on still pictures as they are: jpeg_pipe, png_pipe, ...
_UNTOUCHED = ("_pipe", "image2", "gif", _RAW)

# Those for still pictures; an animation is one, as in a file.
_PICTURE_FORMATS = (*_UNTOUCHED, "apng", "ico")

# Formats whose pictures come at the speed of a camera, whatever length they claim.
_LIVE_FORMATS = ("rtsp", "sdp", "rtp", "mpjpeg")

# Addresses whose pictures come in RTP packets, of which some may be missing.
_RTP_SCHEMES = (*RTSP_SCHEMES, "rtp")

# Larger picture files are not fetched.
_MAX_STILL_BYTES = 512 * 2**20


class LiveReader:
    """One connection to a camera, a stream, or a recording or picture behind a URL.

    Opened on entering the context. Every failure is a `SourceError` whose reason is fit to be
    shown: it never holds the address.

    Args:
        source: what to open.
        open_timeout_s: how long to wait for the first data.
        read_timeout_s: how long to wait for more.
    """

    def __init__(self, source: LiveInput, *, open_timeout_s: float, read_timeout_s: float) -> None:
        self._source = source
        self._timeouts = (open_timeout_s, read_timeout_s)
        self._container: InputContainer | None = None
        self._decoder: Decoder | None = None
        self._has_missed: Callable[[], bool] = lambda: False
        self._entered = ExitStack()
        self.is_live = True
        """False for a recording, which is to be read to its end without loss."""
        self.is_bursty = False
        """Whether live pictures come a whole segment at a time."""
        self.still: bytes | None = None
        """The file, undecoded, if the address holds a single picture."""

    @property
    def fps(self) -> float | None:
        """Nominal frames per second, where the source says."""
        return self._decoder.fps if self._decoder else None

    @property
    def frame_count(self) -> int | None:
        """How many frames the headers promise."""
        return self._decoder.frame_count if self._decoder else None

    @property
    def pixel_aspect(self) -> float:
        """Width of a pixel over its height; 1 for square ones."""
        return self._decoder.pixel_aspect if self._decoder else 1.0

    @property
    def damaged(self) -> int:
        """Frames left out so far because they could not be decoded whole."""
        return self._decoder.damaged if self._decoder else 0

    @property
    def skipped(self) -> int:
        """Live frames passed over so far because there was no time to decode them."""
        return self._decoder.skipped if self._decoder else 0

    def __enter__(self) -> Self:
        asked = time.monotonic()
        try:
            url, options = self._where_to()
            if scheme_of(url) in _RTP_SCHEMES:
                self._has_missed = self._entered.enter_context(missed_packets())
            self._container = self._opened(url, options)
            if self._source.reach is not None:
                self._source.reach.check_peers()
            self._look_into(self._container)
        except OutOfReach as error:
            self._close()
            raise self._failed(str(error), error.cause) from error
        except av.FFmpegError as error:
            self._close()
            reason = self._why_not_open(error, time.monotonic() - asked)
            raise self._failed(reason, cause_of(error)) from error
        except SourceError:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def __iter__(self) -> Iterator[Decoded | Passed]:
        """Yields pictures until a recording ends; of a live source, also word of those skipped.

        Raises:
            SourceError: the source broke off; for a camera, every end is one.
        """
        if self._container is None or self._decoder is None:
            raise RuntimeError("there is nothing to iterate: not open, or a still picture")
        try:
            yield from self._pictures(self._decoder)
        except (av.error.ExitError, av.error.TimeoutError) as error:
            raise self._failed(f"no data for {self._timeouts[1]:g} s") from error
        except av.FFmpegError as error:
            needs_jump = not self.is_live and self._decoder.delivered == 0
            reason = jump_reason(error) if needs_jump else end_reason(error)
            raise self._failed(reason, cause_of(error)) from error
        if self._decoder.delivered == 0:
            raise self._failed("no frame of it can be decoded")
        # A recording may be sent live, over RTSP; its length then tells that its end is one.
        if self.is_live and not self._container.duration:
            raise self._failed("the stream has ended")
        if self._decoder.is_cut_off:
            raise self._failed(f"cut off {self._decoder.how_far()}")

    def _pictures(self, decoder: Decoder) -> Iterator[Decoded | Passed]:
        if not self.is_live:
            return iter(decoder)
        # What comes a segment at a time is late as it comes, and no later for being held back.
        keeps_up = not self.is_bursty
        is_lossy = scheme_of(self._source.url) == "udp"
        return decoder.live(keeps_up=keeps_up, has_missed=self._has_missed, believes_marks=is_lossy)

    def _opened(self, url: str, options: dict[str, str]) -> InputContainer:
        container = self._opened_as(self._source.format, url, options)
        kind = container.format.name
        if not kind.endswith(_PICTURE_FORMATS):
            return container
        # Some read as much as the server says, and nothing if it says nothing.
        if kind.endswith(_UNTOUCHED) and states_size(container):
            return container
        container.close()
        return self._opened_as(_RAW, url, options)

    def _opened_as(self, kind: str | None, url: str, options: dict[str, str]) -> InputContainer:
        return open_container(url, format=kind, options=options, timeout=self._timeouts)

    def _where_to(self) -> tuple[str, dict[str, str]]:
        """The address to open, and how."""
        source = self._source
        options = dict(source.options)
        scheme = scheme_of(source.url)
        if scheme is not None:
            # For rtmp://, "timeout" would mean waiting for a caller.
            limit = "timeout" if scheme in RTSP_SCHEMES else "rw_timeout"
            options[limit] = str(round(self._timeouts[1] * 1e6))
        if source.reach is None:
            return source.url, options
        try:
            return source.reach.pinned(source.url), options | source.reach.options(source.url)
        except ValueError as error:
            raise self._failed(str(error)) from error

    def _why_not_open(self, error: av.FFmpegError, waited_s: float) -> str:
        """RTSP calls it invalid data when it stopped waiting, so there the clock decides."""
        open_timeout_s, silence_s = self._timeouts
        if waited_s >= open_timeout_s:
            return f"no answer within {open_timeout_s:g} s"
        is_rtsp = scheme_of(self._source.url) in RTSP_SCHEMES
        silence = (av.error.TimeoutError, *((av.error.InvalidDataError,) if is_rtsp else ()))
        if waited_s >= silence_s and isinstance(error, silence):
            return f"no answer within {silence_s:g} s"
        return network_reason(error, self._source.url)

    def _look_into(self, container: InputContainer) -> None:
        if container.format.name.endswith(_PICTURE_FORMATS):
            self.is_live = False
            self.still = self._fetch(container)
            return
        stream = video_stream(container)
        if stream is None:
            raise self._failed("there is no video in it")
        self.is_live = not _is_recording(container)
        self.is_bursty = self.is_live and container.format.name == "hls"
        self._decoder = Decoder(container, stream, low_delay=self.is_live)

    def _fetch(self, container: InputContainer) -> bytes:
        """The bytes of a picture file."""
        data = bytearray()
        try:
            for packet in container.demux(container.streams[0]):
                data += bytes(packet)
                if len(data) > _MAX_STILL_BYTES:
                    limit = f"{_MAX_STILL_BYTES // 2**20} MiB"
                    raise self._failed(f"a picture file of more than the limit of {limit}")
        except av.FFmpegError as error:
            if not (data and is_end(error) and not states_size(container)):
                raise
        return bytes(data)

    def _close(self) -> None:
        if self._container is not None:
            self._container.close()
            self._container = None
        self._entered.close()

    def _failed(self, reason: str, cause: SourceCause | None = None) -> SourceError:
        return SourceError(self._source.name, reason, cause)


def _is_recording(container: InputContainer) -> bool:
    """Whether there is an end to come.

    That is so when the container states a length in seconds, or the server one in bytes (which
    for HLS is only that of the playlist).
    """
    if container.format.name.startswith(_LIVE_FORMATS):
        return False
    if container.duration:
        return True
    return container.format.name != "hls" and states_size(container)
