"""Clips that go on for longer."""

from __future__ import annotations

from pathlib import Path

import av


def repeated(clip: Path, out: Path, times: int) -> Path:
    """Puts a clip several times one after the other, without encoding it anew.

    Args:
        clip: a video file; only its first video stream is taken.
        out: MP4 file to write.
        times: how often.
    """
    with av.open(str(out), "w", format="mp4") as target:
        stream, shift = None, 0
        for _ in range(times):
            with av.open(str(clip)) as source:
                video = source.streams.video[0]
                stream = stream or target.add_stream_from_template(video)
                end = shift
                for packet in source.demux(video):
                    if packet.dts is None or packet.pts is None:
                        continue  # the empty one that ends the stream
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = stream
                    end = max(end, packet.pts + (packet.duration or 0))
                    target.mux(packet)
                shift = end
    return out
