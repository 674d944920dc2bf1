from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwatch.events.episodes import EpisodeLog, EpisodeSettings
from maskwatch.testing import reading_of
from maskwatch.types import Fault, MaskReading, State, Verdict
from tests.events.stories import (
    BARE,
    CHIN,
    FACE,
    MASK,
    NOSE,
    UNSURE,
    Span,
    log_of,
    tell,
    track_of,
)

RATES = [5, 10, 25, 30]


VOTE_S = 0.45
"""Half of the time within which a vote turns, at any frame rate."""


def proven_after(corrected_s: float) -> float:
    """The middle of the span in which a correction counts: after a vote and the grace period."""
    return corrected_s + VOTE_S + EpisodeSettings().correct_s


@pytest.mark.parametrize("fps", RATES)
def test_an_episode_lasts_from_the_first_evidence_until_the_correction_has_lasted(
    fps: float,
) -> None:
    (episode,) = log_of(tell(fps, (3, MASK), (4, BARE), (5, MASK)), fps)
    assert episode.start_s == pytest.approx(3, abs=1e-6)
    assert proven_after(7) == pytest.approx(episode.end_s, abs=VOTE_S)
    assert (episode.state, episode.fault, episode.track) == (State.NO_MASK, None, 1)
    assert not episode.ongoing


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("gesture", [BARE, NOSE, CHIN, UNSURE])
def test_half_a_second_is_no_episode(fps: float, gesture: MaskReading) -> None:
    assert log_of(tell(fps, (3, MASK), (0.5, gesture), (5, MASK)), fps) == []


@pytest.mark.parametrize("fps", RATES)
def test_one_who_never_wears_a_mask_has_one_ongoing_episode(fps: float) -> None:
    (episode,) = log_of(tell(fps, (8, BARE)), fps)
    assert episode.start_s == 0.0
    assert episode.end_s == pytest.approx(8 - 1 / fps)
    assert episode.ongoing


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize(
    ("pause_s", "episodes"),
    [(0.6, 1), (1.0, 1), (3.0, 2)],
    ids=["too short to be believed", "within grace", "a real correction"],
)
def test_a_short_correction_does_not_end_an_episode(
    fps: float, pause_s: float, episodes: int
) -> None:
    found = log_of(tell(fps, (3, BARE), (pause_s, MASK), (3, BARE)), fps)
    assert len(found) == episodes
    assert found[0].start_s == 0.0
    assert found[-1].ongoing
    assert found[-1].end_s == pytest.approx(6 + pause_s, abs=0.25)


@pytest.mark.parametrize("fps", RATES)
def test_two_episodes_of_one_person_do_not_overlap(fps: float) -> None:
    first, second = log_of(tell(fps, (2, MASK), (3, NOSE), (4, MASK), (3, CHIN)), fps)
    assert first.start_s == pytest.approx(2)
    assert proven_after(5) == pytest.approx(first.end_s, abs=VOTE_S)
    assert first.end_s < second.start_s
    assert (first.fault, second.fault) == (Fault.NOSE_OUT, Fault.UNDER_CHIN)
    assert second.start_s == pytest.approx(9)


@pytest.mark.parametrize("fps", RATES)
def test_a_change_of_the_violation_does_not_end_it(fps: float) -> None:
    (episode,) = log_of(tell(fps, (2, NOSE), (5, BARE), (2, CHIN)), fps)
    assert (episode.state, episode.fault) == (State.NO_MASK, None)
    (episode,) = log_of(tell(fps, (2, NOSE), (3, BARE), (4, CHIN)), fps)
    assert (episode.state, episode.fault) == (State.INCORRECT, Fault.UNDER_CHIN)


@pytest.mark.parametrize("fps", RATES)
def test_not_being_able_to_tell_is_no_correction(fps: float) -> None:
    (episode,) = log_of(tell(fps, (3, BARE), (4, UNSURE), (3, BARE)), fps)
    assert episode.start_s == 0.0
    (episode,) = log_of(tell(fps, (3, BARE), (4, UNSURE), (3, MASK)), fps)
    assert proven_after(7) == pytest.approx(episode.end_s, abs=VOTE_S)
    assert log_of(tell(fps, (6, UNSURE)), fps) == []


@pytest.mark.parametrize("fps", RATES)
def test_one_who_leaves_ends_the_episode_when_last_seen(fps: float) -> None:
    (episode,) = log_of(tell(fps, (3, BARE), (5, None)), fps)
    assert episode.end_s == pytest.approx(3 - 1 / fps)
    assert not episode.ongoing


def test_one_who_is_unseen_for_a_moment_goes_on_with_the_episode() -> None:
    (episode,) = log_of(tell(10, (3, BARE), (1.5, None), (3, BARE)), 10)
    assert (episode.start_s, episode.end_s) == pytest.approx((0, 7.4))


def test_an_episode_is_handed_over_when_it_is_certain_that_it_ended() -> None:
    log, handed_at = EpisodeLog("door"), []
    for index, tracks in enumerate(tell(10, (2, BARE), (6, MASK))):
        if log.update(index, index / 10, tracks):
            handed_at.append(index / 10)
    # Corrected at 2.0 s, believed within 1.2 s, and 1 s of grace.
    assert len(handed_at) == 1
    assert 3.6 <= handed_at[0] <= 4.3
    assert log.close(8.0) == []


def test_what_is_going_on_can_be_asked_at_any_time() -> None:
    log = EpisodeLog("door")
    seen = []
    for index, tracks in enumerate(tell(10, (2, MASK), (3, NOSE), (3, MASK))):
        log.update(index, index / 10, tracks)
        seen.append(
            [(each.start_s, each.end_s, each.ongoing) for each in log.ongoing(log.open_since())]
        )
    assert seen[20] == []
    assert seen[45] == [(2.0, 4.5, True)]
    assert seen[62] == []  # corrected, and to be believed in half a second
    assert seen[-1] == []


def test_the_best_frame_is_the_clearest_violation() -> None:
    def bare(quality: float, confidence: float) -> MaskReading:
        return reading_of(FACE, State.NO_MASK, quality=quality, confidence=confidence)

    frames = tell(
        10,
        (1, bare(0.5, 0.9)),
        (0.1, bare(0.9, 0.5)),  # frame 10: sharp, not sure
        (0.1, bare(0.8, 0.9)),  # frame 11: sharp and sure
        (1, bare(0.5, 0.9)),
        (0.1, reading_of(FACE, State.MASK, quality=1.0, confidence=1.0)),
        (1, bare(0.5, 0.9)),
    )
    (episode,) = log_of(frames, 10)
    assert episode.best_frame == 11


def test_the_best_frame_may_precede_the_verdict() -> None:
    clear = reading_of(FACE, State.NO_MASK, quality=1.0)
    dim = reading_of(FACE, State.NO_MASK, quality=0.4)
    (episode,) = log_of(tell(10, (3, MASK), (0.1, clear), (3, dim)), 10)
    assert episode.best_frame == 30


def test_evidence_of_an_older_gesture_is_not_part_of_an_episode() -> None:
    clear = reading_of(FACE, State.NO_MASK, quality=1.0)
    dim = reading_of(FACE, State.NO_MASK, quality=0.5)
    (episode,) = log_of(tell(10, (2, MASK), (0.3, clear), (1.7, MASK), (3, dim)), 10)
    assert episode.best_frame >= 40


def test_a_verdict_without_a_violating_reading_still_names_a_frame() -> None:
    log = EpisodeLog("door")
    verdict = Verdict(State.INCORRECT, Fault.CHIN_OUT, since_t=4.0)
    log.update(40, 4.0, [track_of(MASK, verdict, 4.0)])
    (episode,) = log.close(4.0)
    assert (episode.state, episode.fault) == (State.INCORRECT, Fault.CHIN_OUT)
    assert (episode.best_frame, episode.start_s, episode.end_s) == (40, 4.0, 4.0)


def test_what_is_shown_after_a_correction_is_not_part_of_the_episode() -> None:
    clear = reading_of(FACE, State.NO_MASK, quality=1.0)
    dim = reading_of(FACE, State.NO_MASK, quality=0.5)
    (episode,) = log_of(tell(10, (3, dim), (1, MASK), (0.1, clear), (3, MASK)), 10)
    assert episode.best_frame < 30


def test_what_is_shown_after_a_correction_is_no_part_however_long_a_correction_takes() -> None:
    clear = reading_of(FACE, State.NO_MASK, quality=1.0)
    dim = reading_of(FACE, State.NO_MASK, quality=0.5)
    log, found = EpisodeLog("door", EpisodeSettings(correct_s=10.0)), []
    story = tell(10, (3, dim), (1, MASK), (0.1, clear), (15, MASK))
    for index, tracks in enumerate(story):
        found += log.update(index, index / 10, tracks)
    (episode,) = found
    assert episode.best_frame < 30
    assert 13 < episode.end_s < 15


def test_who_was_not_in_the_last_of_rare_pictures_does_not_go_on() -> None:
    (episode,) = log_of(tell(0.2, (40, BARE), (5, None)), 0.2)
    assert (episode.end_s, episode.ongoing) == (35, False)


def test_one_who_puts_the_mask_on_and_leaves_ends_the_episode_when_last_seen() -> None:
    (episode,) = log_of(tell(10, (3, BARE), (1.2, MASK), (5, None)), 10)
    assert episode.end_s == pytest.approx(4.1)


def test_nobody_is_gone_after_a_single_look_without_them_however_rare_looks_are() -> None:
    (episode,) = log_of(tell(0.2, (40, BARE), (5, None), (40, BARE)), 0.2)
    assert (episode.start_s, episode.end_s, episode.ongoing) == (0, 80, True)


def test_the_state_that_weighs_most_counts_though_its_faults_are_many() -> None:
    (episode,) = log_of(tell(10, (2.2, NOSE), (3, BARE), (2.2, CHIN)), 10)
    assert episode.state is State.INCORRECT


def test_everybody_has_episodes_of_their_own() -> None:
    one, two = tell(10, (6, BARE), number=1), tell(10, (3, MASK), (3, NOSE), number=2)
    found = log_of([a + b for a, b in zip(one, two, strict=True)], 10)
    assert [(each.track, each.state) for each in found] == [
        (1, State.NO_MASK),
        (2, State.INCORRECT),
    ]
    assert {each.source for each in found} == {"door"}


def test_a_closed_log_is_empty() -> None:
    log = EpisodeLog("door")
    for index, tracks in enumerate(tell(10, (3, BARE))):
        log.update(index, index / 10, tracks)
    assert len(log.close(3.0)) == 1
    assert log.close(3.0) == []
    assert log.ongoing(log.open_since()) == []


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        EpisodeSettings(correct_s=-1)


# A tracker gives nobody's id again after a longer absence than 1.5 s.
SPANS = st.lists(
    st.one_of(
        st.tuples(st.floats(0.1, 3), st.sampled_from([MASK, BARE, NOSE, CHIN, UNSURE])),
        st.tuples(st.floats(0.05, 0.2), st.none()),
    ),
    max_size=8,
)


@settings(deadline=None)
@given(SPANS, st.sampled_from(RATES))
def test_episodes_lie_within_the_story_one_after_the_other(spans: list[Span], fps: float) -> None:
    frames = tell(fps, *spans)
    found = log_of(frames, fps)
    for episode in found:
        assert 0 <= episode.start_s <= episode.end_s <= len(frames) / fps
        shown = frames[episode.best_frame][0].reading
        assert shown.state.is_violation
        assert episode.start_s <= episode.best_frame / fps + 1e-9
        assert episode.best_frame / fps <= episode.end_s + 1e-9
    for before, after in pairwise(found):
        assert before.end_s <= after.start_s
        assert not before.ongoing


def test_an_episode_of_hours_takes_no_more_memory_than_one_of_seconds() -> None:
    log, voter_frames = EpisodeLog("door"), tell(8, (4, BARE), (6, NOSE))
    for index, tracks in enumerate(voter_frames):
        log.update(index, index / 8, tracks)
    last = voter_frames[-1][0]
    for index in range(len(voter_frames), 8 * 3600):
        t = index / 8
        log.update(index, t, [replace(last, last_t=t)])
    (case,) = log._cases.values()
    assert len(case.evidence) <= 8 * 5 + 1
    (episode,) = log.ongoing(log.open_since())
    assert (episode.state, episode.fault) == (State.INCORRECT, Fault.NOSE_OUT)
    assert episode.start_s == 0.0
