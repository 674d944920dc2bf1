from __future__ import annotations

import pytest

from maskwatch.events.zones import Zone, ZoneMap
from maskwatch.testing import face_at
from maskwatch.types import Box

LEFT = Zone("left", ((0, 0), (0.5, 0), (0.5, 1), (0, 1)))
# A U whose opening is at the top.
CURVED = Zone("u", ((0, 0), (0.2, 0), (0.2, 0.8), (0.8, 0.8), (0.8, 0), (1, 0), (1, 1), (0, 1)))


@pytest.mark.parametrize(
    ("zone", "x", "y", "inside"),
    [
        (LEFT, 0.25, 0.5, True),
        (LEFT, 0.75, 0.5, False),
        (CURVED, 0.1, 0.5, True),
        (CURVED, 0.5, 0.5, False),
        (CURVED, 0.5, 0.9, True),
        (CURVED, 0.9, 0.1, True),
    ],
)
def test_a_point_is_inside_or_not(zone: Zone, x: float, y: float, inside: bool) -> None:
    assert zone.contains(x, y) is inside


def box_around(x: float, y: float, side: float = 10) -> Box:
    return Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)


def test_without_zones_everybody_is_judged_and_in_no_zone() -> None:
    zones = ZoneMap()
    assert zones.judges(box_around(50, 50), 100, 100)
    assert zones.zone_of(box_around(50, 50), 100, 100) is None


def test_with_an_include_zone_only_those_in_it_are_judged_by_the_middle_of_their_face() -> None:
    zones = ZoneMap((LEFT,))
    assert zones.judges(box_around(98, 100, 40), 200, 200)
    assert not zones.judges(box_around(102, 100, 40), 200, 200)
    assert zones.zone_of(box_around(98, 100, 40), 200, 200) == "left"


def test_an_exclude_zone_wins_over_an_include_zone() -> None:
    mirror = Zone("mirror", ((0, 0), (0.5, 0), (0.5, 0.5), (0, 0.5)), excluded=True)
    zones = ZoneMap((LEFT, mirror))
    assert not zones.judges(box_around(20, 20), 100, 100)
    assert zones.judges(box_around(20, 80), 100, 100)
    alone = ZoneMap((mirror,))
    assert alone.judges(box_around(80, 80), 100, 100)
    assert alone.zone_of(box_around(80, 80), 100, 100) is None


def test_of_several_zones_the_smallest_counts_whatever_their_order() -> None:
    table = Zone("table", ((0.1, 0.1), (0.3, 0.1), (0.3, 0.3), (0.1, 0.3)))
    for zones in (ZoneMap((LEFT, table)), ZoneMap((table, LEFT))):
        assert zones.zone_of(box_around(20, 20), 100, 100) == "table"
        assert zones.zone_of(box_around(20, 60), 100, 100) == "left"


def test_who_was_let_in_and_whose_box_then_moved_over_the_edge_is_in_the_nearest_zone() -> None:
    right = Zone("right", ((0.6, 0), (1, 0), (1, 1), (0.6, 1)))
    zones = ZoneMap((LEFT, right))
    assert zones.zone_of(box_around(51, 50), 100, 100) == "left"
    assert zones.zone_of(box_around(59, 50), 100, 100) == "right"


def test_the_judged_faces_keep_their_order() -> None:
    faces = [face_at(30, 50, 10), face_at(80, 50, 10), face_at(10, 50, 10)]
    assert ZoneMap((LEFT,)).judged(faces, 100, 100) == [faces[0], faces[2]]


def test_a_zone_needs_three_corners() -> None:
    with pytest.raises(ValueError, match="three corners, got 2"):
        Zone("line", ((0, 0), (1, 1)))
