"""Cameras and network addresses as a source of frames: connects, reconnects, gives up."""

from __future__ import annotations

import io
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, Self

from maskwatch.errors import SourceError, SourceLost
from maskwatch.frames.images import decode_image
from maskwatch.frames.orientation import Turn, turned
from maskwatch.runtime.live.backoff import ReconnectPolicy
from maskwatch.runtime.live.child import DecoderFailed, DecoderProcess, Taken
from maskwatch.runtime.live.health import Connection, SourceHealth
from maskwatch.runtime.live.messages import DecoderOrder, Ended, Lost, Still, StreamOpened
from maskwatch.types import Frame

if TYPE_CHECKING:
    from maskwatch.frames.camera import LiveInput
    from maskwatch.frames.sampling import Sampler


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """Limits for cameras and network streams, and how their pictures are turned."""

    open_timeout_s: float = 10.0
    read_timeout_s: float = 10.0
    """A source that shows no frame for so long is lost."""
    reconnect: ReconnectPolicy = field(default_factory=ReconnectPolicy)
    turn: Turn = 0


class Decoding(Protocol):
    """One connection; `DecoderProcess` is the real one."""

    def open(self) -> StreamOpened | Still:
        """Wait for the connection; raises DecoderFailed."""
        ...

    def next(self) -> Taken | Ended:
        """The next frame; raises DecoderFailed."""
        ...

    def close(self) -> None:
        """Disconnect; may be repeated."""
        ...


class LiveSource:
    """A webcam, a network stream, or a recording or picture behind a URL.

    Connected on entering the context, which raises when there is nothing to connect to. Live
    frames are the newest at the time they are asked for; those that nobody asked for are
    dropped, and the frame's index tells how many. When the connection is lost it is made
    again, as often as the policy says. Where a recording is found then, the live stream has ended
    and been kept by its server; a single picture is what cameras show while they start. Recordings
    and pictures behind a URL are read whole and in order; their connection is not made again,
    because that would start from the beginning.

    To be opened, read and closed by one thread.

    Args:
        source: what to open.
        sampler: which frames to deliver; the others are decoded but not converted.
        options: limits, and how to reconnect.
        on_health: told of every change in the connection, in the reading thread.
        connect: starts a connection; a test may script one.
        wait: sleeps for so many seconds; a test may count them instead.

    Attributes:
        lost: frames of all connections so far that were not read; of a recording, the damaged ones,
            known at its end.
    """

    def __init__(
        self,
        source: LiveInput,
        *,
        sampler: Sampler | None = None,
        options: LiveOptions | None = None,
        on_health: Callable[[SourceHealth], None] | None = None,
        connect: Callable[[DecoderOrder], Decoding] = DecoderProcess,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        options = options or LiveOptions()
        self.name = source.name
        self.lost = Lost()
        self._order = DecoderOrder(
            source, sampler, options.open_timeout_s, options.read_timeout_s, options.turn
        )
        self._policy = options.reconnect
        self._on_health = on_health
        self._connect = connect
        self._decoding: Decoding | None = None
        self._opened: StreamOpened | Still | None = None
        self._wait = wait

    @property
    def damaged(self) -> int:
        """Frames left out so far because they did not arrive whole."""
        return self.lost.damaged

    @property
    def is_live(self) -> bool:
        """Whether frames are dropped when nobody reads them; known once connected."""
        return not isinstance(self._opened, Still) and (
            self._opened is None or self._opened.is_live
        )

    @property
    def frame_count(self) -> int | None:
        """Expected number of frames of a recording or picture; None for a live source."""
        if isinstance(self._opened, Still):
            return 1
        return self._opened.frame_count if self._opened and not self._opened.is_live else None

    @property
    def fps(self) -> float | None:
        """Nominal frames per second, where the source says."""
        return self._opened.fps if isinstance(self._opened, StreamOpened) else None

    def __enter__(self) -> Self:
        try:
            self._connect_first()
        except BaseException:
            self._disconnect()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._disconnect()

    def __iter__(self) -> Iterator[Frame]:
        """Yields frames until the source's end.

        Raises:
            SourceLost: the connection broke and could not be made again.
            SourceError: a picture behind a URL cannot be read.
        """
        if isinstance(self._opened, Still):
            file = io.BytesIO(self._opened.data)
            image = decode_image(file, name=self.name)
            yield Frame(self.name, 0, 0.0, turned(image, self._order.turn))
        elif self.is_live:
            yield from self._live_frames()
        else:
            yield from self._recorded_frames()

    def _recorded_frames(self) -> Iterator[Frame]:
        try:
            for taken in self._frames_of_connection(0):
                yield Frame(self.name, taken.index, taken.t, taken.image)
        except DecoderFailed as failure:
            raise SourceLost(self.name, str(failure), failure.cause) from failure

    def _live_frames(self) -> Iterator[Frame]:
        start: float | None = None
        next_index = first_index = attempts = 0
        while self.is_live:
            began: float | None = None
            lasted_s = 0.0
            try:
                for taken in self._frames_of_connection(attempts):
                    start = taken.t if start is None else start
                    began = taken.t if began is None else began
                    lasted_s = taken.t - began
                    next_index = first_index + taken.index + 1
                    t = taken.t - start
                    yield Frame(self.name, next_index - 1, t, taken.image, taken.captured_at)
                    del taken  # pictures are large, and the next one may be long in coming
            except DecoderFailed as failure:
                # Silence counts for nothing: it would outlast any limit by itself.
                if began is not None and lasted_s >= self._policy.stable_s:
                    attempts = 0
                attempts = self._reconnect(failure, attempts)
                first_index = next_index
            else:
                return
        self._report(Connection.ENDED, "the stream has ended", attempts)

    def _frames_of_connection(self, attempts: int) -> Iterator[Taken]:
        """The frames until the end, with what was lost counted on; connected from the first one on.

        Args:
            attempts: to connect, made in a row before.
        """
        if self._decoding is None:
            raise RuntimeError("a LiveSource is opened with `with` before it is iterated")
        is_first, before = True, self.lost
        while isinstance(answer := self._decoding.next(), Taken):
            if is_first:
                self._report(Connection.CONNECTED, None, attempts)
                is_first = False
            self.lost = before + answer.lost
            yield answer
            del answer
        self.lost = replace(self.lost, damaged=before.damaged + answer.damaged)

    def _connect_first(self) -> None:
        try:
            self._connect_once()
        except DecoderFailed as failure:
            try:
                self._keep_trying(failure, 0, self._policy.first_attempts - 1)
            except DecoderFailed as final:
                reason = f"cannot be opened: {final}"
                raise SourceError(self.name, reason, final.cause) from final

    def _reconnect(self, failure: DecoderFailed, attempts: int) -> int:
        """Connect again; returns the attempts made in a row, ``attempts`` earlier ones included.

        What is there may be a recording now, for which the caller has to look.
        """
        try:
            return self._keep_trying(failure, attempts, self._policy.max_attempts)
        except DecoderFailed as final:
            tried = self._policy.max_attempts
            failed = f"; {tried} attempts to reconnect failed ({final})" if tried else ""
            raise SourceLost(self.name, f"{failure}{failed}", final.cause) from final

    def _keep_trying(self, failure: DecoderFailed, attempts: int, allowed: int | None) -> int:
        # Not the failure itself: it would hold what was being done when it happened.
        reason, cause = str(failure), failure.cause
        while True:
            self._disconnect()
            if allowed is not None and attempts >= allowed:
                self._report(Connection.GONE, reason, attempts)
                raise DecoderFailed(reason, cause)
            attempts += 1
            delay_s = self._policy.delay_s(attempts, random.random())  # noqa: S311 - no secret
            self._report(Connection.LOST, reason, attempts, delay_s)
            self._wait(delay_s)
            try:
                self._connect_once()
            except DecoderFailed as again:
                reason, cause = str(again), again.cause
            else:
                return attempts

    def _connect_once(self) -> None:
        self._decoding = self._connect(self._order)
        opened = self._decoding.open()
        if self._opened is not None and isinstance(opened, Still):
            raise DecoderFailed("a single picture is there instead of the live stream")
        self._opened = opened

    def _disconnect(self) -> None:
        if self._decoding is not None:
            self._decoding.close()
            self._decoding = None

    def _report(
        self,
        connection: Connection,
        reason: str | None,
        attempts: int,
        retry_in_s: float | None = None,
    ) -> None:
        if self._on_health is not None:
            self._on_health(SourceHealth(self.name, connection, reason, attempts, retry_in_s))
