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
