"""The seams between what was seen and where it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from maskwatch.types import Episode, Face, Frame, Image, MaskReading, Track


@dataclass(frozen=True, slots=True, eq=False)
class JudgedFrame:
    """One frame and what is known of the faces in it, whether they were looked for in it or not."""

    frame: Frame
    faces: tuple[tuple[MaskReading, Track | None], ...]
    """Every face told of with its person; None in images, and for nobody in particular."""
    is_followed: bool = False
    """Whether people are followed from frame to frame, so that a face may be nobody yet."""
    ended: tuple[Episode, ...] = ()
    """Episodes of which it is certain since this frame that they are over."""
    found: tuple[Face, ...] = ()
    """Every face that the detector found, told of or not; none in a frame not looked at."""


class FrameSink(Protocol):
    """Takes the frames, for all sources of a run one after the other."""

    def write(self, judged: JudgedFrame) -> None:
        """Records one frame; raises OutputError, after which the sink is not used again."""
        ...

    def close(self) -> None:
        """Finishes what was written; raises OutputError."""
        ...


class EpisodeSink(Protocol):
    """Takes the episodes of all sources of a run, each once it is over or its source has ended."""

    def add(self, episodes: Sequence[Episode]) -> None:
        """Records episodes; raises OutputError."""
        ...

    def close(self) -> None:
        """Finishes what was written; raises OutputError."""
        ...


class PictureSink(Protocol):
    """Takes the finished pictures of one source."""

    def write(self, image: Image, t: float) -> None:
        """Records one picture ``(H, W, 3)`` BGR at ``t`` seconds; raises OutputError."""
        ...

    def close(self) -> None:
        """Finishes what was written; raises OutputError."""
        ...
