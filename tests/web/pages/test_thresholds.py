"""Whom the thresholds on the page of a camera would report."""

from __future__ import annotations

from dataclasses import replace

import pytest

from maskwatch.types import Fault, State
from maskwatch.web.pages.camera import DEFAULTS, would_alert
from maskwatch.web.pages.zone_editor import DrawnZone
from tests.web.made_up import person


@pytest.mark.parametrize(
    ("zone", "coverage", "is_reported"),
    [
        *((None, 70, True), (None, 85, False), ("hall", 70, True)),
        *(("door", 70, False), ("door", 50, True)),
    ],
)
def test_the_preview_goes_by_the_threshold_of_the_zone_that_somebody_is_in(
    zone: str | None, coverage: float, is_reported: bool
) -> None:
    corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    zones = [
        DrawnZone("door", "include", corners, {"coverage_below": 60}),
        DrawnZone("hall", "include", corners, {}),
    ]
    somebody = replace(person(7, State.INCORRECT, Fault.OTHER, coverage), zone=zone)
    assert would_alert(somebody, DEFAULTS, zones) is is_reported
