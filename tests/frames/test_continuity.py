from __future__ import annotations

import pytest

from maskwatch.frames.continuity import Continuity


def continued(stamps: list[int | None], lasts: int | None = 4) -> list[int | None]:
    """The stamps as they go on, at 100 a second."""
    continuity = Continuity(0.01, 5)
    shifts = [continuity.shift(stamp, lasts) for stamp in stamps]
    return [None if s is None else s + shift for s, shift in zip(stamps, shifts, strict=True)]


@pytest.mark.parametrize(
    ("stamps", "going_on"),
    [
        ([0, 4, 8], [0, 4, 8]),
        ([0, 4, 900, 904], [0, 4, 900, 904]),  # a gap
        ([900, 904, 0, 4], [900, 904, 908, 912]),  # joined, or the clock was set back
        ([900, 0, 500, 0], [900, 904, 1404, 1408]),  # twice
        ([900, None, 0], [900, None, 904]),  # one stamp missing
        ([900, 890, 894], [900, 890, 894]),  # a little back
    ],
)
def test_stamps_go_on_where_they_begin_anew(
    stamps: list[int | None], going_on: list[int | None]
) -> None:
    assert continued(stamps) == going_on


def test_the_usual_step_counts_where_packets_do_not_say_how_long_they_last() -> None:
    assert continued([900, 0], lasts=None) == [900, 905]
