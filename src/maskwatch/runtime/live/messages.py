"""What a decoder process and the process that started it say to each other over their pipe.

::

    parent                         decoder
                                   Started              its modules are loaded
                                   StreamOpened | Still | Failed
    Want ------------------------> (takes the newest frame)
                                   Resize               if the shared memory is too small
    Use(memory) -----------------> (copies the frame in)
                                   Delivered | Ended | Failed
    (closes the pipe) -----------> hangs up and exits
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from maskwatch.errors import SourceCause
from maskwatch.frames.camera import LiveInput
from maskwatch.frames.orientation import Turn
from maskwatch.frames.sampling import Sampler


@dataclass(frozen=True, slots=True)
class DecoderOrder:
    """All that a decoder process is told when it starts."""

    source: LiveInput
    sampler: Sampler | None
    open_timeout_s: float
    read_timeout_s: float
    turn: Turn = 0


@dataclass(frozen=True, slots=True)
class Started:
    """The process runs; from here on, time is the source's."""


@dataclass(frozen=True, slots=True)
class StreamOpened:
    """Pictures are to be expected."""

    is_live: bool
    fps: float | None
    frame_count: int | None


@dataclass(frozen=True, slots=True)
class Still:
    """The address holds one picture file; here it is, undecoded."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Want:
    """Send the newest frame, or for a recording the next one."""


@dataclass(frozen=True, slots=True)
class Resize:
    """The frame needs this much shared memory."""

    size: int


@dataclass(frozen=True, slots=True)
class Use:
    """Put frames into this shared memory from now on."""

    memory: str


@dataclass(frozen=True, slots=True)
class Lost:
    """Frames of a source so far that nobody got."""

    dropped: int = 0
    """Those that were replaced by newer ones before they were asked for."""
    skipped: int = 0
    """Those that there was no time to decode."""
    damaged: int = 0
    """Those that did not arrive whole, or are made from others that did not."""

    def __add__(self, more: Lost) -> Lost:
        return Lost(
            self.dropped + more.dropped, self.skipped + more.skipped, self.damaged + more.damaged
        )


@dataclass(frozen=True, slots=True)
class Delivered:
    """A frame lies in the shared memory."""

    index: int
    t: float
    """Seconds: of the recording, or on the machine's monotonic clock for a live source."""
    captured_at: datetime
    height: int
    width: int
    lost: Lost
    """Of this connection."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The recording is over."""

    damaged: int
    """Frames left out because they could not be decoded whole."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Nothing more will come, and why."""

    reason: str
    cause: SourceCause | None = None


Answer = Started | StreamOpened | Still | Resize | Delivered | Ended | Failed
Request = Want | Use
