"""Which part of the picture somebody is in, and whether masks matter there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maskwatch.types import Box, Face


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of the picture."""

    name: str
    polygon: tuple[tuple[float, float], ...]
    """At least three corners (x, y) as shares of width and height, in [0, 1]."""
    excluded: bool = False
    """Whether people in it are left out, instead of being judged."""

    def __post_init__(self) -> None:
        if len(self.polygon) < 3:
            raise ValueError(f"zone {self.name!r} needs three corners, got {len(self.polygon)}")

    def contains(self, x: float, y: float) -> bool:
        """Whether a point, in shares of the picture, lies inside, by the even-odd rule."""
        inside = False
        for (x0, y0), (x1, y1) in zip(
            self.polygon, self.polygon[1:] + self.polygon[:1], strict=True
        ):
            if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
                inside = not inside
        return inside


@dataclass(frozen=True, slots=True)
class ZoneMap:
    """All zones of a camera; without any, the whole picture is judged."""

    zones: tuple[Zone, ...] = ()

    def judges(self, box: Box, width: int, height: int) -> bool:
        """Whether somebody whose face is at ``box`` (pixels) is judged at all."""
        x, y = _middle(box, width, height)
        if any(zone.excluded and zone.contains(x, y) for zone in self.zones):
            return False
        included = [zone for zone in self.zones if not zone.excluded]
        return not included or any(zone.contains(x, y) for zone in included)

    def zone_of(self, box: Box, width: int, height: int) -> str | None:
        """The first include zone that the middle of ``box`` (pixels) lies in; None for none."""
        x, y = _middle(box, width, height)
        inside = (z.name for z in self.zones if not z.excluded and z.contains(x, y))
        return next(inside, None)

    def judged(self, faces: Sequence[Face], width: int, height: int) -> list[Face]:
        """Those of the faces that are judged, in the same order."""
        return [face for face in faces if self.judges(face.box, width, height)]


def _middle(box: Box, width: int, height: int) -> tuple[float, float]:
    x, y = box.middle
    return x / width, y / height
