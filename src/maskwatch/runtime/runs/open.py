"""From a found source to one that delivers frames.

What decodes video is loaded when there is some: pictures alone are looked at sooner without.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from maskwatch.frames.camera import live_input
from maskwatch.frames.images import ImageSource
from maskwatch.frames.sniff import SourceKind
from maskwatch.runtime.runs.ahead import ReadAhead

if TYPE_CHECKING:
    from maskwatch.frames.base import FrameSource
    from maskwatch.frames.discover import SourceSpec
    from maskwatch.frames.orientation import Turn
    from maskwatch.frames.sampling import Sampler
    from maskwatch.runtime.live.health import SourceHealth


def open_source(
    spec: SourceSpec,
    *,
    sampler: Sampler | None = None,
    threads: int = 0,
    ahead: int = 0,
    spacing_s: float = 0.0,
    turn: Turn = 0,
    on_health: Callable[[SourceHealth], None] | None = None,
) -> FrameSource:
    """The source for a spec, to be entered with ``with``, which is when it is really opened.

    Args:
        spec: as `maskwatch.frames.discover.discover` found it.
        sampler: which frames to deliver; one sampler serves one source. Not used for images.
        threads: decoding threads for video files; 0 leaves the number to FFmpeg.
        ahead: so many frames of a video file are decoded before they are asked for, by a thread
            more; 0 for none.
        spacing_s: see `VideoSource`; of other sources every frame has its picture.
        turn: by which upright pictures are turned clockwise after all, in degrees.
        on_health: told when a live source is connected, lost, or gone.

    Raises:
        SourceError: there is no such camera.
    """
    if spec.kind is SourceKind.IMAGE:
        return ImageSource(Path(spec.location), spec.name, turn=turn)
    if spec.kind is SourceKind.VIDEO:
        from maskwatch.frames.video import VideoSource

        video = VideoSource(
            Path(spec.location),
            spec.name,
            sampler=sampler,
            threads=threads,
            spacing_s=spacing_s,
            turn=turn,
        )
        return ReadAhead(video, ahead) if ahead else video
    from maskwatch.runtime.live.source import LiveOptions, LiveSource

    source, options = live_input(spec.location), LiveOptions(turn=turn)
    return LiveSource(source, sampler=sampler, options=options, on_health=on_health)
