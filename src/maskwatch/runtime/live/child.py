"""A decoder process as its parent sees it: start, ask, watch, kill."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from maskwatch.errors import SourceCause
from maskwatch.reasons import system_reason
from maskwatch.runtime.live import worker
from maskwatch.runtime.live.forking import decoder_context, without_main
from maskwatch.runtime.live.memory import FrameReader
from maskwatch.runtime.live.messages import (
    Answer,
    DecoderOrder,
    Delivered,
    Ended,
    Failed,
    Lost,
    Request,
    Resize,
    Started,
    Still,
    StreamOpened,
    Use,
    Want,
)

if TYPE_CHECKING:
    from datetime import datetime

    from maskwatch.types import Image

# Loading the decoder's modules on a slow and busy machine.
_START_LIMIT_S = 60.0

# FFmpeg's own timeouts give a better reason, so they get this much longer before the kill.
_GRACE_S = 1.0

# What a process gets to leave by itself; see `_GOODBYE_S` of the worker.
_LEAVE_S = 1.0

_WATCH_INTERVAL_S = 0.25

# Such as too many open files or processes, a server that has just died, or a worker of a pool of
# `multiprocessing`, which may have no processes of its own.
_CANNOT_START = (OSError, EOFError, RuntimeError, AssertionError)


class DecoderFailed(Exception):
    """The process or its source failed.

    Args:
        reason: a short clause for people.
        cause: see `SourceError`.
    """

    def __init__(self, reason: str, cause: SourceCause | None = None) -> None:
        super().__init__(reason)
        self.cause = cause


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """A frame as it came out of the process."""

    index: int
    t: float
    captured_at: datetime
    image: Image
    lost: Lost
    """Of this connection."""


class DecoderProcess:
    """One connection to one source, in a process of its own.

    Everything that waits has a limit, kept here and not in the process, because FFmpeg can
    hang where no timeout of its own applies.

    Args:
        order: what to open, and the limits.

    Raises:
        DecoderFailed: no process can be started, and why.
    """

    def __init__(self, order: DecoderOrder) -> None:
        self._order = order
        self._reader = FrameReader()
        try:
            self._start()
        except _CANNOT_START as error:
            raise DecoderFailed(
                f"the decoder process cannot be started: {_in_a_clause(error)}"
            ) from error

    def _start(self) -> None:
        context = decoder_context()
        self._heartbeat = context.RawValue("d", 0.0)
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=worker.run,
            args=(theirs, self._order, self._heartbeat),
            name=f"decoder of {self._order.source.name}",
            daemon=True,
        )
        with theirs, without_main():
            self._process.start()

    @property
    def pid(self) -> int | None:
        """The process's id."""
        return self._process.pid

    def open(self) -> StreamOpened | Still:
        """Wait for the connection.

        Raises:
            DecoderFailed: there is none, and why.
        """
        answer = self._receive(_START_LIMIT_S, "the decoder process does not start")
        if isinstance(answer, Started):
            limit_s = self._order.open_timeout_s
            answer = self._receive(limit_s + _GRACE_S, f"no answer within {limit_s:g} s")
        if isinstance(answer, Failed):
            raise DecoderFailed(answer.reason, answer.cause)
        if not isinstance(answer, (StreamOpened, Still)):
            raise DecoderFailed(f"unexpected answer {type(answer).__name__}")
        return answer

    def next(self) -> Taken | Ended:
        """The newest frame, or for a recording the next one or its end.

        Raises:
            DecoderFailed: no frame came within the limit, or none will come.
        """
        self._send(Want())
        answer = self._receive_frame()
        if isinstance(answer, Resize):
            self._send(Use(self._allocated(answer.size)))
            answer = self._receive_frame()
        if isinstance(answer, Failed):
            raise DecoderFailed(answer.reason, answer.cause)
        if isinstance(answer, Ended):
            return answer
        if not isinstance(answer, Delivered):
            raise DecoderFailed(f"unexpected answer {type(answer).__name__}")
        image = self._reader.read(answer.height, answer.width)
        return Taken(answer.index, answer.t, answer.captured_at, image, answer.lost)

    def abort(self) -> None:
        """Kill the process, from whatever thread; whoever waits for it gets `DecoderFailed`."""
        self._process.kill()

    def close(self) -> None:
        """Let the process go, or kill it; it is gone within two seconds. May be repeated."""
        self._pipe.close()
        self._process.join(_LEAVE_S)
        self._kill()
        self._reader.free()

    def _allocated(self, size: int) -> str:
        try:
            return self._reader.allocate(size)
        except OSError as error:  # such as too many open files
            reason = f"there is no shared memory: {system_reason(error)}"
            raise DecoderFailed(reason, SourceCause.NO_MEMORY) from error

    def _receive_frame(self) -> Answer:
        limit_s = self._order.read_timeout_s
        return self._receive(limit_s + _GRACE_S, f"no frame for {limit_s:g} s")

    def _receive(self, limit_s: float, otherwise: str) -> Answer:
        """The next message, given that the process shows life at least every ``limit_s``."""
        asked = time.monotonic()
        while not self._pipe.poll(_WATCH_INTERVAL_S):
            if time.monotonic() - max(asked, self._heartbeat.value) > limit_s:
                self._kill()
                raise DecoderFailed(otherwise)
        try:
            answer: Answer = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise self._death() from error
        return answer

    def _send(self, request: Request) -> None:
        try:
            self._pipe.send(request)
        except OSError as error:
            raise self._death() from error

    def _death(self) -> DecoderFailed:
        self._process.join(_LEAVE_S)
        code = self._process.exitcode
        if code == -getattr(signal, "SIGBUS", 0):
            reason = "the decoder process died: not enough shared memory (/dev/shm)"
            return DecoderFailed(reason, SourceCause.NO_MEMORY)
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        return DecoderFailed(f"the decoder process died ({how})")

    def _kill(self) -> None:
        if self._process.is_alive():
            self._process.kill()
            self._process.join(_LEAVE_S)


def _in_a_clause(error: Exception) -> str:
    """The first paragraph of what an error says, and never nothing."""
    said = " ".join(str(error).strip().partition("\n\n")[0].split())
    return said.rstrip(".") or type(error).__name__
