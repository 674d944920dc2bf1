"""What holds of the news of a camera whatever happens before it, at any frame rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from maskwatch.events.camera import (
    CameraRules,
    CameraWatch,
    Left,
    News,
    Opened,
    Sight,
    Updated,
)
from maskwatch.events.reentry import ReentrySettings
from maskwatch.events.rule import RuleSettings
from maskwatch.testing import face_at, reading_of
from maskwatch.tracks.verdict import VoteSettings
from maskwatch.types import Fault, Frame, MaskReading, State

NOON = datetime(2026, 3, 2, 12)  # noqa: DTZ001 - local
IMAGE = np.zeros((120, 320, 3), np.uint8)
PLACES = (60.0, 240.0)
"""Where the two people of a story stand: too far apart to be taken for each other."""


@dataclass(frozen=True)
class Span:
    """What somebody shows for a while."""

    seconds: float
    states: tuple[State | None, ...]
    """In turn; None where they are not seen."""


@dataclass(frozen=True)
class Look:
    """What is seen of one person at one time."""

    t: float
    state: State | None


STATES = st.sampled_from([State.MASK, State.NO_MASK, State.INCORRECT, State.UNKNOWN, None])
SPANS = st.lists(
    st.builds(Span, st.floats(0.1, 8), st.lists(STATES, min_size=1, max_size=2).map(tuple)),
    max_size=6,
)
RULES = st.builds(
    lambda hold_s, correct_s, within_s: CameraRules(
        rule=RuleSettings(hold_s=hold_s),
        correct_s=correct_s,
        reentry=ReentrySettings(within_s=within_s),
    ),
    st.sampled_from([0.0, 1.0, 4.0]),
    st.sampled_from([0.0, 1.0, 3.0]),
    st.sampled_from([0.0, 3.0, 20.0]),
)
RATES = st.sampled_from([0.1, 0.4, 1.0, 3.0, 8.0])


def looks_at(spans: Sequence[Span], fps: float) -> list[Look]:
    """One person's story, picture by picture; where pictures are rare it takes longer."""
    looks: list[Look] = []
    for span in spans:
        for index in range(max(1, round(span.seconds * max(fps, 1)))):
            looks.append(Look(len(looks) / fps, span.states[index % len(span.states)]))
    return looks


def reading_at(x: float, state: State) -> MaskReading:
    return reading_of(
        face_at(x, 60, 30), state, Fault.NOSE_OUT if state is State.INCORRECT else None
    )


def news_of(stories: Sequence[Sequence[Look]], rules: CameraRules, fps: float) -> list[News]:
    watch = CameraWatch("door", rules)
    news: list[News] = []
    for index in range(max(map(len, stories), default=0)):
        t = index / fps
        readings = tuple(
            reading_at(x, story[index].state)
            for x, story in zip(PLACES, stories, strict=False)
            if index < len(story) and story[index].state is not None
        )
        faces = tuple(each.face for each in readings)
        sight = Sight(Frame("door", index, t, IMAGE), readings, faces, ())
        news += watch.look(sight, NOON + timedelta(seconds=t)).news
    return news + list(watch.end())


@settings(max_examples=150, deadline=None)
@given(SPANS, SPANS, RULES, RATES)
def test_each_episode_opens_and_closes_once_and_each_person_leaves_once(
    one: list[Span], two: list[Span], rules: CameraRules, fps: float
) -> None:
    open_since: dict[int, float] = {}
    episodes: dict[int, list[tuple[float, float]]] = {}
    left: set[int] = set()
    for each in news_of([looks_at(one, fps), looks_at(two, fps)], rules, fps):
        if isinstance(each, Left):
            person = each.person
            assert person.track not in left
            assert person.track not in open_since
            for start_s, end_s in episodes.get(person.track, []):
                assert person.first_t <= start_s <= end_s <= person.last_t
            left.add(person.track)
            continue
        episode = each.episode
        assert episode.track not in left
        if isinstance(each, Opened):
            assert episode.track not in open_since
            open_since[episode.track] = episode.start_s
        else:
            assert open_since[episode.track] == episode.start_s
        if isinstance(each, Updated) and each.is_over:
            del open_since[episode.track]
            before = episodes.setdefault(episode.track, [])
            assert not before or before[-1][1] <= episode.start_s
            before.append((episode.start_s, episode.end_s))
    assert open_since == {}
    assert left == set(range(1, len(left) + 1))


SOON_AGAIN = [
    Span(1.0, (State.NO_MASK,)),
    Span(1.5, (State.MASK,)),
    Span(1.0, (State.NO_MASK,)),
]
"""An episode that ends while the readings that begin the next one are in already."""


@settings(max_examples=150, deadline=None)
@given(SPANS, RULES, RATES)
@example(
    SOON_AGAIN,
    CameraRules(rule=RuleSettings(hold_s=0), correct_s=1, reentry=ReentrySettings(within_s=0)),
    8.0,
)
def test_no_episode_opens_before_enough_readings_say_so_for_long_enough(
    spans: list[Span], rules: CameraRules, fps: float
) -> None:
    looks, votes, ended_s = looks_at(spans, fps), VoteSettings(), -1.0
    for each in news_of([looks], rules, fps):
        if isinstance(each, Updated) and each.is_over:
            ended_s = each.episode.end_s
        if not isinstance(each, Opened):
            continue
        start_s, now = each.episode.start_s, each.episode.end_s
        seen = [look for look in looks if look.t <= now + 1e-6 and look.state is not None]
        lately = [look for look in seen if look.t >= now - votes.window_s - 1e-3]
        heard = max(lately, seen[-votes.min_window_readings :], key=len)
        bad = [look.t for look in heard if look.state in (State.NO_MASK, State.INCORRECT)]
        assert len(bad) >= votes.min_readings
        if start_s == ended_s:  # it cannot begin before the one before it has ended
            start_s = bad[0]
        assert bad[-1] - start_s >= max(votes.min_change_s, rules.rule.hold_s) - 1e-3


@settings(max_examples=100, deadline=None)
@given(SPANS, RATES)
def test_who_is_missed_by_a_single_look_stays_the_same_person(
    spans: list[Span], fps: float
) -> None:
    there = [Span(each.seconds, (State.MASK,)) for each in spans]
    looks = [
        Look(look.t, None if index % 7 == 5 else look.state)
        for index, look in enumerate(looks_at(there, fps))
    ]
    rules = CameraRules(reentry=ReentrySettings(within_s=0))
    people = {each.person.track for each in news_of([looks], rules, fps) if isinstance(each, Left)}
    assert len(people) <= 1
