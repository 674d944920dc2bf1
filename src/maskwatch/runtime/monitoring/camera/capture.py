"""The pictures of one camera, for as long as the service runs: it never gives up.

::

    connecting --> watching <--> frozen
        |           |  ^           |
        '--> lost <-'  '-- lost <--'        stopped: from anywhere
"""

from __future__ import annotations

import logging
import random
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from maskwatch.delays import spread
from maskwatch.errors import SourceError
from maskwatch.frames.sampling import Sampler
from maskwatch.runtime.live.backoff import ReconnectPolicy
from maskwatch.runtime.live.child import DecoderProcess
from maskwatch.runtime.live.health import Connection, SourceHealth
from maskwatch.runtime.live.mailbox import Mailbox
from maskwatch.runtime.live.messages import DecoderOrder, Lost
from maskwatch.runtime.live.source import Decoding, LiveOptions, LiveSource
from maskwatch.runtime.monitoring.camera.damage import DamageWatch
from maskwatch.runtime.monitoring.camera.frozen import FreezeWatch
from maskwatch.runtime.monitoring.camera.rules import input_of
from maskwatch.runtime.monitoring.control import CameraPhase
from maskwatch.runtime.monitoring.throughput import Throughput

if TYPE_CHECKING:
    from maskwatch.config.cameras import CameraConfig
    from maskwatch.frames.reach import Reach
    from maskwatch.types import Frame

_log = logging.getLogger(__name__)

_NEVER_GIVE_UP = ReconnectPolicy(first_attempts=sys.maxsize, max_attempts=None, first_delay_s=1.0)

NOT_LIVE = "this is a recording or a picture, not a live stream"
"""Why an address that can be read is no camera."""


class AbortableDecoding(Decoding, Protocol):
    """A connection that another thread can break."""

    def abort(self) -> None:
        """Makes whoever waits for it fail; may be repeated."""
        ...


@dataclass(frozen=True, slots=True)
class Link:
    """Where the connection to a camera stands."""

    phase: CameraPhase
    since: datetime
    reason: str = ""
    attempt: int = 0
    retry_in_s: float | None = None


class _Stopped(BaseException):
    """Unwinds the capturing thread; no error, so nothing that catches errors may catch it."""


class _Anew(Exception):
    """The connection is to be made anew."""


class Capture:
    """Feeds the newest picture of one camera into a mailbox, in a thread of its own.

    The times of its frames go on over reconnects and never run back.

    Args:
        name: of the camera.
        config: its section.
        on_link: told, in the capturing thread, whenever the phase changes.
        connect: starts a connection; a test may script one.
    """

    def __init__(
        self,
        name: str,
        config: CameraConfig,
        on_link: Callable[[Link], None],
        *,
        connect: Callable[[DecoderOrder], AbortableDecoding] = DecoderProcess,
        reach: Reach | None = None,
    ) -> None:
        self._reach = reach
        self.mailbox = Mailbox["Frame"]()
        self.offered = Throughput()
        self.link = Link(CameraPhase.CONNECTING, datetime.now(UTC))
        self.last_frame_at: datetime | None = None
        self.size = (0, 0)
        """Height and width of the last picture."""
        self._name = name
        self._config = config
        self._on_link = on_link
        self._connect = connect
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._decoding: AbortableDecoding | None = None
        self._freeze = FreezeWatch(config.frozen_s)
        self._damage = DamageWatch(name, over_udp=config.transport == "udp")
        self._offset_s = 0.0
        self._last_t = 0.0
        self._last_at: float | None = None
        self._index = 0
        self._dropped = 0
        self._thread = threading.Thread(target=self._run, name=f"capture {name}", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def request_stop(self) -> None:
        """Has the thread end soon, whatever it waits for; returns at once."""
        self._stopping.set()
        self.mailbox.close()
        with self._lock:
            if self._decoding is not None:
                self._decoding.abort()

    def join(self, timeout_s: float) -> bool:
        """Whether the thread has ended, now or within the time."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def dropped(self) -> int:
        """Pictures so far that were replaced by newer ones before anyone looked at them."""
        return self._dropped + self.mailbox.dropped

    @property
    def damaged(self) -> float:
        """Share of the pictures of the last minute that were left out as damaged, in [0, 1]."""
        return self._damage.share

    def _run(self) -> None:
        with suppress(_Stopped):
            while True:
                reason = self._one_source()
                if reason is not None:
                    policy, chance = _NEVER_GIVE_UP, random.random()  # noqa: S311 - no secret
                    delay_s = spread(policy.max_delay_s, policy.jitter, chance)
                    self._become(CameraPhase.LOST, reason, retry_in_s=delay_s)
                    self._wait(delay_s)
        self._become(CameraPhase.STOPPED)

    def _one_source(self) -> str | None:
        """Reads until the connection is to be made anew; returns why there is to be a wait."""
        config = self._config
        options = LiveOptions(
            config.open_timeout_s, config.read_timeout_s, _NEVER_GIVE_UP, config.turn
        )
        try:
            source = LiveSource(
                input_of(config, self._name, self._reach),
                sampler=Sampler(max_fps=config.max_fps),
                options=options,
                on_health=self._note_health,
                connect=self._connected,
                wait=self._wait,
            )
            with source:
                if not source.is_live:
                    return NOT_LIVE
                self._read(source)
        except _Anew:
            return None
        except SourceError as error:
            return error.reason
        except Exception as error:  # noqa: BLE001 - the boundary: no camera goes blind in silence
            _log.exception("camera %s: capturing failed", self._name)
            return f"capturing failed ({type(error).__name__})"
        return "the stream has ended"

    def _read(self, source: LiveSource) -> None:
        self._go_on_counting()
        first, dropped, before = self._index, self._dropped, Lost()
        for received in source:
            if self._stopping.is_set():
                raise _Stopped
            frame = replace(received, t=received.t + self._offset_s, index=first + received.index)
            lost = source.lost
            self._damage.note(frame.index + 1 - self._index, lost.damaged - before.damaged)
            # Those that would have been wanted, had there been time to decode them.
            wanted = min(1.0, self._config.max_fps / source.fps) if source.fps else 1.0
            self.offered.add((lost.skipped - before.skipped) * wanted)
            before = lost
            self._index, self._last_t = frame.index + 1, frame.t
            self._last_at = time.monotonic()
            self._dropped = dropped + lost.dropped + lost.skipped
            self.last_frame_at = frame.captured_at
            self.size = frame.image.shape[:2]
            self._offer(frame)
            del received, frame  # or each camera would hold one more while it waits for the next

    def _go_on_counting(self) -> None:
        """Has the times of a new source, which begin at 0, follow those of the last one."""
        if self._last_at is not None:
            self._offset_s = self._last_t + (time.monotonic() - self._last_at)

    def _offer(self, frame: Frame) -> None:
        if not self._freeze.is_frozen(frame.t, frame.image):
            self._become(CameraPhase.WATCHING)
            self.offered.add()
            self.mailbox.put(frame)
        elif self.link.phase is not CameraPhase.FROZEN:
            limit_s = self._config.frozen_s
            self._become(CameraPhase.FROZEN, f"the picture has not changed for {limit_s:g} s")
            self._freeze.plan_kick(frame.t)
        elif self._freeze.is_kick_due(frame.t):
            raise _Anew

    def _connected(self, order: DecoderOrder) -> AbortableDecoding:
        decoding = self._connect(order)
        with self._lock:
            self._decoding = decoding
        if self._stopping.is_set():
            decoding.abort()  # `request_stop` may have come between
        return decoding

    def _note_health(self, health: SourceHealth) -> None:
        if self._stopping.is_set():
            raise _Stopped
        if health.connection in (Connection.CONNECTED, Connection.ENDED):
            return  # a picture comes with the first, and says more; the end comes with the other
        if self.link.phase is not CameraPhase.FROZEN or health.attempt > 1:
            reason = health.reason or "the connection was lost"
            self._become(CameraPhase.LOST, reason, health.attempt, health.retry_in_s)

    def _become(
        self,
        phase: CameraPhase,
        reason: str = "",
        attempt: int = 0,
        retry_in_s: float | None = None,
    ) -> None:
        is_change = phase is not self.link.phase
        since = datetime.now(UTC) if is_change else self.link.since
        self.link = Link(phase, since, reason, attempt, retry_in_s)
        if is_change:
            self._on_link(self.link)

    def _wait(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise _Stopped
