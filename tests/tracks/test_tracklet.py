from __future__ import annotations

import pytest

from maskwatch.testing import face_at, reading_of
from maskwatch.tracks.tracklet import LifeSettings, Phase, Tracklet
from maskwatch.tracks.verdict import VoteSettings
from maskwatch.types import MaskReading, State


def seen(score: float = 0.9) -> MaskReading:
    return reading_of(face_at(100, 100, score=score), State.MASK)


def followed(*looks: tuple[float, float]) -> Tracklet:
    """A tracklet that was hit at each (time, score)."""
    (t, score), *later = looks
    tracklet = Tracklet(t, seen(score), LifeSettings(), VoteSettings())
    for t, score in later:
        tracklet.hit(t, seen(score))
    return tracklet


def phase_of(tracklet: Tracklet) -> Phase:
    return tracklet.phase


@pytest.mark.parametrize(
    ("looks", "deserved"),
    [
        ([(0.0, 0.9)], False),
        ([(0.0, 0.9), (0.1, 0.9), (0.2, 0.9)], False),  # often and clearly, not long
        ([(0.0, 0.9), (0.4, 0.9)], False),  # long and clearly, not often
        ([(0.0, 0.9), (0.2, 0.9), (0.4, 0.9)], True),
        ([(index / 10, 0.7) for index in range(100)], False),  # never clearly: a pattern
        ([(0.0, 0.5), (0.2, 0.9), (0.3, 0.9), (0.4, 0.9)], True),  # weak at first
    ],
)
def test_a_face_becomes_a_person_when_seen_often_long_and_clearly(
    looks: list[tuple[float, float]], deserved: bool
) -> None:
    assert followed(*looks).deserves_confirmation is deserved


def test_a_face_missed_more_often_than_seen_is_no_person() -> None:
    tracklet = followed((0.0, 0.9), (0.2, 0.9))
    for _ in range(4):
        tracklet.miss()
    tracklet.hit(0.6, seen())
    assert not tracklet.deserves_confirmation
    tracklet.hit(0.7, seen())
    assert tracklet.deserves_confirmation


def test_it_moves_between_its_phases_as_drawn() -> None:
    tracklet = followed((0.0, 0.9), (0.2, 0.9), (0.4, 0.9))
    assert phase_of(tracklet) is Phase.TENTATIVE
    tracklet.miss()
    assert phase_of(tracklet) is Phase.TENTATIVE
    tracklet.confirm(7)
    assert tracklet.is_confirmed
    assert not tracklet.deserves_confirmation
    tracklet.miss()
    assert phase_of(tracklet) is Phase.LOST
    assert not tracklet.is_confirmed
    tracklet.hit(1.0, seen())
    assert phase_of(tracklet) is Phase.CONFIRMED
    assert tracklet.id == 7


@pytest.mark.parametrize(
    ("confirmed", "unseen_s", "misses", "gone"),
    [
        (False, 0.3, 5, False),
        (False, 0.5, 5, True),
        (True, 1.4, 20, False),
        (True, 1.6, 20, True),
        (True, 5.0, 1, False),  # one miss alone, where frames are rare
        (True, 5.0, 2, True),
    ],
)
def test_it_is_given_up_after_a_while(
    confirmed: bool, unseen_s: float, misses: int, gone: bool
) -> None:
    tracklet = followed((2.0, 0.9))
    if confirmed:
        tracklet.confirm(1)
    for _ in range(misses):
        tracklet.miss()
    assert tracklet.is_gone(2.0 + unseen_s) is gone


BARE = reading_of(face_at(100, 100), State.NO_MASK)


@pytest.mark.parametrize(
    ("looks", "settled"),
    [
        ([(0.0, 0.9)], False),  # somebody may be about to become a person
        ([(0.0, 0.9), (0.9, 0.9)], False),
        ([(0.0, 0.9), (0.5, 0.6), (1.1, 0.6)], True),  # had its time
        ([(0.0, 0.6), (0.1, 0.7)], True),  # never clear: a pattern
    ],
)
def test_what_will_not_become_a_person_is_no_reason_to_look_often(
    looks: list[tuple[float, float]], settled: bool
) -> None:
    assert followed(*looks).is_settled is settled
    assert followed(*looks).is_calm is settled


def test_a_person_is_calm_while_in_sight_and_while_all_readings_say_the_same() -> None:
    tracklet = followed(*((index / 5, 0.9) for index in range(5)))
    tracklet.confirm(1)
    assert tracklet.is_calm
    tracklet.hit(1.0, BARE)
    assert tracklet.is_settled
    assert not tracklet.is_calm
    for index in range(6, 15):
        tracklet.hit(index / 5, seen())
    assert tracklet.is_calm
    tracklet.miss()
    assert not tracklet.is_settled
    assert not tracklet.is_calm


def test_only_people_become_tracks() -> None:
    tracklet = followed((0.0, 0.9), (0.5, 0.8))
    with pytest.raises(ValueError, match="not a person"):
        tracklet.as_track("door")
    tracklet.confirm(3)
    track = tracklet.as_track("door")
    assert (track.id, track.source, track.first_t, track.last_t) == (3, "door", 0.0, 0.5)
    assert track.reading is tracklet.reading


@pytest.mark.parametrize(
    "wrong", [{"confirm_hits": 0}, {"confirm_score": 1.5}, {"max_gap_s": -1.0}]
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"need|negative"):
        LifeSettings(**wrong)  # type: ignore[arg-type]
