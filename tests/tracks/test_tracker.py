from __future__ import annotations

import random
from dataclasses import replace
from itertools import accumulate, cycle, islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwatch.testing import blank_frames, face_at, reading_of
from maskwatch.tracks.tracker import Tracker, TrackerSettings
from maskwatch.types import Box, Face, Landmarks, Point, State
from tests.tracks.scenes import Walk, ids, paths, play, readings_at, times, walk

RATES = [5, 10, 25, 30]


@pytest.mark.parametrize("fps", RATES)
def test_one_who_walks_by_is_one_person(fps: float) -> None:
    tracks = play([walk((100, 200), (150, 0))], times(4, fps))
    assert ids(tracks) == {1}
    assert [len(frame) for frame in tracks][-1] == 1


@pytest.mark.parametrize("fps", RATES)
def test_a_small_far_face_that_moves_by_more_than_its_width_is_one_person(fps: float) -> None:
    # 25 px wide at 200 px/s: 1.6 widths between two frames at 5 fps.
    tracks = play([walk((100, 200), (200, 0), size=25)], times(4, fps))
    assert ids(tracks) == {1}


@pytest.mark.parametrize("fps", RATES)
def test_two_who_cross_keep_their_ids(fps: float) -> None:
    # They pass each other a little apart in height, as people of different size do.
    tracks = play(
        [walk((100, 200), (120, 0)), walk((580, 240), (-120, 0))],
        times(4, fps),
    )
    found = paths(tracks)
    assert set(found) == {1, 2}
    rightwards, leftwards = sorted(found.values(), key=lambda path: path[0])
    assert all(a[0] < b[0] for a, b in pairwise(rightwards))
    assert all(a[0] > b[0] for a, b in pairwise(leftwards))


@pytest.mark.parametrize("fps", RATES)
def test_one_who_is_hidden_while_crossing_keeps_the_id(fps: float) -> None:
    tracks = play(
        [walk((100, 200), (120, 0)), walk((580, 215), (-120, 0), hidden=[(1.8, 2.2)])],
        times(4, fps),
    )
    found = paths(tracks)
    assert set(found) == {1, 2}
    assert sorted(path[0][0] < path[-1][0] for path in found.values()) == [False, True]


@pytest.mark.parametrize("fps", RATES)
def test_one_who_is_seen_in_part_before_being_hidden_has_not_become_smaller(fps: float) -> None:
    def at(t: float) -> Face | None:
        x = 120 * t
        if 2.3 <= t < 2.7:
            return None
        edge = Box(x, 134, x + 24, 164)
        return Face(edge if 2.1 <= t < 2.3 else Box(x, 130, x + 40, 175), 0.8)

    assert ids(play([at], times(4, fps))) == {1}


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize(("gap_s", "people"), [(0.4, 1), (1.2, 1), (2.5, 2)])
def test_one_who_looks_away_for_a_moment_stays_the_same_person(
    fps: float, gap_s: float, people: int
) -> None:
    tracks = play([walk((300, 200), (20, 0), hidden=[(2, 2 + gap_s)])], times(6, fps))
    assert ids(tracks) == set(range(1, people + 1))


def test_somebody_elsewhere_is_somebody_else() -> None:
    tracks = play(
        [walk((100, 200), hidden=[(2, 9)]), walk((400, 200), hidden=[(0, 2.2)])], times(4, 10)
    )
    assert ids(tracks) == {1, 2}


def test_a_much_larger_face_at_the_same_place_is_somebody_else() -> None:
    tracks = play(
        [
            walk((100, 200), size=30, hidden=[(2, 9)]),
            walk((100, 200), size=90, hidden=[(0, 2.2)]),
        ],
        times(4, 10),
    )
    assert ids(tracks) == {1, 2}


@pytest.mark.parametrize("fps", RATES)
def test_flickering_false_detections_never_become_people(fps: float) -> None:
    flicker = [(t / 2, t / 2 + 0.35) for t in range(20)]
    ghosts = [walk((100, 100), score=0.95, hidden=flicker), walk((400, 300), score=0.7)]
    assert ids(play(ghosts, times(8, fps))) == set()


def test_a_person_is_kept_by_weak_detections_but_never_begun_by_them() -> None:
    def fading(t: float) -> Face:
        return face_at(200, 200, score=0.9 if t < 1 else 0.4)

    tracks = play([fading, walk((500, 200), score=0.45)], times(5, 10))
    assert ids(tracks) == {1}
    assert len(tracks[-1]) == 1


def test_detections_below_the_least_score_are_ignored() -> None:
    def fading(t: float) -> Face:
        return face_at(200, 200, score=0.9 if t < 1 else 0.2)

    assert play([fading], times(3, 10))[-1] == []


def test_a_face_found_twice_is_one_person() -> None:
    tracks = play([walk((200, 200), size=60), walk((206, 210), size=40)], times(3, 10))
    assert ids(tracks) == {1}


def test_of_a_new_face_that_is_found_twice_the_surer_one_is_followed() -> None:
    part, whole = walk((188, 200), size=40, score=0.75), walk((200, 200), size=60, score=0.9)
    tracks = play([part, whole], times(2, 10))
    assert {track.reading.face.score for frame in tracks for track in frame} == {0.9}


@pytest.mark.parametrize(("apart", "meet"), [(85, True), (95, False)])
def test_people_meet_when_they_are_nearer_than_one_and_a_half_faces(
    apart: float, meet: bool
) -> None:
    tracker = Tracker()
    play([walk((100, 200)), walk((100 + apart, 200))], times(1, 10), tracker)
    assert tracker.has_encounter(0.9) is meet


def test_one_alone_meets_nobody() -> None:
    tracker = Tracker()
    assert not tracker.has_encounter(0.0)
    play([walk((100, 200))], times(1, 10), tracker)
    assert not tracker.has_encounter(0.9)


@pytest.mark.parametrize(("score", "least"), [(0.8, 0.3), (0.2, 0.2)])
def test_a_score_that_the_user_sets_starts_tracks_and_weaker_faces_still_continue_them(
    score: float, least: float
) -> None:
    tracking = TrackerSettings().starting_from(score)
    assert (tracking.start_score, tracking.floor_score) == (score, least)


def test_between_looks_people_are_where_their_movement_takes_them_and_nothing_else_changes() -> (
    None
):
    tracker, other = Tracker(), Tracker()
    for each in (tracker, other):
        play([walk((100, 200), (100, 0))], times(2, 10), each)
    (between,) = blank_frames([1.95])
    (coasted,) = tracker.coast(between)
    (seen,) = play([walk((100, 200), (100, 0))], [2.0], other)[0]
    assert coasted.reading.face.box.middle == pytest.approx((100 + 195, 200), abs=2)
    assert (coasted.id, coasted.last_t) == (1, 1.9)
    assert play([walk((100, 200), (100, 0))], [2.0], tracker) == [[seen]]


def test_between_looks_a_face_ends_where_the_picture_does_and_its_points_move_with_it() -> None:
    def leaving(t: float) -> Face:
        x = 310 - 300 * t
        points = Landmarks(*(Point(x + dx, 200) for dx in (-20, 20, 0, -15, 15)))
        return replace(face_at(x, 200), landmarks=points)

    tracker = Tracker()
    frames = blank_frames([*times(1, 10), 0.92, 1.0, 2.0])
    for frame in frames[:10]:
        tracker.update(frame, [reading_of(leaving(frame.t), State.MASK)])
    (near,), (half,), gone = (tracker.coast(frame) for frame in frames[10:])
    assert near.reading.face.landmarks is not None
    expected = [310 - 276 + dx for dx in (-20, 20, 0, -15, 15)]
    assert [point.x for point in near.reading.face.landmarks] == pytest.approx(expected, abs=2)
    assert half.reading.face.box == pytest.approx((0, 160, 50, 240), abs=8)
    assert gone == []


@pytest.mark.parametrize("every", [1, 2, 5])
def test_frames_may_be_skipped(every: int) -> None:
    at = times(4, 25)[::every]
    assert ids(play([walk((100, 200), (100, 20)), walk((500, 300))], at)) == {1, 2}


def test_one_frame_per_second_still_keeps_a_standing_person() -> None:
    assert ids(play([walk((100, 200), hidden=[(5, 6)])], times(10, 1))) == {1}


@pytest.mark.parametrize("spacing_s", [2, 5, 30, 120])
def test_however_rare_the_frames_a_standing_person_is_kept(spacing_s: float) -> None:
    unseen_once = walk((100, 200), hidden=[(8 * spacing_s, 9 * spacing_s)])
    tracks = play([unseen_once], [index * spacing_s for index in range(20)])
    assert ids(tracks) == {1}
    assert len(tracks[-1]) == 1


def test_frames_that_come_in_bursts_keep_a_standing_person() -> None:
    at = list(accumulate(islice(cycle([0.1, 0.1, 0.1, 3.0]), 60)))
    assert ids(play([walk((100, 200))], at)) == {1}


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("break_s", [10, 14 * 3600])
def test_after_a_break_without_frames_everybody_is_somebody_new(fps: float, break_s: float) -> None:
    before = times(8, fps)
    back = 8 + break_s
    tracks = play([walk((100, 200))], before + [back + t for t in times(2, fps)])
    assert ids(tracks[: len(before)]) == {1}
    assert [(track.id, track.first_t) for track in tracks[-1]] == [(2, back)]


def test_a_second_break_is_noticed_soon_after_the_first() -> None:
    at = [start + t for start in (0, 3600, 7200) for t in times(4, 10)]
    assert ids(play([walk((100, 200))], at)) == {1, 2, 3}


def test_a_short_break_soon_after_a_long_one_is_noticed_too() -> None:
    night = 14 * 3600
    at = [start + t for start, s in ((0, 8), (night, 2), (night + 300, 2)) for t in times(s, 10)]
    assert ids(play([walk((100, 200))], at)) == {1, 2, 3}


def test_a_source_that_becomes_slow_is_followed_again() -> None:
    slow = [10 + 8 * t for t in range(20)]
    tracks = play([walk((100, 200))], times(4, 25) + slow)
    assert len({track.id for frame in tracks[-10:] for track in frame}) == 1
    assert all(tracks[-10:])


def test_an_uneven_frame_rate_does_not_matter() -> None:
    at = list(accumulate(islice(cycle([0.02, 0.2, 0.04, 0.04, 0.1, 0.2, 0.02]), 60)))
    assert ids(play([walk((100, 200), (100, 20)), walk((500, 300))], at)) == {1, 2}


def test_a_time_stamp_that_jumps_back_does_not_stop_the_tracking() -> None:
    at = [*times(2, 10), 0.5, 0.6, 2.1, 2.2]
    tracks = play([walk((100, 200))], at)
    assert ids(tracks) == {1}
    assert len(tracks[-1]) == 1
    seen = [track.last_t for frame in tracks for track in frame]
    assert seen == sorted(seen)


def test_people_are_reported_from_their_confirmation_with_all_they_showed_before() -> None:
    tracks = play([walk((100, 200))], times(2, 10))
    first = next(frame for frame in tracks if frame)
    assert first[0].last_t == pytest.approx(0.3)
    assert first[0].first_t == 0.0
    assert tracks[4][0].verdict.state is State.MASK
    assert tracks[4][0].verdict.since_t == 0.0


def test_people_who_come_together_are_numbered_from_the_left() -> None:
    tracks = play([walk((400, 200), score=0.95), walk((100, 200), score=0.8)], times(1, 10))
    assert [(track.id, track.reading.face.score) for track in tracks[-1]] == [(1, 0.8), (2, 0.95)]


def test_each_tracker_counts_from_one() -> None:
    for _ in range(2):
        assert ids(play([walk((100, 200)), walk((400, 200))], times(2, 10))) == {1, 2}


def test_a_tracker_refuses_a_second_source() -> None:
    tracker = Tracker()
    tracker.update(blank_frames([0.0], source="door")[0], [])
    with pytest.raises(ValueError, match="'door', not 'gate'"):
        tracker.update(blank_frames([0.1], source="gate")[0], [])


def test_an_empty_frame_has_no_tracks() -> None:
    assert play([], times(1, 10)) == [[]] * 10


@pytest.mark.parametrize(
    "wrong", [{"floor_score": 0.7}, {"max_size_ratio": 0.5}, {"reach_sizes": -1.0}]
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"need|negative"):
        TrackerSettings(**wrong)  # type: ignore[arg-type]


WALKS = st.lists(
    st.builds(
        walk,
        st.tuples(st.integers(0, 600), st.integers(0, 400)),
        st.tuples(st.integers(-150, 150), st.integers(-50, 50)),
        size=st.integers(20, 90),
        score=st.sampled_from([0.4, 0.7, 0.9]),
        hidden=st.lists(st.tuples(st.floats(0, 3), st.floats(0, 3)), max_size=2),
    ),
    max_size=4,
)


@settings(max_examples=40, deadline=None)
@given(WALKS, st.sampled_from(RATES), st.randoms(use_true_random=False))
def test_the_order_of_the_detections_is_irrelevant(
    walks: list[Walk], fps: float, rng: random.Random
) -> None:
    at = times(3, fps)
    in_order, shuffled = play(walks, at), Tracker()
    for expected, frame in zip(in_order, blank_frames(at), strict=True):
        readings = readings_at(frame.t, walks)
        rng.shuffle(readings)
        assert shuffled.update(frame, readings) == expected


@settings(max_examples=40, deadline=None)
@given(WALKS, st.sampled_from(RATES))
def test_ids_are_unique_in_a_frame_and_count_without_gaps(walks: list[Walk], fps: float) -> None:
    tracks = play(walks, times(3, fps))
    for frame in tracks:
        numbers = [track.id for track in frame]
        assert numbers == sorted(set(numbers))
        assert len({id(track.reading) for track in frame}) == len(frame)
    assert ids(tracks) == set(range(1, len(ids(tracks)) + 1))


def test_a_time_before_the_last_frame_counts_as_no_time_passed() -> None:
    # Such as of a stream whose clock starts anew.
    tracker = Tracker()
    play([walk((100, 200), (150, 0))], [1e6 + t for t in times(2, 10)], tracker)
    assert tracker.expected_boxes(0.0) == tracker.expected_boxes(1e6 + 1.9)
    assert tracker.greatest_move(0.0, 0.1) == 0
    assert tracker.greatest_move(1e6 + 1.9, 1e6 + 2.4) > 0


def test_every_track_holds_a_reading_of_the_frame() -> None:
    readings = [
        reading_of(face_at(100, 100), State.MASK),
        reading_of(face_at(300, 100), State.MASK),
    ]
    tracker = Tracker()
    for frame in blank_frames(times(1, 10)):
        tracks = tracker.update(frame, readings)
    assert [track.reading for track in tracks] == readings
