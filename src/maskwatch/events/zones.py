"""Which part of the picture somebody is in, and whether masks matter there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

from maskwatch.types import Box, Face

_Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of the picture."""

    name: str
    polygon: tuple[_Point, ...]
    """At least three corners (x, y) as shares of width and height, in [0, 1]."""
    excluded: bool = False
    """Whether people in it are left out, instead of being judged."""

    def __post_init__(self) -> None:
        if len(self.polygon) < 3:
            raise ValueError(f"zone {self.name!r} needs three corners, got {len(self.polygon)}")

    def contains(self, x: float, y: float) -> bool:
        """Whether a point, in shares of the picture, lies inside, by the even-odd rule."""
        inside = False
        for (x0, y0), (x1, y1) in self._edges():
            if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
                inside = not inside
        return inside

    @property
    def area(self) -> float:
        """Share of the picture, in [0, 1], by the shoelace formula."""
        return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in self._edges())) / 2

    def distance(self, x: float, y: float) -> float:
        """How far a point is from the nearest edge, in shares of the picture."""
        return min(_to_edge((x, y), *edge) for edge in self._edges())

    def _edges(self) -> list[tuple[_Point, _Point]]:
        return list(zip(self.polygon, self.polygon[1:] + self.polygon[:1], strict=True))


@dataclass(frozen=True, slots=True)
class ZoneMap:
    """All zones of a camera; without any, the whole picture is judged."""

    zones: tuple[Zone, ...] = ()

    @property
    def included(self) -> tuple[Zone, ...]:
        """Those in which people are judged; without any, they are everywhere."""
        return tuple(zone for zone in self.zones if not zone.excluded)

    def judges(self, box: Box, width: int, height: int) -> bool:
        """Whether somebody whose face is at ``box`` (pixels) is judged at all."""
        x, y = _middle(box, width, height)
        if any(zone.excluded and zone.contains(x, y) for zone in self.zones):
            return False
        included = self.included
        return not included or any(zone.contains(x, y) for zone in included)

    def zone_of(self, box: Box, width: int, height: int) -> str | None:
        """The include zone of somebody who is judged; None when there are no include zones.

        Of several that the middle of ``box`` (pixels) lies in it is the smallest, a table in a
        hall. A box that the classifier moved a little over the edge belongs to the nearest.
        """
        x, y = _middle(box, width, height)
        included = self.included
        inside = [zone for zone in included if zone.contains(x, y)]
        if inside:
            return min(inside, key=lambda zone: zone.area).name
        nearest = min(included, key=lambda zone: zone.distance(x, y), default=None)
        return None if nearest is None else nearest.name

    def judged(self, faces: Sequence[Face], width: int, height: int) -> list[Face]:
        """Those of the faces that are judged, in the same order."""
        return [face for face in faces if self.judges(face.box, width, height)]


def _to_edge(point: _Point, start: _Point, end: _Point) -> float:
    along, across = (
        (end[0] - start[0], end[1] - start[1]),
        (point[0] - start[0], point[1] - start[1]),
    )
    length = along[0] ** 2 + along[1] ** 2
    share = (along[0] * across[0] + along[1] * across[1]) / length if length else 0.0
    share = min(1.0, max(0.0, share))
    return hypot(across[0] - share * along[0], across[1] - share * along[1])


def _middle(box: Box, width: int, height: int) -> tuple[float, float]:
    x, y = box.middle
    return x / width, y / height
