"""What waits, in order, and what is given up when too much does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from maskwatch.runtime.monitoring.records import backlog as backlog_module
from maskwatch.runtime.monitoring.records.backlog import (
    MOST_PHOTOS,
    MOST_WAITING,
    Backlog,
    thinned_out,
)
from maskwatch.runtime.monitoring.records.chronicle import (
    CountedPeople,
    Entry,
    EpisodeOpened,
    EpisodeUpdated,
    UncertainFace,
)
from maskwatch.store.ids import new_id
from maskwatch.store.records import HealthRecord, MinuteReadings, PeopleBucket, PeopleCount
from maskwatch.types import State
from tests.runtime.monitoring.records.entries import opened, person, photo
from tests.runtime.simulated import EPOCH

OPENED = opened()
STILL = EpisodeUpdated("e", State.NO_MASK, None, 1.0, None, ())
OVER = replace(STILL, ended_at=EPOCH)
MINUTE = MinuteReadings("door", None, EPOCH, frames=1)
FACE = UncertainFace(new_id(), "door", 1, photo(), State.MASK, None)
COUNTED = CountedPeople(PeopleBucket("door", None, EPOCH, 3600, PeopleCount(mask=5)), 3)


def drained(backlog: Backlog) -> list[Entry]:
    entries = []
    while entry := backlog.head():
        entries.append(entry)
        backlog.done()
    return entries


def test_entries_wait_in_order() -> None:
    backlog = Backlog()
    assert (backlog.head(), len(backlog)) == (None, 0)
    backlog.add([OPENED, STILL])
    backlog.add([MINUTE])
    assert len(backlog) == 3
    assert drained(backlog) == [OPENED, STILL, MINUTE]
    assert backlog.given_up == 0


@pytest.mark.parametrize(
    ("entry", "stays"),
    [
        (replace(OPENED, photo=None), True),
        (OVER, True),
        (person(State.MASK), True),
        (HealthRecord.now("door", "connection", "lost"), True),
        (COUNTED, True),
        (STILL, False),
        (MINUTE, False),
        (FACE, False),
    ],
)
def test_of_too_much_only_detail_goes(entry: Entry, stays: bool) -> None:
    few, many = [entry] * MOST_WAITING, [entry] * (MOST_WAITING + 1)
    assert thinned_out(few) == (few, 0)
    assert thinned_out(many) == ((many, 0) if stays else ([], len(many)))


def test_the_oldest_photos_go_and_their_episodes_stay() -> None:
    entries = [OVER, *[OPENED] * (MOST_PHOTOS + 2), FACE]
    bare = replace(OPENED, photo=None)
    assert thinned_out(entries) == ([OVER, bare, bare, *[OPENED] * MOST_PHOTOS, FACE], 2)


def test_what_waits_too_long_is_thinned_out_but_no_episode_is_lost() -> None:
    backlog = Backlog()
    for _ in range(3000):
        backlog.add([OPENED, STILL, MINUTE, OVER])
    given_up = backlog.given_up
    waiting = drained(backlog)
    assert waiting.count(OVER) == 3000
    assert waiting.count(MINUTE) < 1000
    has_photo = [each.photo is not None for each in waiting if isinstance(each, EpisodeOpened)]
    kept = sum(has_photo[1:])
    assert MOST_PHOTOS <= kept < 250
    # What is being written is whole.
    assert has_photo == [True] + [False] * (2999 - kept) + [True] * kept
    assert given_up == 4 * 3000 - len(waiting) + 2999 - kept


def test_while_much_waits_it_is_not_looked_through_at_every_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[int] = []

    def look(entries: Sequence[Entry]) -> tuple[list[Entry], int]:
        looked.append(len(entries))
        return thinned_out(entries)

    monkeypatch.setattr(backlog_module, "thinned_out", look)
    backlog = Backlog()
    for _ in range(20_000):
        backlog.add([OVER])
    assert len(backlog) == 20_000
    assert 0 < len(looked) < 50


def test_after_a_long_time_without_a_database_no_more_waits_than_before() -> None:
    backlog = Backlog()
    backlog.add([OVER] * 10_000)
    drained(backlog)
    for _ in range(3000):
        backlog.add([MINUTE])
    assert len(backlog) <= MOST_WAITING
