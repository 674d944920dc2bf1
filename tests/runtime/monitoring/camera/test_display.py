"""What the live view says of people, picture by picture."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from maskwatch.runtime.monitoring.live_hub import LiveHub, LivePerson
from maskwatch.testing import reading_of
from maskwatch.types import Face, Frame, MaskReading, State
from tests.painted import SquareClassifier
from tests.runtime.monitoring.camera.test_lane import BARE, MASKED, after_film
from tests.runtime.simulated import EPOCH, camera_config

ALL = [(0, 0), (1, 0), (1, 1), (0, 1)]


def shown(end_s: float = 4, **config: Any) -> list[tuple[float, LivePerson]]:
    """Somebody bare, masked for the first second, and when each view showed it."""
    with (
        patch.object(LiveHub, "is_watched", return_value=True),
        patch.object(LiveHub, "publish", autospec=True) as published,
    ):
        after_film(lambda t: [MASKED] if t < 1 else [BARE], end_s, camera_config(**config))
    views = [(call.args[4] - EPOCH, call.args[3]) for call in published.call_args_list]
    return [(at / timedelta(seconds=1), each) for at, people in views for each in people]


def test_what_is_read_needs_not_hold() -> None:
    people = shown(9, rule={"hold_s": 5})
    assert {each.read for t, each in people if t < 1} == {State.MASK}
    assert {each.read for t, each in people if t >= 1} == {State.NO_MASK}
    assert {each.state for t, each in people if 2 < t < 5} == {State.UNKNOWN}
    assert people[-1][1].state is State.NO_MASK


@pytest.mark.parametrize(("limit", "read"), [(80, State.INCORRECT), (30, State.MASK)])
def test_what_is_read_goes_by_the_limit_of_the_zone(limit: float, read: State) -> None:
    def doubt(_: SquareClassifier, __: Frame, faces: Sequence[Face]) -> list[MaskReading]:
        return [reading_of(face, State.MASK, confidence=0.6) for face in faces]

    zone = {"name": "door", "polygon": ALL, "coverage_below": limit}
    with patch.object(SquareClassifier, "__call__", doubt):
        people = shown(rule={"coverage_below": 10}, zones=[zone])
    assert {each.read for _, each in people} == {read}


@pytest.mark.parametrize(
    ("config", "free", "exempt"),
    [
        ({}, False, False),
        ({"exemptions": [{"reason": "break room"}]}, True, True),
        ({"schedule": {"hours": [{"days": ["tue"]}]}}, True, False),
        (
            {
                "zones": [
                    {
                        "name": "door",
                        "polygon": ALL,
                        "schedule": {"hours": [{"days": ["tue"]}]},
                    }
                ]
            },
            True,
            False,
        ),
    ],
)
def test_who_need_not_wear_a_mask_is_free_and_exempt_only_by_an_exemption(
    config: dict[str, Any], free: bool, exempt: bool
) -> None:
    assert {(each.free, each.exempt) for _, each in shown(**config)} == {(free, exempt)}
