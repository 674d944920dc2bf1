"""The seam between frames and faces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from maskwatch.types import Box, Face, Frame


class FaceDetector(Protocol):
    """Finds the faces of one frame, best score first. No face is an empty list, never an error."""

    def __call__(self, frame: Frame) -> list[Face]:
        """The faces, in pixels of the frame."""
        ...


@runtime_checkable
class GlancingDetector(Protocol):
    """A detector that can look only where faces should be, which is quicker."""

    def near(self, frame: Frame, expected: Sequence[Box]) -> list[Face]:
        """The faces at about the expected places, best score first, in pixels of the frame."""
        ...


def find(detector: FaceDetector, frame: Frame, places: Sequence[Box] | None) -> list[Face]:
    """The faces at about the given places, or everywhere for None, best score first.

    A detector that cannot glance looks everywhere, unless there is no place at all.
    """
    if places is not None and not places:
        return []
    if places is not None and isinstance(detector, GlancingDetector):
        return detector.near(frame, places)
    return detector(frame)
