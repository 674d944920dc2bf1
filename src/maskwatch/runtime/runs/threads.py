"""How the threads that a run may use are shared between decoding and the models."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from maskwatch.cores import cores, quota
from maskwatch.frames.sniff import SourceKind

AHEAD = 24
"""Frames of a video file to decode ahead: what is decoded while one picture is looked at as a
whole, and the reserve that one thread builds up until the next."""
AHEAD_OF_WRITING = 6
"""Encoding a picture takes several times as long as decoding it, and every one waits its turn."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Who gets how many threads."""

    models: int | None
    """Of one inference; None leaves the choice to ONNX Runtime."""
    decoder: int
    """Of FFmpeg for a video file; 0 leaves the choice to it."""
    ahead: int
    """Frames to decode while those before are looked at; 0 where one thread is to do it all."""


def share_threads(
    threads: int | None, kinds: Collection[SourceKind], *, writes_video: bool = False
) -> Shares:
    """The shares where so many threads are asked for.

    Two, and videos alone: one decodes and one looks, both at the same time. That is a fifth less
    work than with two threads each, which wait for each other and for the processor's caches.

    Args:
        threads: None for one for each core.
        kinds: of all sources.
        writes_video: whether every picture is written again.
    """
    if threads == 1:
        return Shares(1, 1, 0)
    ahead = AHEAD_OF_WRITING if writes_video else AHEAD
    available = threads or cores()
    if available == 2 and set(kinds) == {SourceKind.VIDEO}:
        return Shares(1, 1, ahead)
    # FFmpeg knows nothing of a container's quota either.
    return Shares(threads, threads or quota() or 0, ahead)
