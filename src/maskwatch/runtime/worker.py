"""The decoder process: opens one camera or stream and hands over frames on request.

It runs apart because FFmpeg can hang where no timeout reaches; a process can be killed then.
Its main thread decodes, a second one answers the parent. No frame is converted or copied
unless the parent asked for one.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, NamedTuple, Protocol

import av
import av.error

from maskwatch.frames.avio import network_reason
from maskwatch.frames.camera import is_file, is_picture, needs_pacing
from maskwatch.frames.decoder import BgrConverter, Decoder, video_stream
from maskwatch.runtime.mailbox import Mailbox
from maskwatch.runtime.memory import FrameWriter
from maskwatch.runtime.messages import (
    DecoderOrder,
    Delivered,
    Ended,
    Failed,
    Opened,
    Resize,
    Started,
    Still,
)
from maskwatch.runtime.orphans import die_with_parent
from maskwatch.runtime.pacing import Pacer

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame

# How often the answering thread looks whether the parent has hung up.
_HANG_UP_CHECK_S = 0.1

# What a source gets for saying goodbye (RTSP cameras keep a session open otherwise).
_GOODBYE_S = 0.7

# Larger picture files are not fetched.
_MAX_STILL_BYTES = 512 * 2**20


class Heartbeat(Protocol):
    """A number in shared memory: when the last picture was decoded, on the monotonic clock."""

    value: float


class _Taken(NamedTuple):
    """A picture on its way from the decoder to the parent."""

    number: int
    t: float
    captured_at: datetime
    frame: VideoFrame


def run(pipe: Connection, order: DecoderOrder, heartbeat: Heartbeat) -> None:
    """Entry point of the process.

    Args:
        pipe: to the parent; see `maskwatch.runtime.messages` for what is said over it.
        order: what to open.
        heartbeat: kept up to date while pictures come.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    die_with_parent(order.parent_pid)
    pipe.send(Started())
    worker = _Worker(pipe, order, heartbeat)
    answering = threading.Thread(target=worker.answer, daemon=True)
    answering.start()
    worker.work()
    answering.join()


class _Worker:
    def __init__(self, pipe: Connection, order: DecoderOrder, heartbeat: Heartbeat) -> None:
        self._pipe = pipe
        self._order = order
        self._heartbeat = heartbeat
        self._mailbox = Mailbox[_Taken]()
        self._writer = FrameWriter()
        self._to_bgr = BgrConverter()
        self._is_open = False
        self._stopping = threading.Event()
        self._closed = threading.Event()
        self._last_word: Ended | Failed = Ended(0)

    # The main thread: decode until the end, or until told to stop.

    def work(self) -> None:
        """Decode; whatever goes wrong becomes the last word to the parent."""
        try:
            self._last_word = self._decode()
        except av.FFmpegError as error:
            self._last_word = Failed(self._reason(error))
        except Exception as error:  # noqa: BLE001 - the process's boundary; the parent reports it
            self._last_word = Failed(f"the decoder failed ({type(error).__name__})")
        self._closed.set()
        self._mailbox.close()
        if not self._is_open and not self._stopping.is_set():
            self._pipe.send(self._last_word)

    def _decode(self) -> Ended | Failed:
        order = self._order
        with av.open(
            order.source.url,
            "r",
            format=order.source.format,
            options=dict(order.source.options),
            metadata_errors="replace",
            timeout=(order.open_timeout_s, order.read_timeout_s),
        ) as container:
            if is_picture(container):
                self._announce(Still(_file_of(container)))
                return Ended(0)
            stream = video_stream(container)
            if stream is None:
                return Failed("there is no video in it")
            is_live = not is_file(container)
            self._mailbox.keep_all = not is_live
            decoder = Decoder(container, stream, low_delay=is_live)
            self._announce(Opened(is_live, decoder.fps, decoder.frame_count))
            self._deliver(decoder, Pacer() if is_live and needs_pacing(container) else None)
            return _how_it_ended(decoder, is_endless=is_live and not container.duration)

    def _announce(self, message: Opened | Still) -> None:
        self._is_open = True
        self._pipe.send(message)

    def _deliver(self, decoder: Decoder, pacer: Pacer | None) -> None:
        sampler = self._order.sampler
        for decoded in decoder:
            if self._stopping.is_set():
                return
            now = self._heartbeat.value = time.monotonic()
            if sampler is None or sampler.wants(decoded.index, decoded.t):
                if pacer is not None:
                    self._stopping.wait(pacer.wait_s(decoded.t, now))
                t = decoded.t if self._mailbox.keep_all else time.monotonic()
                taken = _Taken(decoded.index, t, datetime.now(UTC), decoded.frame)
                self._mailbox.put(taken)

    def _reason(self, error: av.FFmpegError) -> str:
        if self._is_open and isinstance(error, (av.error.ExitError, av.error.TimeoutError)):
            return f"no data for {self._order.read_timeout_s:g} s"
        return network_reason(error, self._order.source.url)

    # The other thread: answer the parent until it hangs up.

    def answer(self) -> None:
        """Serve the parent; ends the process, and only that way, when the pipe is closed."""
        try:
            while True:
                self._pipe.recv()  # a Want; the Use that may follow is received further down
                self._answer_want()
        except (EOFError, OSError):
            self._stopping.set()
            self._mailbox.close()
            self._closed.wait(_GOODBYE_S)
            os._exit(0)

    def _answer_want(self) -> None:
        while not self._pipe.poll():  # once the parent has asked, it only hangs up
            taken = self._mailbox.take(_HANG_UP_CHECK_S)
            if taken is not None:
                self._hand_over(taken)
                return
            if self._mailbox.is_finished:
                self._pipe.send(self._last_word)
                return

    def _hand_over(self, taken: _Taken) -> None:
        image = self._to_bgr(taken.frame)
        if not self._writer.has_room(image):
            self._pipe.send(Resize(image.nbytes))
            self._writer.use(self._pipe.recv().memory)
        self._writer.write(image)
        height, width = image.shape[:2]
        dropped = self._mailbox.dropped
        self._pipe.send(Delivered(taken.number, taken.t, taken.captured_at, height, width, dropped))


def _file_of(container: InputContainer) -> bytes:
    """The bytes of a picture file, which its demuxer passes on untouched."""
    data = bytearray()
    for packet in container.demux(container.streams.video[0]):
        data += bytes(packet)
        if len(data) > _MAX_STILL_BYTES:
            raise ValueError(f"a picture file of more than {_MAX_STILL_BYTES} bytes")
    return bytes(data)


def _how_it_ended(decoder: Decoder, *, is_endless: bool) -> Ended | Failed:
    if decoder.delivered == 0:
        return Failed("no frame of it can be decoded")
    if is_endless:
        return Failed("the stream has ended")
    if decoder.is_cut_off:
        return Failed(f"cut off {decoder.how_far()}")
    return Ended(decoder.damaged)
