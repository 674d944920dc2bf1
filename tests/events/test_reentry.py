from __future__ import annotations

import numpy as np
import pytest

from maskwatch.events.reentry import (
    Colours,
    ReentryBook,
    ReentrySettings,
    clothes,
    likeness,
)
from maskwatch.testing import face_at, reading_of
from maskwatch.types import Box, State, Track, Verdict

BLUE = np.eye(64)[3]
RED = np.eye(64)[48]


def track(
    number: int, t: float, x: float = 100, size: float = 40, first_t: float | None = None
) -> Track:
    reading = reading_of(face_at(x, 100, size), State.MASK)
    first = t if first_t is None else first_t
    return Track(number, "door", reading, Verdict(State.MASK), first, t)


def numbers(book: ReentryBook, t: float, *tracks: Track, worn: Colours | None = BLUE) -> list[int]:
    return [each.id for each in book.update(t, tracks, {each.id: worn for each in tracks})]


@pytest.mark.parametrize(
    ("away_s", "x", "size", "worn", "same"),
    [
        (10, 140, 40, BLUE, True),
        (19, 100, 60, BLUE, True),
        (21, 100, 40, BLUE, False),
        (10, 400, 40, BLUE, False),
        (10, 100, 90, BLUE, False),
        (10, 100, 40, RED, False),
        (2, 100, 40, None, True),
        (10, 100, 40, None, False),
    ],
    ids=[
        "near, soon, alike",
        "a step closer",
        "too late",
        "elsewhere",
        "much closer",
        "other clothes",
        "clothes unseen but at once",
        "clothes unseen and late",
    ],
)
def test_who_comes_back_is_the_same_person_only_if_everything_fits(
    away_s: float, x: float, size: float, worn: Colours | None, same: bool
) -> None:
    book = ReentryBook(ReentrySettings(within_s=20), first=5)
    assert numbers(book, 0.0, track(1, 0.0)) == [5]
    assert numbers(book, 0.5) == []
    found = numbers(book, away_s, track(2, away_s, x, size), worn=worn)
    assert found == [5 if same else 6]


def test_two_at_a_time_are_never_one_person() -> None:
    book = ReentryBook()
    assert numbers(book, 0.0, track(1, 0.0)) == [1]
    assert numbers(book, 1.0, track(1, 1.0), track(2, 1.0, x=150)) == [1, 2]


def test_of_two_who_come_back_each_is_who_they_were() -> None:
    book = ReentryBook()
    assert numbers(book, 0.0, track(1, 0.0, x=100), track(2, 0.0, x=240)) == [1, 2]
    assert numbers(book, 5.0, track(3, 5.0, x=250), track(4, 5.0, x=110)) == [2, 1]


def test_a_person_keeps_the_number_on_the_second_return_too() -> None:
    book = ReentryBook()
    assert numbers(book, 0.0, track(1, 0.0)) == [1]
    assert numbers(book, 5.0, track(2, 5.0)) == [1]
    assert numbers(book, 6.0, track(2, 6.0)) == [1]
    assert numbers(book, 15.0, track(3, 15.0)) == [1]


def test_a_track_that_began_before_the_other_was_lost_is_somebody_else() -> None:
    book = ReentryBook()
    numbers(book, 0.0, track(1, 0.0))
    numbers(book, 2.0, track(1, 2.0))
    assert numbers(book, 3.0, track(2, 3.0, first_t=1.5)) == [2]


def test_who_was_there_when_the_other_was_seen_last_is_somebody_else() -> None:
    book = ReentryBook()
    numbers(book, 0.0, track(1, 0.0))
    numbers(book, 2.0, track(1, 2.0))
    assert numbers(book, 3.0, track(2, 3.0, first_t=2.0)) == [2]


def test_the_past_is_forgotten() -> None:
    book = ReentryBook(ReentrySettings(within_s=5))
    for i in range(1000):
        numbers(book, i * 20.0, track(i + 1, i * 20.0))
    assert len(book._people) <= 2
    assert book.next_person == 1001


def test_clothes_are_the_colours_below_the_face() -> None:
    image = np.zeros((200, 200, 3), np.uint8)
    image[90:] = (255, 0, 0)
    face = Box(80, 40, 120, 80)
    worn = clothes(image, face)
    assert worn is not None
    assert worn.sum() == pytest.approx(1)
    assert worn[3 * 16] == 1.0  # the brightest of four blues, no green, no red
    assert likeness(worn, worn) == pytest.approx(1)
    image[90:] = (0, 0, 255)
    other = clothes(image, face)
    assert other is not None
    assert likeness(worn, other) == 0


@pytest.mark.parametrize(
    "face", [Box(80, 150, 120, 190), Box(-36, 40, 4, 80), Box(196, 40, 236, 80)]
)
def test_a_face_at_the_edge_shows_no_clothes(face: Box) -> None:
    assert clothes(np.zeros((200, 200, 3), np.uint8), face) is None


def test_a_track_that_one_look_missed_is_the_same_person_however_rare_looks_are() -> None:
    book = ReentryBook(ReentrySettings(within_s=0))
    assert numbers(book, 0.0, track(1, 0.0)) == [1]
    assert numbers(book, 30.0) == []
    assert numbers(book, 60.0, track(1, 60.0, first_t=0.0)) == [1]


def test_somebody_in_front_for_a_moment_does_not_change_what_one_wears() -> None:
    book = ReentryBook()
    for tenths in range(10):
        numbers(book, tenths / 10, track(1, tenths / 10, first_t=0.0))
    numbers(book, 1.0, track(1, 1.0, first_t=0.0), worn=RED)
    assert numbers(book, 9.0, track(2, 9.0)) == [1]


def test_a_shorter_time_to_come_back_holds_for_clothes_that_are_not_seen_too() -> None:
    book = ReentryBook(ReentrySettings(within_s=1.0))
    numbers(book, 0.0, track(1, 0.0), worn=None)
    assert numbers(book, 2.0, track(2, 2.0), worn=None) == [2]


def test_one_who_comes_back_is_one_of_those_who_were_lost_and_the_other_may_still_come() -> None:
    book = ReentryBook()
    assert numbers(book, 0.0, track(1, 0.0, x=100), track(2, 0.0, x=160)) == [1, 2]
    assert numbers(book, 5.0, track(3, 5.0, x=110)) == [1]
    assert numbers(book, 6.0, track(3, 6.0, x=110, first_t=5.0), track(4, 6.0, x=160)) == [1, 2]


def test_who_came_back_in_time_is_known_though_their_track_is_told_of_later() -> None:
    book = ReentryBook(ReentrySettings(within_s=20))
    numbers(book, 0.0, track(1, 0.0))
    for t in (19.0, 20.0, 20.5):
        numbers(book, t)
    assert numbers(book, 21.0, track(2, 21.0, first_t=19.5)) == [1]
