"""Pictures of the first video stream of an open container, with their places and times."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av
import av.error
from av.container import InputContainer
from av.format import Flags
from av.stream import Disposition

from maskwatch.frames.avio import is_end
from maskwatch.frames.containers import states_size
from maskwatch.frames.continuity import Continuity
from maskwatch.frames.durations import COUNTED_FROM_ZERO, duration_of
from maskwatch.frames.lateness import A_WAIT_S, CatchUp
from maskwatch.frames.shortcut import LeftOut, shortcut_for
from maskwatch.frames.spacing import Spacing
from maskwatch.frames.timeline import Timeline
from maskwatch.frames.trust import Trust

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# After this many unreadable stretches in a row, what is left is given up.
_MAX_BAD_READS = 100

# How FFmpeg says that a stretch cannot be read; the second comes from MPEG transport streams.
_BAD_READS = (av.error.InvalidDataError, av.error.BlockingIOError)

# How decoders say that a picture is damaged; all but the first are rare, and come from H.265.
_DAMAGED = (av.error.InvalidDataError, av.error.PatchWelcomeError, av.error.PermissionError)

# A stream that stops this much before the time its header states has been cut off. Encoders
# round durations, and the last frame of a variable frame rate may be shown for a while.
_CUT_TOLERANCE_S = 0.5

_USUAL_TIME_BASE = Fraction(1, 90_000)
_USUAL_FPS = 25.0
"""Of streams that state none."""

_IN_DECODING_ORDER = ("avi",)
"""Formats that do not say when a picture is shown. What FFmpeg guesses of H.264 with B-frames runs
back and forth; when a packet is decoded it knows."""


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """One picture, still in the decoder's pixel format."""

    index: int
    """0-based position in the stream; damaged pictures count although they are not delivered.

    Decoders report damage some frames ahead of what they deliver, so right before a damaged
    stretch the number can be ahead by as many. The time is always right.
    """
    t: float
    """Seconds since the first picture."""
    frame: VideoFrame
    came: float = 0.0
    """Of a live source: when it came, in seconds on the monotonic clock, which may be some time
    before it was decoded."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A picture that was passed over: see `Decoder.spaced` and `Decoder.live`."""

    index: int
    """As that of `Decoded`."""
    t: float
    """Seconds since the first picture; in a live stream, those of the last one decoded."""


def video_stream(container: InputContainer) -> VideoStream | None:
    """The stream to look at; None when there is only sound or a cover picture."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic and stream.codec_context is not None:
            return stream
    return None


class Decoder:
    """Iterates once over the pictures of a stream and keeps count.

    Pictures that arrive damaged are counted in ``damaged`` and left out: what a decoder makes
    up for missing parts (grey areas, smears of the picture before) is no evidence of anything.

    Attributes:
        fps: average frames per second; None when the stream does not say.
        duration_s: seconds that the headers state, from the first picture on; None when they do
            not.
        delivered: whole pictures so far, with those that were passed over.
        damaged: pictures left out so far.
        skipped: those passed over so far because there was no time to decode them.
        last_t: seconds of the last of these.

    Args:
        container: open for reading; stays the caller's to close.
        stream: one of its video streams.
        threads: decoding threads; 0 leaves the number to FFmpeg.
        low_delay: decode without threads that hold frames back, for live sources.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        *,
        threads: int = 0,
        low_delay: bool = False,
    ) -> None:
        stream.thread_type = "SLICE" if low_delay else "AUTO"
        # With several threads for one picture FFmpeg does not look for what is missing of H.264.
        alone = low_delay and stream.codec_context.name == "h264"
        stream.codec_context.thread_count = 1 if alone else threads
        if stream.codec_context.name == "mjpeg":
            # Otherwise it fills up what is missing and calls nothing corrupt. Padding behind the
            # picture and a missing mark of its end, as cameras send them, stay allowed.
            stream.codec_context.options = {"err_detect": "explode"}
        self._container = container
        self._stream = stream
        # A connection to a camera, of which nobody knows the length either, never ends.
        self._ends_untold = not low_delay and not states_size(container)
        # Asked of a packet, each would be a fraction made anew.
        base = stream.time_base or _USUAL_TIME_BASE
        self._time_base = Fraction(base.numerator, base.denominator)
        self._unit_s = float(self._time_base)
        # In others FFmpeg counts the packets, at 25 a second: Motion-JPEG over HTTP is one of them.
        self._has_stamps = Flags.no_timestamps not in Flags(container.format.flags)
        self._is_in_decoding_order = container.format.name in _IN_DECODING_ORDER
        # Asked later FFmpeg may say something else, having read on.
        counts_from_zero = container.format.name in COUNTED_FROM_ZERO
        start = stream.start_time
        self._start_pts: int | None = 0 if start is None and counts_from_zero else start
        self._last_pts: int | None = None
        self._end_pts: int | None = None
        self._last_is_torn = False
        self.fps: float | None = float(stream.average_rate) if stream.average_rate else None
        self._usual_fps = self.fps or _USUAL_FPS
        self._usual_step = round(1 / (self._usual_fps * self._unit_s))
        self.duration_s = duration_of(container, stream)
        self.delivered = 0
        self.damaged = 0
        self.skipped = 0
        self.last_t = 0.0

    @property
    def frame_count(self) -> int | None:
        """How many pictures the headers promise; None when they do not say."""
        # What a fragmented MP4 counts in its header is the first fragment.
        count = self._stream.frames
        if self.duration_s is not None and self.fps is not None:
            count = max(count, 1, round(self.duration_s * self.fps))
        return count or None

    @property
    def pixel_aspect(self) -> float:
        """Width of a pixel over its height, as the stream states it; 1 for square ones."""
        return float(self._stream.sample_aspect_ratio or 1)

    @property
    def picture_bytes(self) -> int:
        """What a picture takes as most videos have it: eight bits, colours at half the size."""
        context = self._stream.codec_context
        return max(1, context.width * context.height * 3 // 2)

    @property
    def is_cut_off(self) -> bool:
        """After iterating: whether the stream stopped before the end that its headers state."""
        if self._last_is_torn:
            return True
        if self.duration_s is None or self._start_pts is None or self._end_pts is None:
            return False
        end_s = (self._end_pts - self._start_pts) * self._unit_s
        return end_s < self.duration_s - _CUT_TOLERANCE_S

    def how_far(self) -> str:
        """How much has been delivered, in words."""
        of_total = "" if self.duration_s is None else f" of {self.duration_s:.1f}"
        return f"after {self.delivered} frames ({self.last_t:.1f}{of_total} s)"

    def __iter__(self) -> Iterator[Decoded]:
        """Every whole picture."""
        return (each for each in self.spaced(0.0) if isinstance(each, Decoded))

    def spaced(self, spacing_s: float) -> Iterator[Decoded | Passed]:
        """The pictures for somebody who looks at them no closer together than ``spacing_s``.

        In between, those that no other picture builds on (most B-frames) are passed over: they
        keep their place and time, and cost next to nothing.
        """
        timeline = Timeline(self._time_base, 1 / self._usual_fps)
        # It goes by the times at which packets are shown.
        spacing = Spacing(0.0 if self._is_in_decoding_order else spacing_s, self._usual_fps)
        shortcut = shortcut_for(self._stream, spacing)
        for packet in self._packets():
            if shortcut is not None:
                shortcut.prepare(packet)
            frames = self._decode(packet)
            if frames is None and shortcut is None:  # it notices by itself what does not come out
                self.damaged += 1
            for frame in frames or ():
                if shortcut is not None and frame.pts is not None:
                    if shortcut.is_late(frame.pts):
                        continue  # it has been given up
                    for left_out in shortcut.left_out_before(frame.pts):
                        yield from self._account_for(left_out, timeline)
                t = timeline.place(frame.dts if self._is_in_decoding_order else frame.pts)
                if frame.is_corrupt:
                    self.damaged += 1
                else:
                    yield Decoded(*self._delivered(t), frame)
        for left_out in shortcut.left_out_before(math.inf) if shortcut else ():
            yield from self._account_for(left_out, timeline)

    def live(
        self,
        *,
        keeps_up: bool = True,
        has_missed: Callable[[], bool] = lambda: False,
        believes_marks: bool = False,
    ) -> Iterator[Decoded | Passed]:
        """The pictures of a live source, none of them made from others that are damaged or lost.

        Args:
            keeps_up: pass over pictures that there is no time to decode, instead of coming later
                and later.
            has_missed: asked after each packet whether any were missed before, where that can be
                known.
            believes_marks: whether a packet that is marked as corrupt is so. In transport streams
                one is where a counter does not go on, be it because something was lost or because
                something else begins.
        """
        timeline = Timeline(self._time_base, 1 / self._usual_fps)
        trust = Trust()
        catch_up = CatchUp()
        was_corrupt = False
        # FFmpeg has read some packets to see what is in them, nobody knows how many.
        lost_at_first = has_missed()
        asked = time.monotonic()
        for packet in self._packets():
            came = time.monotonic()
            lost_at_first = lost_at_first and came - asked < A_WAIT_S
            # FFmpeg completes a picture when the next one begins, and marks it as it marks that.
            is_corrupt = believes_marks and packet.is_corrupt
            if lost_at_first or has_missed() or is_corrupt or was_corrupt:
                trust.lose(packet.pts)
            was_corrupt = is_corrupt
            is_wanted = catch_up.wants(
                self._stamp_s(packet), asked, came, is_key=packet.is_keyframe
            )
            if keeps_up and packet.size and not is_wanted:
                trust.lose(packet.pts)
                self.skipped += 1
                yield Passed(*self._delivered(self.last_t))
            else:
                came -= catch_up.late_s if keeps_up else 0.0
                frames = self._decode(packet)
                if frames is None:
                    self.damaged += 1
                    trust.lose(packet.pts)
                for frame in frames or ():
                    t = timeline.place(frame.pts)
                    if frame.is_corrupt:
                        trust.lose(frame.pts)
                    if trust.holds(t, frame.pts, is_key=bool(frame.key_frame)):
                        yield Decoded(*self._delivered(t), frame, came)
                    else:
                        self.damaged += 1
            asked = time.monotonic()

    def _stamp_s(self, packet: Packet[VideoStream]) -> float | None:
        """When the packet is to be decoded, in seconds of the stream; None if that is not known."""
        if packet.dts is None or not self._has_stamps:
            return None
        return packet.dts * self._unit_s

    def _account_for(self, left_out: LeftOut, timeline: Timeline) -> Iterator[Passed]:
        """Counts a picture that never came out, and delivers it if that was as wanted."""
        t = timeline.place(left_out.pts)
        if left_out.was_wanted:
            self.damaged += 1
        else:
            yield Passed(*self._delivered(t))

    def _delivered(self, t: float) -> tuple[int, float]:
        """Counts a picture; gives its index and time."""
        index = self.delivered + self.damaged
        self.delivered += 1
        self.last_t = t
        return index, t

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        """Packets of the stream, going on after unreadable stretches, and one to flush with.

        Their time stamps never begin anew.
        """
        continuity = Continuity(self._unit_s, self._usual_step)
        bad_reads = 0
        while bad_reads < _MAX_BAD_READS:
            try:
                for packet in self._container.demux(self._stream):
                    bad_reads = 0
                    shift = continuity.shift(packet.dts, packet.duration)
                    if shift:
                        packet.dts = None if packet.dts is None else packet.dts + shift
                        packet.pts = None if packet.pts is None else packet.pts + shift
                    self._note_end(packet)
                    yield packet
                return
            except _BAD_READS:
                bad_reads += 1
            except av.FFmpegError as error:
                if not (self._ends_untold and is_end(error) and self._end_pts is not None):
                    raise
                flush = cast("Packet[VideoStream]", av.Packet())
                flush.stream = self._stream
                yield flush
                return
        self._last_is_torn = True

    def _decode(self, packet: Packet[VideoStream]) -> list[VideoFrame] | None:
        """The pictures that are ready now; None if the packet is damaged."""
        # With nothing in it, it would tell the decoder that the stream is over. The one that is to
        # do so has no time.
        if packet.size == 0 and packet.pts is not None:
            return None
        try:
            return packet.decode()
        except _DAMAGED:
            return None

    def _note_end(self, packet: Packet[VideoStream]) -> None:
        if packet.size == 0:
            return
        self._last_is_torn = packet.is_corrupt
        if packet.pts is None:
            return
        if self._start_pts is None:
            self._start_pts = packet.pts
        shown = packet.duration
        if not shown:  # as long as the one before, or as usual
            before = packet.pts if self._last_pts is None else self._last_pts
            shown = max(abs(packet.pts - before), self._usual_step)
        self._last_pts = packet.pts
        end = packet.pts + shown
        self._end_pts = end if self._end_pts is None else max(end, self._end_pts)
