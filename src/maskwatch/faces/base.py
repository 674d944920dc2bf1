"""The seam between frames and faces."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from maskwatch.types import Box, Face, Frame


class FaceDetector(Protocol):
    """Finds the faces of one frame, best score first. No face is an empty list, never an error."""

    def __call__(self, frame: Frame) -> list[Face]:
        """The faces, in pixels of the frame."""
        ...


@runtime_checkable
class RegionDetector(Protocol):
    """A detector that can look at a part of a frame, at the scale that the faces there need."""

    def within(self, frame: Frame, region: Box, face_px: float) -> list[Face]:
        """The faces in a part of the frame, best score first, in pixels of the whole frame.

        Args:
            frame: the whole picture.
            region: where to look; may reach beyond the picture, but not lie outside.
            face_px: shorter side of the smallest face that is expected there.
        """
        ...
