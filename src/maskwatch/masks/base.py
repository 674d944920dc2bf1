"""The seam between faces and mask readings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from maskwatch.types import Face, Frame, MaskReading


class MaskClassifier(Protocol):
    """Judges the faces of one frame.

    Returns one reading per face, in the same order. A face that cannot be judged gets
    ``unknown`` with a reason; it is never left out. A classifier that sees better than the
    detector where the face lies gives the reading a face with that box.
    """

    def __call__(self, frame: Frame, faces: Sequence[Face]) -> list[MaskReading]:
        """The readings of ``faces``, which are those of ``frame``."""
        ...


@runtime_checkable
class BatchMaskClassifier(Protocol):
    """A classifier that judges the faces of several frames in one go."""

    def judge_all(self, looks: Sequence[tuple[Frame, Sequence[Face]]]) -> list[list[MaskReading]]:
        """For each frame the readings of its faces, as calls one by one would give them."""
        ...
