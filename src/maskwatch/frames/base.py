"""The seam between what delivers pictures and what looks at them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, Self

from maskwatch.types import Frame


class FrameSource(Protocol):
    """A context manager that yields frames in order.

    Iteration ends only at the true end of the source. A file that breaks off in the middle
    yields what it has and then raises ``SourceError``; a live source that is gone for good
    raises ``SourceLost``.
    """

    @property
    def name(self) -> str:
        """Path or URL as given, with any password masked."""
        ...

    @property
    def is_live(self) -> bool:
        """True for cameras and network streams, whose frames are dropped when nobody reads them."""
        ...

    @property
    def frame_count(self) -> int | None:
        """Expected number of frames, for progress; None when the source does not say."""
        ...

    @property
    def fps(self) -> float | None:
        """Nominal frames per second; None when the source does not say or is an image."""
        ...

    @property
    def damaged(self) -> int:
        """Frames left out so far because they could not be decoded whole."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...

    def __iter__(self) -> Iterator[Frame]: ...


def is_single_picture(source: FrameSource) -> bool:
    """Whether an open source holds one picture and no more, as a web address may."""
    return source.frame_count == 1 and not source.is_live
