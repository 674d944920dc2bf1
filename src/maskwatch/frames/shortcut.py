"""Has a decoder pass over pictures that nobody looks at and no other picture builds on."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.stream import VideoStream

    from maskwatch.frames.spacing import Spacing

_CODECS = ("h264", "hevc")
"""Those of which every packet is one picture that is shown. (VP8 has packets that show nothing.)"""

_WHOLE = 0.75
"""What is shown for less than this share of a frame may be one half of an interlaced one."""


class LeftOut(NamedTuple):
    """A picture that went into the decoder and never came out."""

    pts: int
    was_wanted: bool
    """If so, it was damaged."""


class Shortcut:
    """For the packets of one stream, in the order of the file.

    Args:
        stream: it sets this one's decoder for each packet.
        spacing: which pictures are looked at.
    """

    def __init__(self, stream: VideoStream, spacing: Spacing) -> None:
        self._context = stream.codec_context
        self._start = stream.start_time or 0
        self._unit_s = float(stream.time_base or 0)
        self._spacing = spacing
        self._inside: list[LeftOut] = []  # a heap, so the first one shown comes first
        self._shown: float | None = None

    def prepare(self, packet: Packet[VideoStream]) -> None:
        """To be called right before the packet is decoded.

        One that was cut away when the video was trimmed is decoded only for those that build on it.
        """
        wanted = self._wants(packet)
        self._context.skip_frame = "DEFAULT" if wanted else "NONREF"
        if packet.pts is not None and not packet.is_discard:
            heapq.heappush(self._inside, LeftOut(packet.pts, wanted))

    def left_out_before(self, pts: float) -> list[LeftOut]:
        """What is left out between the last picture and the one of ``pts`` that came out now.

        Pictures come out in the order in which they are shown, so what has not come by now never
        will. What is shown before the first picture belongs to one that is not in the file.

        Args:
            pts: infinity after the end.
        """
        left_out = []
        while self._inside and self._inside[0].pts <= pts:
            left_out.append(heapq.heappop(self._inside))
        has_begun, self._shown = self._shown is not None, pts
        return [each for each in left_out if each.pts != pts] if has_begun else []

    def is_late(self, pts: int) -> bool:
        """Whether a picture comes after one that is shown later, as some next to damage do."""
        return self._shown is not None and pts < self._shown

    def _wants(self, packet: Packet[VideoStream]) -> bool:
        if packet.pts is None or not packet.duration:
            return True
        lasts_s = packet.duration * self._unit_s
        return lasts_s < _WHOLE * self._spacing.frame_s or self._spacing.wants(
            (packet.pts - self._start) * self._unit_s, lasts_s
        )


def shortcut_for(stream: VideoStream, spacing: Spacing) -> Shortcut | None:
    """A shortcut through the stream, where there is one and it may be taken."""
    known = stream.codec_context.name in _CODECS
    return None if spacing.takes_all or not known else Shortcut(stream, spacing)
