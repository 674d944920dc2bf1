"""The rules of a camera on scripted readings: what becomes an episode, and from when."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import numpy as np
import pytest

from maskwatch.events.camera import (
    CameraRules,
    CameraWatch,
    Left,
    News,
    Opened,
    Sight,
    Updated,
)
from maskwatch.events.episodes import EpisodeLog
from maskwatch.events.reentry import ReentrySettings
from maskwatch.events.rule import RuleSettings
from maskwatch.events.schedule import Exemption, Hours, Schedule
from maskwatch.events.zones import Zone, ZoneMap
from maskwatch.testing import face_at, reading_of
from maskwatch.types import Episode, Fault, Frame, MaskReading, State, StateProbabilities

FACE = face_at(330, 140)
MASK = reading_of(FACE, State.MASK, confidence=0.98)
BARE = reading_of(FACE, State.NO_MASK, confidence=0.9)
NOSE = reading_of(FACE, State.INCORRECT, confidence=0.9)
UNSURE = reading_of(FACE, State.UNKNOWN)
NOON = datetime(2026, 3, 2, 12)  # noqa: DTZ001 - local
IMAGE = np.zeros((360, 640, 3), np.uint8)

RATES = [1, 2, 3, 4, 5, 8, 10, 15, 25]
Span = tuple[float, Sequence[MaskReading | None]]
"""Seconds, and the readings that alternate during them; None where the person is not seen."""


def covered(percent: float) -> MaskReading:
    """A reading as ``mask`` or ``no_mask``, whichever is likelier, of this coverage."""
    state = State.MASK if percent >= 50 else State.NO_MASK
    mask = percent / 100
    return replace(reading_of(FACE, state), probabilities=StateProbabilities(mask, 0, 1 - mask))


def tell(
    fps: float,
    *spans: Span,
    rules: CameraRules | None = None,
    phase: float = 0.0,
    glances: bool = False,
) -> list[tuple[float, News]]:
    """The news of a story, with the time of the picture that led to each.

    Args:
        fps: pictures per second.
        spans: see there.
        rules: of the camera.
        phase: by what share of the time between two pictures the first is late.
        glances: whether only people are looked at where that will do, instead of everywhere.
    """
    watch = CameraWatch("door", rules or CameraRules())
    news: list[tuple[float, News]] = []
    index, end = 0, 0.0
    for seconds, readings in spans:
        end += seconds
        while (t := (index + phase) / fps) < end - 1e-9:
            reading = readings[index % len(readings)]
            seen = () if reading is None else (reading,)
            faces = tuple(each.face for each in seen)
            is_whole = not glances or watch.expected_boxes(t) is None
            sight = Sight(Frame("door", index, t, IMAGE), seen, faces, (), is_whole)
            found = watch.look(sight, NOON + timedelta(seconds=t)).news
            news += [(t, each) for each in found]
            index += 1
    return news + [(end, each) for each in watch.end()]


def opened(news: Sequence[tuple[float, News]]) -> list[tuple[float, Opened]]:
    return [(t, each) for t, each in news if isinstance(each, Opened)]


def closed(news: Sequence[tuple[float, News]]) -> list[Updated]:
    return [each for _, each in news if isinstance(each, Updated) and each.is_over]


def left(news: Sequence[tuple[float, News]]) -> list[Left]:
    return [each for _, each in news if isinstance(each, Left)]


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("hand_s", [0.3, 0.5, 0.6])
@pytest.mark.parametrize("hand", [BARE, NOSE, covered(60)], ids=["bare", "nose", "half"])
def test_a_hand_before_the_mask_is_no_episode(fps: float, hand_s: float, hand: MaskReading) -> None:
    before_s = max(1.5, 5 / fps)
    for phase in (0.0, 0.2, 0.4, 0.6, 0.8):
        news = tell(fps, (before_s, [MASK]), (hand_s, [hand]), (before_s, [MASK]), phase=phase)
        assert opened(news) == []
        assert [each.person.state for _, each in news if isinstance(each, Left)] == [State.MASK]


@pytest.mark.parametrize("fps", RATES)
def test_one_picture_is_no_episode(fps: float) -> None:
    assert opened(tell(fps, (5, [MASK]), (1 / fps, [BARE]), (5, [MASK]))) == []


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("bad", [BARE, NOSE, covered(60)], ids=["bare", "nose", "half"])
def test_a_mask_taken_off_is_an_episode_as_soon_as_it_has_held(
    fps: float, bad: MaskReading
) -> None:
    for phase in (0.0, 0.4, 0.8):
        news = tell(fps, (6, [MASK]), (max(2, 4 / fps), [bad]), phase=phase)
        ((at, episode),) = opened(news)
        # At least three readings say so, however rare pictures are.
        assert at <= 6 + max(1 + 1 / fps, 3 / fps) + 1e-6
        assert 6 <= episode.episode.start_s <= 6 + 1 / fps
        assert episode.photo is not None


@pytest.mark.parametrize("fps", [10, 25])
def test_a_mask_pulled_down_is_an_episode_within_a_second_and_a_half(fps: float) -> None:
    news = tell(fps, (4, [MASK]), (1, [BARE, UNSURE]), (1, [BARE]))
    ((at, _),) = opened(news)
    assert at <= 5.5


@pytest.mark.parametrize("fps", RATES)
def test_who_comes_without_a_mask_is_in_violation_from_the_first_look_at_them(fps: float) -> None:
    ((at, episode),) = opened(tell(fps, (3, [None]), (8, [BARE])))
    assert at <= 3 + max(1 + 1 / fps, 3 / fps) + 1e-6
    assert 3 <= episode.episode.start_s <= 3 + 1 / fps


@pytest.mark.parametrize("fps", [5, 10, 25])
def test_a_coverage_that_hovers_around_the_limit_changes_nothing(fps: float) -> None:
    hovering = (20.0, [covered(74), covered(86)])
    assert opened(tell(fps, (3, [MASK]), hovering)) == []
    news = tell(fps, (3, [BARE]), hovering)
    assert len(opened(news)) == 1
    (over,) = closed(news)
    assert over.episode.end_s > 22


@pytest.mark.parametrize("fps", [5, 10, 25])
def test_a_longer_hold_is_waited_for_and_begins_anew_after_a_correction(fps: float) -> None:
    patient = CameraRules(rule=RuleSettings(hold_s=4))
    assert opened(tell(fps, (3, [MASK]), (3.8, [BARE]), (5, [MASK]), rules=patient)) == []
    ((at, episode),) = opened(tell(fps, (3, [MASK]), (6, [BARE]), rules=patient))
    assert at == pytest.approx(7, abs=1 / fps)
    assert episode.episode.start_s == pytest.approx(3)


@pytest.mark.parametrize("fps", [5, 10, 25])
def test_what_had_not_held_when_somebody_left_must_hold_anew_when_they_are_back(fps: float) -> None:
    news = tell(fps, (0.9, [BARE]), (8, [None]), (0.7, [BARE]), (6, [MASK]))
    assert opened(news) == []
    assert [each.person.state for _, each in news if isinstance(each, Left)] == [State.MASK]


@pytest.mark.parametrize("hold_s", [0, 1])
def test_an_open_episode_goes_on_when_somebody_is_back(hold_s: float) -> None:
    rules = CameraRules(rule=RuleSettings(hold_s=hold_s))
    news = tell(10, (4, [BARE]), (8, [None]), (4, [BARE]), rules=rules)
    assert len(opened(news)) == 1
    (over,) = closed(news)
    assert over.episode.end_s > 15


@pytest.mark.parametrize("fps", [5, 10, 25])
def test_a_mask_held_before_the_face_for_a_moment_does_not_split_the_episode(fps: float) -> None:
    news = tell(fps, (4, [BARE]), (0.8, [MASK]), (5, [BARE]))
    assert len(opened(news)) == 1
    (over,) = closed(news)
    assert over.episode.end_s > 9


@pytest.mark.parametrize("fps", [5, 10, 25])
def test_a_mask_put_on_again_ends_the_episode_once_it_has_been_worn(fps: float) -> None:
    news = tell(fps, (4, [BARE]), (6, [MASK]))
    (over,) = closed(news)
    assert not over.episode.ongoing
    assert 5 <= over.episode.end_s <= 6.5


def coverages(news: Sequence[tuple[float, News]]) -> list[float | None]:
    """Those told of episodes, in order."""
    return [each.coverage for _, each in news if isinstance(each, Opened | Updated)]


@pytest.mark.parametrize("fps", [5, 10])
def test_the_coverage_of_an_episode_is_the_lowest_and_not_that_of_its_end(fps: float) -> None:
    news = tell(fps, (4, [MASK]), (7, [covered(1)]), (6, [MASK]))
    first, *later = coverages(news)
    assert first is not None
    assert 1 <= first < 40  # there are readings of the mask among those of the last second
    assert len(later) == 2
    assert later == pytest.approx([1, 1])


def test_the_coverage_of_one_episode_is_not_that_of_another_before_it() -> None:
    half = covered(55)
    news = tell(10, (3, [covered(1)]), (5, [MASK]), (4, [half]), (5, [MASK]))
    assert [each.coverage for each in closed(news)] == pytest.approx([1, 55])


def test_nothing_is_kept_of_those_who_are_gone_however_many_come_while_no_mask_is_required() -> (
    None
):
    """A hall that is never empty: people overlap, two at a time, and each is there for 4 s."""
    never = Schedule((Hours(days=frozenset()),))
    rules = CameraRules(schedule=never, reentry=ReentrySettings(within_s=0))
    watch = CameraWatch("hall", rules)
    sizes = []
    for index in range(8 * 240):
        t = index / 8
        visits = {int(t // 2), int(t // 2) - 1}
        readings = tuple(
            reading_of(face_at(40 + 90 * (v % 7), 140, 40), BARE.state) for v in visits
        )
        faces = tuple(each.face for each in readings)
        watch.look(Sight(Frame("hall", index, t, IMAGE), readings, faces, ()), NOON)
        sizes.append(len(pickle.dumps([watch._rule, watch._book, watch._people, watch._log])))
    assert watch.next_person > 100
    assert max(sizes[-200:]) < 1.2 * max(sizes[400:600])


def test_what_was_seen_while_no_mask_was_required_is_not_the_coverage_of_an_episode() -> None:
    begins = Hours(start=time(12, 0, 5), end=time(18))
    rules = CameraRules(schedule=Schedule((begins,)))
    news = tell(10, (3, [covered(1)]), (6, [covered(55)]), rules=rules)
    assert [each.coverage for each in closed(news)] == pytest.approx([55])


@pytest.mark.parametrize("fps", RATES)
def test_a_violation_must_hold_from_when_a_mask_is_required(fps: float) -> None:
    begins = Hours(start=time(12, 0, 6), end=time(18))
    rules = CameraRules(schedule=Schedule((begins,)))
    ((at, episode),) = opened(tell(fps, (12, [BARE]), rules=rules))
    assert 6 <= episode.episode.start_s < 6 + 1 / fps
    assert 7 <= at < 7 + 2 / fps


BORDER = 0.5
LEFT_HALF = ((0.0, 0.0), (BORDER, 0.0), (BORDER, 1.0), (0.0, 1.0))
CANTEEN = CameraRules(
    zones=ZoneMap(
        (
            Zone("canteen", LEFT_HALF),
            Zone("hall", ((BORDER, 0), (1, 0), (1, 1), (BORDER, 1))),
        )
    ),
    exemptions=(Exemption("meals", frozenset({"canteen"})),),
)


def at_share(x: float, state: State, confidence: float = 0.9) -> MaskReading:
    """A reading at a share of the picture's width."""
    return reading_of(face_at(640 * x, 140), state, confidence=confidence)


EATING = at_share(BORDER - 0.01, State.NO_MASK, 0.99)
WALKING = at_share(BORDER + 0.01, State.NO_MASK, 0.8)


@pytest.mark.parametrize("hold_s", [0, 1])
@pytest.mark.parametrize("fps", RATES)
def test_one_step_out_of_an_exempt_zone_is_no_episode(fps: float, hold_s: float) -> None:
    rules = replace(CANTEEN, rule=RuleSettings(hold_s=hold_s))
    news = tell(fps, (8, [EATING]), (1 / fps, [WALKING]), (8, [EATING]), rules=rules)
    assert opened(news) == []


@pytest.mark.parametrize("fps", RATES)
def test_one_step_into_an_exempt_zone_does_not_let_the_hold_begin_anew(fps: float) -> None:
    rules = replace(CANTEEN, rule=RuleSettings(hold_s=8))
    news = tell(fps, (5, [WALKING]), (1 / fps, [EATING]), (9, [WALKING]), rules=rules)
    ((at, episode),) = opened(news)
    assert (episode.episode.start_s, at) == (0, pytest.approx(8, abs=1 / fps))
    assert episode.photo is not None
    assert episode.photo.frame.t < 5
    stayed = tell(fps, (5, [WALKING]), (3, [EATING]), (12, [WALKING]), rules=rules)
    assert [at for at, _ in opened(stayed)] == pytest.approx([16], abs=1 / fps)


@pytest.mark.parametrize("fps", RATES)
def test_who_walks_out_of_an_exempt_zone_is_shown_where_a_mask_was_required(fps: float) -> None:
    ((_, episode),) = opened(tell(fps, (8, [EATING]), (8, [WALKING]), rules=CANTEEN))
    assert episode.zone == "hall"
    assert episode.photo is not None
    assert episode.photo.frame.t >= episode.episode.start_s >= 8


def test_who_was_only_glanced_at_before_a_mask_was_required_has_a_photo_all_the_same() -> None:
    watch = CameraWatch("door", replace(CANTEEN, rule=RuleSettings(hold_s=0)))
    whole: list[float] = []
    begun: list[Opened] = []
    for t in (index / 10 for index in range(80)):
        reading = EATING if t < 5 else WALKING
        is_whole = watch.expected_boxes(t) is None
        whole += [t] if is_whole else []
        frame = Frame("door", round(10 * t), t, IMAGE)
        sight = Sight(frame, (reading,), (reading.face,), (), is_whole)
        news = watch.look(sight, NOON + timedelta(seconds=t)).news
        begun += [each for each in news if isinstance(each, Opened)]
    (episode,) = begun
    assert episode.photo is not None
    assert [t for t in whole if t >= 2] == [episode.photo.frame.t] == [5.1]


def test_who_goes_where_no_mask_is_required_has_ended_the_episode_by_that() -> None:
    news = tell(10, (4, [WALKING]), (60, [EATING]), rules=CANTEEN)
    ((at, over),) = [(t, each) for t, each in news if isinstance(each, Updated) and each.is_over]
    assert (over.episode.end_s, over.episode.ongoing) == (pytest.approx(3.9), False)
    assert at < 31
    (person,) = left(news)
    assert person.person.state is State.NO_MASK
    assert person.person.last_t > 60


def test_who_is_back_soon_from_where_no_mask_is_required_goes_on_with_the_episode() -> None:
    news = tell(10, (4, [WALKING]), (10, [EATING]), (4, [WALKING]), rules=CANTEEN)
    assert len(opened(news)) == 1
    (over,) = closed(news)
    assert over.episode.end_s > 17


def test_when_the_required_hours_are_over_so_are_the_episodes() -> None:
    rules = CameraRules(schedule=Schedule((Hours(start=time(7), end=time(12, 0, 10)),)))
    (over,) = closed(tell(10, (60, [BARE]), rules=rules))
    assert over.episode.end_s == pytest.approx(9.9)


def test_people_are_counted_by_what_they_did_where_a_mask_was_required() -> None:
    masked, turned = (at_share(BORDER - 0.01, each) for each in (State.MASK, State.UNKNOWN))
    gone = at_share(BORDER + 0.01, State.UNKNOWN)
    (person,) = left(tell(10, (5, [masked]), (4, [turned]), (2, [gone]), rules=CANTEEN))
    assert (person.person.state, person.zone) == (State.UNKNOWN, "hall")


def test_people_are_counted_where_they_were_most_of_the_time() -> None:
    rules = replace(CANTEEN, exemptions=())
    here, there = at_share(BORDER - 0.01, State.MASK), at_share(BORDER + 0.01, State.MASK)
    assert [each.zone for each in left(tell(10, (5, [here]), (2, [there]), rules=rules))] == [
        "canteen"
    ]


@pytest.mark.parametrize("fps", [1, 2, 10])
def test_who_is_back_in_time_but_confirmed_later_is_counted_once_with_one_episode(
    fps: float,
) -> None:
    news = tell(fps, (4, [BARE]), (20 - 1 / fps, [None]), (8, [BARE]))
    assert len(opened(news)) == len(closed(news)) == len(left(news)) == 1


def test_who_may_not_come_back_is_still_the_same_person_after_a_moment() -> None:
    rules = CameraRules(reentry=ReentrySettings(within_s=0))
    news = tell(10, (4, [BARE]), (1.2, [None]), (4, [BARE]), rules=rules)
    assert len(opened(news)) == len(closed(news)) == len(left(news)) == 1


def test_while_an_episode_is_open_no_more_pictures_are_kept_for_it() -> None:
    packed: list[int] = []

    def pack(frame: Frame) -> Frame:
        packed.append(frame.index)
        return frame

    watch = CameraWatch("door", CameraRules(), pack=pack)
    for index in range(100):
        sight = Sight(Frame("door", index, index / 10, IMAGE), (BARE,), (FACE,), ())
        watch.look(sight, NOON + timedelta(seconds=index / 10))
    assert packed == []


def test_the_timeline_begins_shortly_before_the_episode_and_gets_thinner_with_time() -> None:
    news = tell(10, (30, [MASK]), (120, [BARE]))
    ((_, episode),) = opened(news)
    assert 26 <= episode.timeline[0].t < 30
    told = {
        t: len(each.timeline) for t, each in news if isinstance(each, Updated) and not each.is_over
    }
    assert all(n == pytest.approx(10, abs=1) for t, n in told.items() if t < 90)
    assert all(n <= 2 for t, n in told.items() if t > 97)


def test_a_face_that_stays_as_on_a_poster_leaves_no_endless_timeline() -> None:
    news = tell(0.1, (10 * 3600, [BARE]))
    told = {
        t: len(each.timeline) for t, each in news if isinstance(each, Updated) and not each.is_over
    }
    later = sum(n for t, n in told.items() if t > 5 * 3600)
    assert 300 < later < 400  # of 1800 looks, and as many in the ten hours that follow


def test_evidence_is_added_up_for_news_alone_and_not_at_every_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Episode] = []

    def ongoing(log: EpisodeLog, *which: Any) -> list[Episode]:
        made.extend(found := original(log, *which))
        return found

    original = EpisodeLog.ongoing
    monkeypatch.setattr(EpisodeLog, "ongoing", ongoing)
    news = tell(10, (20, [BARE]))
    assert len(made) == len(opened(news)) + sum(
        isinstance(each, Updated) and not each.is_over for _, each in news
    )


def test_a_mask_is_required_somewhere_if_only_one_zone_asks_for_it() -> None:
    never = Schedule((Hours(days=frozenset()),))
    rules = replace(CANTEEN, schedule=never, zone_schedules={"hall": Schedule()}, exemptions=())
    assert rules.required_somewhere(NOON)
    assert not replace(rules, zone_schedules={}).required_somewhere(NOON)


def test_what_holds_where_nobody_is_judged_or_has_to_wear_a_mask_requires_none() -> None:
    never = Schedule((Hours(days=frozenset()),))
    own_hours = replace(CANTEEN, zone_schedules={"hall": never, "canteen": never}, exemptions=())
    assert not own_hours.required_somewhere(NOON)
    left_out = Zone("mirror", LEFT_HALF, excluded=True)
    mirror = CameraRules(ZoneMap((left_out,)), never, zone_schedules={"mirror": Schedule()})
    assert not mirror.required_somewhere(NOON)
    assert not CameraRules(exemptions=(Exemption("drill"),)).required_somewhere(NOON)


@pytest.mark.parametrize("fps", [4, 8, 15])
@pytest.mark.parametrize("hold_s", [0, 1, 5])
@pytest.mark.parametrize(("percent", "limit"), [(10, 80), (56, 80), (70, 80), (85, 90)])
def test_every_violation_has_a_photo_also_above_half_of_the_coverage(
    fps: float, hold_s: float, percent: float, limit: float
) -> None:
    rules = CameraRules(rule=RuleSettings(limit, hold_s))
    for phase in (0.0, 0.3, 0.7):
        story = (12, [covered(percent)])
        ((_, episode),) = opened(tell(fps, story, rules=rules, phase=phase, glances=True))
        assert episode.photo is not None


@pytest.mark.parametrize("fps", [4, 8, 15])
@pytest.mark.parametrize("between", [UNSURE, None], ids=["turned away", "out of sight"])
def test_the_photo_is_of_the_violation_that_is_told_however_clear_an_earlier_one_was(
    fps: float, between: MaskReading | None
) -> None:
    clear, later = replace(BARE, quality=0.95), replace(BARE, quality=0.4)
    for phase in (0.0, 0.3, 0.7):
        story = [(0.6, [clear]), (18, [between]), (6, [later])]
        for glances in (False, True):
            ((_, episode),) = opened(tell(fps, *story, phase=phase, glances=glances))
            assert episode.episode.start_s >= 18
            assert episode.photo is not None
            assert episode.photo.frame.t >= 18


def test_a_mask_under_the_limit_is_told_as_worn_incorrectly_whatever_one_picture_shows() -> None:
    half = covered(70)
    news = tell(5, (10, [half]), (0.2, [replace(BARE, quality=0.3)]), (10, [half]))
    as_told = State.INCORRECT, Fault.OTHER
    ((_, first),) = opened(news)
    assert first.photo is not None
    told = [first.episode, first.photo.faces[0], *(each.episode for each in closed(news))]
    told += [each.person for each in left(news)]
    assert [(each.state, each.fault) for each in told] == [as_told] * 4
    assert len(first.photo.faces) == 1


def test_one_doubtful_face_of_each_person_is_proposed_for_a_label_if_it_is_seen_well() -> None:
    def proposed(quality: float, rules: CameraRules | None = None) -> list[float]:
        watch = CameraWatch("door", rules or CameraRules())
        doubtful = replace(covered(60), quality=quality)
        found = []
        for index in range(50):
            sight = Sight(Frame("door", index, index / 10, IMAGE), (doubtful,), (FACE,), ())
            watched = watch.look(sight, NOON + timedelta(seconds=index / 10))
            found += [] if watched.uncertain is None else [watched.uncertain.frame.t]
        return found

    assert len(proposed(0.5)) == 1
    assert proposed(0.3) == []
    # Whose face is nobody's business.
    assert proposed(0.5, CameraRules(exemptions=(Exemption("drill"),))) == []
    never = Schedule((Hours(days=frozenset()),))
    assert proposed(0.5, CameraRules(schedule=never)) == []
