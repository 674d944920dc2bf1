"""The decoder process: opens one camera or stream and hands over frames on request.

It runs apart because FFmpeg can hang where no timeout reaches; a process can be killed then.
Its main thread decodes, a second one answers the parent. No frame is converted or copied
unless the parent asked for one.
"""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection as Pipe
from typing import NamedTuple, Protocol

from maskwatch.errors import SourceError
from maskwatch.frames.bgr import BgrConverter
from maskwatch.frames.decoder import Decoded, Passed
from maskwatch.frames.live import LiveReader
from maskwatch.runtime.live.mailbox import Mailbox
from maskwatch.runtime.live.memory import FrameWriter
from maskwatch.runtime.live.messages import (
    DecoderOrder,
    Delivered,
    Ended,
    Failed,
    Lost,
    Resize,
    Started,
    Still,
    StreamOpened,
)
from maskwatch.runtime.live.orphans import die_with_parent
from maskwatch.runtime.live.pacing import Pacer

# How often the answering thread looks whether the parent has hung up.
_HANG_UP_CHECK_S = 0.1

# Pictures that came at once are told apart by this much.
_LEAST_STEP_S = 1e-3

# What a source gets for saying goodbye (RTSP cameras keep a session open otherwise).
_GOODBYE_S = 0.7


class Heartbeat(Protocol):
    """A number in shared memory: when the last picture came, on the monotonic clock."""

    value: float


class _Picked(NamedTuple):
    """A picture on its way from the decoder to the parent."""

    decoded: Decoded
    t: float
    captured_at: datetime
    lost: Lost
    """By the decoder."""


def run(pipe: Pipe, order: DecoderOrder, heartbeat: Heartbeat) -> None:
    """Entry point of the process.

    Args:
        pipe: to the parent; see `maskwatch.runtime.live.messages` for what is said over it.
        order: what to open.
        heartbeat: kept up to date while pictures come.
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent's to handle
        signal.signal(number, signal.SIG_IGN)
    die_with_parent()
    try:
        pipe.send(Started())
    except OSError:  # the parent has hung up meanwhile
        return
    worker = _Worker(pipe, order, heartbeat)
    answering = threading.Thread(target=worker.answer, daemon=True)
    answering.start()
    worker.work()
    answering.join()


class _Worker:
    def __init__(self, pipe: Pipe, order: DecoderOrder, heartbeat: Heartbeat) -> None:
        self._pipe = pipe
        self._order = order
        self._heartbeat = heartbeat
        self._mailbox = Mailbox[_Picked]()
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
            self._last_word = Ended(self._decode())
        except SourceError as error:
            self._last_word = Failed(error.reason, error.cause)
        except Exception as error:  # noqa: BLE001 - the process's boundary; the parent reports it
            self._last_word = Failed(f"the decoder failed ({type(error).__name__})")
        self._closed.set()
        self._mailbox.close()
        if not self._is_open:
            with suppress(OSError):  # the parent may have hung up meanwhile
                self._pipe.send(self._last_word)

    def _decode(self) -> int:
        """Feed the mailbox until the end; returns the number of damaged frames."""
        order = self._order
        with LiveReader(
            order.source, open_timeout_s=order.open_timeout_s, read_timeout_s=order.read_timeout_s
        ) as reader:
            self._is_open = True
            if reader.still is not None:
                self._pipe.send(Still(reader.still))
                return 0
            self._to_bgr = BgrConverter(reader.pixel_aspect, order.turn)
            self._mailbox.keep_all = not reader.is_live
            self._pipe.send(StreamOpened(reader.is_live, reader.fps, reader.frame_count))
            self._deliver(reader)
            return reader.damaged

    def _deliver(self, reader: LiveReader) -> None:
        sampler = self._order.sampler
        pacer = Pacer() if reader.is_bursty else None
        last_t = -math.inf
        for decoded in reader:
            if self._stopping.is_set():
                return
            now = self._heartbeat.value = time.monotonic()
            if isinstance(decoded, Passed):
                continue
            if reader.is_live:
                if pacer is not None:
                    self._stopping.wait(pacer.wait_s(decoded.t, now))
                came = decoded.came if pacer is None else time.monotonic()
                t = last_t = max(came, last_t + _LEAST_STEP_S)
            else:
                t = decoded.t
            if sampler is None or sampler.wants(decoded.index, t):
                age_s = time.monotonic() - t if reader.is_live else 0.0
                captured_at = datetime.now(UTC) - timedelta(seconds=age_s)
                lost = Lost(skipped=reader.skipped, damaged=reader.damaged)
                self._mailbox.put(_Picked(decoded, t, captured_at, lost))

    # The other thread: answer the parent until it hangs up.

    def answer(self) -> None:
        """Serve the parent; ends the process, and only that way, when the pipe is closed."""
        exit_code = 1
        try:
            while True:
                self._pipe.recv()  # a Want; the Use that may follow is received further down
                self._answer_want()
        except (EOFError, OSError):
            self._stopping.set()
            self._mailbox.close()
            self._closed.wait(_GOODBYE_S)
            exit_code = 0
        finally:
            os._exit(exit_code)

    def _answer_want(self) -> None:
        while not self._pipe.poll():  # once the parent has asked, it only hangs up
            picked = self._mailbox.take(_HANG_UP_CHECK_S)
            if picked is not None:
                self._hand_over(picked)
                return
            if self._mailbox.is_finished:
                self._pipe.send(self._last_word)
                return

    def _hand_over(self, picked: _Picked) -> None:
        image = self._to_bgr(picked.decoded.frame)
        if not self._writer.has_room(image):
            self._pipe.send(Resize(image.nbytes))
            self._writer.use(self._pipe.recv().memory)
        self._writer.write(image)
        height, width = image.shape[:2]
        index, lost = picked.decoded.index, picked.lost + Lost(dropped=self._mailbox.dropped)
        self._pipe.send(Delivered(index, picked.t, picked.captured_at, height, width, lost))
