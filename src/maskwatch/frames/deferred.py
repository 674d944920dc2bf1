"""Frames whose picture is made only if somebody looks at it, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from maskwatch.types import Frame, Image


class DeferredFrame(Frame):
    """A frame of a file, whose pixels nobody needs in between two looks, or one that is put by.

    Args:
        source: see `Frame`.
        index: see `Frame`.
        t: see `Frame`.
        make: gives the picture; called once, when ``image`` is first asked for.
        captured_at: see `Frame`.
    """

    __slots__ = ("_made", "_make")

    _make: Callable[[], Image]
    _made: Image | None

    def __init__(
        self,
        source: str,
        index: int,
        t: float,
        make: Callable[[], Image],
        captured_at: datetime | None = None,
    ) -> None:
        for name, value in (
            ("source", source),
            ("index", index),
            ("t", t),
            ("captured_at", captured_at),
            ("_make", make),
            ("_made", None),
        ):
            object.__setattr__(self, name, value)  # the class is frozen

    @property
    def image(self) -> Image:
        """``(H, W, 3)`` uint8, BGR, C-contiguous."""
        made = self._made
        if made is None:
            made = self._make()
            object.__setattr__(self, "_made", made)
        return made

    def __reduce__(self) -> tuple[type[Frame], tuple[object, ...]]:
        """A copy, as for another process, is a frame with its picture: a decoder stays here."""
        return Frame, (self.source, self.index, self.t, self.image, self.captured_at)


class PassedFrame(Frame):
    """A frame that was not decoded: it has its place and time, and no picture.

    Sources deliver such frames only when they were told how rarely pictures will be looked at.

    Args:
        source: see `Frame`.
        index: see `Frame`.
        t: see `Frame`.
    """

    __slots__ = ()

    def __init__(self, source: str, index: int, t: float) -> None:
        for name, value in (("source", source), ("index", index), ("t", t), ("captured_at", None)):
            object.__setattr__(self, name, value)  # the class is frozen

    @property
    def has_image(self) -> bool:
        """False."""
        return False

    @property
    def image(self) -> Image:
        """There is none.

        Raises:
            LookupError: always.
        """
        raise LookupError(f"frame {self.index} of {self.source} was not decoded")
