from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maskwatch.tracks.surroundings import Surroundings, Sweeps
from maskwatch.types import Box, Frame, Image


def room(seed: int = 0) -> Image:
    """A grey wall with a little noise."""
    rng = np.random.default_rng(seed)
    return rng.integers(100, 108, (360, 640, 3), dtype=np.uint8)


def with_somebody(x: int, y: int) -> Image:
    image = room(1)
    image[y : y + 120, x : x + 50] = 200
    return image


def watching() -> Surroundings:
    surroundings = Surroundings()
    surroundings.remember(room())
    return surroundings


def test_nothing_is_known_at_first() -> None:
    assert Surroundings().have_changed(room(), [])


def test_noise_is_no_change() -> None:
    assert not watching().have_changed(room(1), [])


def test_a_trembling_camera_is_no_change() -> None:
    """Thin lines, such as the edges of furniture, that lie a little further to the side."""
    before, after = room(), room(1)
    before[:, 20::80] = 220
    after[:, 23::80] = 220  # no sample lies there
    surroundings = Surroundings()
    surroundings.remember(before)
    assert not surroundings.have_changed(after, [])


def test_somebody_who_comes_is_a_change() -> None:
    assert watching().have_changed(with_somebody(300, 200), [])


def test_the_body_below_a_known_face_is_none() -> None:
    assert not watching().have_changed(with_somebody(300, 200), [Box(310, 160, 340, 200)])


def test_somebody_beside_a_known_face_is_one() -> None:
    assert watching().have_changed(with_somebody(300, 200), [Box(10, 160, 40, 200)])


def test_a_known_face_beyond_the_edge_hides_nothing_else() -> None:
    assert watching().have_changed(with_somebody(500, 200), [Box(-90, 160, -60, 200)])


def test_another_size_is_a_change() -> None:
    assert watching().have_changed(room()[:, :320], [])


ONE = [Box(300, 160, 340, 200)]
TWO = [*ONE, Box(100, 160, 140, 200)]


def swept(sweeps: Sweeps, times: Sequence[float], people: Sequence[Box] | None) -> list[float]:
    """The times at which the whole picture of a still room is to be looked at."""
    return [t for t in times if sweeps.is_due(Frame("door", 0, t, room()), people)]


HALVES = [index / 2 for index in range(41)]


def test_a_still_room_is_looked_at_as_a_whole_ever_more_rarely() -> None:
    assert swept(Sweeps(1.0, 4.0), HALVES, ONE) == [0, 1, 3, 7, 11, 15, 19]
    assert swept(Sweeps(1.0), HALVES, ONE) == [float(t) for t in range(21)]
    assert swept(Sweeps(0.0), HALVES, ONE) == HALVES


def test_when_somebody_came_the_whole_room_is_looked_at_as_often_as_at_first() -> None:
    sweeps = Sweeps(1.0, 4.0)
    assert swept(sweeps, HALVES[:20], ONE) == [0, 1, 3, 7]
    assert swept(sweeps, HALVES[20:], TWO) == [11, 12, 14, 18]


def test_while_it_is_not_known_where_everybody_is_the_whole_room_is_looked_at() -> None:
    sweeps = Sweeps(1.0, 4.0)
    assert swept(sweeps, [0.0, 0.1, 0.2], None) == [0.0, 0.1, 0.2]
    assert swept(sweeps, [0.3, 1.1, 1.3], ONE) == [1.3]


def test_a_clock_that_was_set_back_has_the_whole_room_looked_at() -> None:
    assert swept(Sweeps(1.0), [100.0, 100.5, 50.0, 50.5, 51.0], ONE) == [100.0, 50.0, 51.0]
